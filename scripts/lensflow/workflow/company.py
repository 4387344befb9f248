"""Whether the experiments that stand beside another can be averaged with it, image by image."""

from collections.abc import Iterator

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.experiment import Experiment

ALIKE = ("dataset", "protocol", "fraction", "shards", "runs")
"""Keys that must agree: they decide which images are in which row."""


def check_beside(where: str, experiment: Experiment) -> Iterator[str]:
    """Yield a sentence for each experiment beside another that cannot be averaged with it.

    Parameters
    ----------
    where : str
        Place of the experiment in the configuration.
    experiment : Experiment
        All names in it exist.
    """
    where = f"{where}.beside"
    for other in experiment.beside:
        if other.name == experiment.name:
            yield f"{where} names the experiment itself; name others, or leave it out"
        else:
            yield from _check_other(where, experiment, other)


def _check_other(where: str, experiment: Experiment, other: Experiment) -> Iterator[str]:
    named = f"{where} names {other.name!r}, whose"
    if other.settings["beside"]:
        yield (
            f"{named} beside is {other.settings['beside']}: those who stand beside an experiment "
            "have nobody beside themselves; name all of them here, and none there"
        )
    for key in ALIKE:
        theirs, ours = other.settings[key], experiment.settings[key]
        if theirs != ours:
            yield f"{named} {key} is {theirs!r}, not {ours!r}; give both the same {key}"
    for key, needed in (
        ("apply_to", experiment.settings["apply_to"]),
        ("labels", _judged(experiment)),
    ):
        if missing := [name for name in needed if name not in other.settings[key]]:
            yield (
                f"{named} {key} lacks {missing}; expected these too. Add them there, or remove "
                "them here"
            )


def _judged(experiment: Experiment) -> list[str]:
    labels = experiment.settings["labels"]
    return [name for name in labels if JUDGEMENTS[name].gives_probabilities]
