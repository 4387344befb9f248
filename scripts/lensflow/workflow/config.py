"""The configuration: laid over the recipes, checked, and completed with defaults.

Everything that can be wrong is said before any job runs, in terms of what was received, what was
expected and what to do.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from lensflow.errors import ConfigError
from lensflow.experiment import Dataset, Experiment
from lensflow.experiment.datasets import NOT_OF_IMAGES
from lensflow.workflow.bands import check_bands
from lensflow.workflow.choices import check_experiments, check_presets
from lensflow.workflow.completeness import check_completeness
from lensflow.workflow.effects import check_effects
from lensflow.workflow.names import check_names, check_references
from lensflow.workflow.outside_files import check_datasets, check_sources, check_waited_for
from lensflow.workflow.recipes import RECIPE_FOLDER, lay_over_recipes, needed_part, read_recipes
from lensflow.workflow.schema import defaults, fill_defaults


def complete(config: Mapping, folder: Path = RECIPE_FOLDER) -> dict:
    """Lay a configuration over the recipes, check it, and fill in the defaults.

    Parameters
    ----------
    config : mapping
        The parsed config.yaml.
    folder : Path
        Holds the recipes.

    Returns
    -------
    dict
        A copy that holds every key of the schema. Of the recipes it holds what ``run`` and the
        configuration's own entries name.

    Raises
    ------
    ConfigError
        With every mistake that was found, one a line.
    """
    known = lay_over_recipes(config, read_recipes(folder))
    config = needed_part(known, config)
    _raise(fill_defaults(config))
    named = [*check_names(config), *check_references(config, known)]
    _raise([*named, *check_presets(config), *check_bands(config)])
    _raise([*check_datasets(config)])
    problems = [*check_experiments(config), *check_effects(config)]
    _raise([*problems, *check_completeness(config), *check_sources(config)])
    for settings in config["experiments"].values():
        settings["headline"] = settings["headline"] or {
            "scale": settings["scales"][0],
            "n_features": settings["n_features"][-1],
        }
    _raise([*check_waited_for(config)])
    return config


def _raise(problems: list[str]) -> None:
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ConfigError(f"The configuration has {len(problems)} mistake(s):\n{lines}")


def effective(config: Mapping, experiment: str) -> str:
    """Return, as YAML, everything of a complete configuration that one experiment depends on.

    Parameters
    ----------
    config : mapping
        A configuration that `complete` returned.
    experiment : str
        Name of the experiment.

    Returns
    -------
    str
        YAML text that is itself a valid config.yaml.
    """
    whole = Experiment(experiment, config)
    needed = [whole, *whole.beside]
    part = {key: value for key, value in config.items() if not isinstance(value, dict)}
    part["run"] = [experiment]
    part["datasets"] = {
        dataset.name: _needed_entry(dataset, whole) for each in needed for dataset in each.datasets
    }
    part["presets"] = {each.settings["preset"]: each.preset for each in needed}
    # The experiments that it is compared with are not part of what it depends on.
    part["experiments"] = {each.name: {**each.settings, "compare_paper": None} for each in needed}
    return yaml.safe_dump(_sorted(part), sort_keys=False)


def _needed_entry(dataset: Dataset, experiment: Experiment) -> dict:
    """Return what of a dataset's entry counts for an experiment.

    What is asked of its candidates is another experiment's, where this one ranks none of it.
    """
    if dataset.name in experiment.candidate_datasets:
        return dict(dataset.entry)
    chosen = defaults(f"dataset_{dataset.kind.name}")
    idle = {name: chosen[name] for name in NOT_OF_IMAGES if name in dataset.entry}
    return {**dataset.entry, **idle}


def _sorted(part: object, key: str = "") -> object:
    """Return a configuration with its keys sorted, but for bands, whose order counts."""
    if isinstance(part, list):
        return [_sorted(each) for each in part]
    if not isinstance(part, dict):
        return part
    names = part if key == "bands" else sorted(part)
    return {name: _sorted(part[name], name) for name in names}
