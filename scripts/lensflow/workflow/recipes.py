"""The recipes of workflow/experiments, over which a user's configuration is laid.

A recipe is a file of datasets, presets and experiments. Of all of them a configuration gets what it
names: under ``run``, in an entry of its own, or through an experiment that it takes.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lensflow.errors import ConfigError
from lensflow.workflow.yaml_files import read_yaml

RECIPE_FOLDER = Path(__file__).resolve().parents[3] / "workflow/experiments"
SECTIONS = ("datasets", "presets", "experiments")

# The keys of an experiment that name other entries, and the section in which these stand.
REFERENCES = {
    "dataset": "datasets",
    "apply_to": "datasets",
    "injections": "datasets",
    "preset": "presets",
    "compare_paper": "experiments",
    "beside": "experiments",
}


def read_recipes(folder: Path = RECIPE_FOLDER) -> dict[str, dict]:
    """Read all recipes as one configuration.

    Parameters
    ----------
    folder : Path
        Holds the recipes, ``*.yaml``.

    Returns
    -------
    dict
        ``datasets``, ``presets`` and ``experiments``, each a mapping of names to entries.

    Raises
    ------
    ConfigError
        When a file is broken or two hold the same name.
    """
    recipes: dict[str, dict] = {section: {} for section in SECTIONS}
    for path in sorted(folder.glob("*.yaml")):
        for section, entries in read_yaml(path).items():
            if twice := sorted(set(entries) & set(recipes[section])):
                raise ConfigError(f"{path}: {section} {twice} stand in another recipe too.")
            recipes[section] |= entries
    return recipes


def laid_over(under: Mapping, over: Mapping) -> dict:
    """Return a copy of ``under`` in which ``over`` wins key by key, as Snakemake merges files.

    Parameters
    ----------
    under, over : mapping
        A mapping in both is merged; anything else of ``over`` replaces what stood there.
    """
    merged = copy.deepcopy(dict(under))
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = laid_over(below, value) if both else copy.deepcopy(value)
    return merged


def lay_over_recipes(config: Mapping, recipes: Mapping[str, Mapping]) -> dict:
    """Lay a configuration over all recipes.

    Parameters
    ----------
    config : mapping
        The user's configuration; it wins key by key, but for a dataset of another ``kind``, which
        replaces the recipe's as a whole.
    recipes : mapping
        What `read_recipes` returned.

    Returns
    -------
    dict
        With every entry of the recipes, whether it is needed or not.
    """
    own = _mapping(config.get("datasets"))
    datasets = {
        name: entry
        for name, entry in recipes["datasets"].items()
        if _mapping(own.get(name)).get("kind", entry["kind"]) == entry["kind"]
    }
    return laid_over({**recipes, "datasets": datasets}, config)


def needed_part(known: Mapping, config: Mapping) -> dict:
    """Return what a configuration needs of itself laid over the recipes.

    Parameters
    ----------
    known : mapping
        What `lay_over_recipes` returned; nothing of it has been checked yet.
    config : mapping
        The user's configuration: its own entries are kept, whatever they are.

    Returns
    -------
    dict
    """
    needed = _needed(known, _named(config))
    part = dict(known)
    for section in SECTIONS:
        if isinstance(known[section], Mapping):
            entries = known[section].items()
            part[section] = {name: entry for name, entry in entries if (section, name) in needed}
    return part


def _named(config: Mapping) -> Iterator[tuple[str, Any]]:
    for section in SECTIONS:
        yield from ((section, name) for name in _mapping(config.get(section)))
    yield from (("experiments", name) for name in _texts(config.get("run")))


def _needed(known: Mapping, named: Iterable[tuple[str, Any]]) -> set[tuple[str, Any]]:
    needed, waiting = set(), list(named)
    while waiting:
        section, name = item = waiting.pop()
        if item not in needed:
            needed.add(item)
            entry = _mapping(known[section]).get(name)
            waiting += _references(entry) if section == "experiments" else ()
    return needed


def _references(experiment: Any) -> list[tuple[str, str]]:
    entry = _mapping(experiment)
    return [
        (section, name) for key, section in REFERENCES.items() for name in _texts(entry.get(key))
    ]


def _mapping(value: Any) -> Mapping:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    """Return the texts in a value of any type: the schema has yet to be asked."""
    if isinstance(value, Mapping):
        value = list(value.values())
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]
