"""A trained experiment, found by its results folder."""

from os import PathLike
from pathlib import Path

import yaml

from lensflow.errors import ArtifactError
from lensflow.experiment import Experiment
from lensflow.workflow.schema import fill_defaults


def read_experiment(folder: str | PathLike) -> tuple[Experiment, Path]:
    """Return an experiment, and the folder that its paths are relative to.

    Parameters
    ----------
    folder : path-like
        Its results, such as ``results/demo``.

    Raises
    ------
    ArtifactError
        When the folder is not that of an experiment, or was renamed.
    """
    folder = Path(folder).resolve()
    path = folder / "config.yaml"
    if not path.is_file():
        beside = sorted(other.parent.name for other in folder.parent.glob("*/config.yaml"))
        raise ArtifactError(
            f"{path} is not there, so {folder.name!r} is no experiment that was run; in "
            f"{folder.parent} there are {beside}. Give the folder of one, results/demo say."
        )
    config, root = yaml.safe_load(path.read_text()), folder.parents[1]
    if config["run"] != [folder.name]:
        raise ArtifactError(
            f"{folder} holds the results of {config['run'][0]!r}, whose files know each other by "
            "that name; rename the folder to it."
        )
    # A run from before a key was added has what is its default now.
    fill_defaults(config)
    return Experiment(folder.name, config, root), root


def existing(path: Path) -> Path:
    """Return a path to a file that is there.

    Raises
    ------
    ArtifactError
        When it is not.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} is not there. Run the experiment to its end: make run")
    return path
