"""Checks of an experiment's labels: judgements that can be had, what they give, their tables."""

import string
from collections.abc import Iterator

from lensflow.cluster.judgements import JUDGEMENTS, Judgement
from lensflow.experiment import Experiment


def check_labels(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that an experiment can be judged as its labels say, and that this is what it needs.

    Parameters
    ----------
    where : str
        Place of the experiment in the configuration.
    experiment : Experiment
        All names in it exist.

    Yields
    ------
    str
        A sentence a mistake.
    """
    if problems := list(_check_true_labels(where, experiment)):
        # Which tables are missing is another question once the labels are mended.
        yield from problems
        return
    yield from _check_judged(where, experiment)
    for judgement in JUDGEMENTS.values():
        if judgement.table_key:
            yield from _check_table(where, experiment, judgement)


def _check_true_labels(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that nothing needs true labels where the dataset has none."""
    if experiment.is_labelled:
        return
    missing = f"but the dataset {experiment.dataset.name!r} has no catalogue"
    labels = experiment.settings["labels"]
    if needs := sorted(name for name in labels if JUDGEMENTS[name].needs_labels):
        # Injected lenses need a dataset of their own.
        others = [j.name for j in JUDGEMENTS.values() if not (j.needs_labels or j.is_injected)]
        yield (
            f"{where}.labels holds {needs}, which need true labels, {missing}; "
            f"use labels: [{', '.join(others)}]{_tables_needed(others)}"
        )
    if experiment.protocol != "unlabelled":
        yield (
            f"{where}.protocol is {experiment.protocol!r}, which needs labels, {missing}; "
            "use protocol: unlabelled"
        )


def _tables_needed(names: list[str]) -> str:
    keys = [JUDGEMENTS[name].table_key for name in names if JUDGEMENTS[name].table_key]
    return "".join(f", with {key}: the path of the table that is to be filled in" for key in keys)


def _check_judged(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that nothing works on lens probabilities where no judgement will ever give any.

    A person who is waited for will.
    """
    settings, spread = experiment.settings, experiment.settings["mixture"]["spread"]
    if any(JUDGEMENTS[name].gives_probabilities for name in settings["labels"]):
        return
    wanted = [
        (f"beside is {settings['beside']}", settings["beside"], "leave it out"),
        (f"mixture.spread is {spread}", spread, "leave it out"),
        (
            f"preset is {settings['preset']!r}, which has a student",
            experiment.students,
            "take a preset without",
        ),
    ]
    for said, is_wanted, otherwise in wanted:
        if is_wanted:
            yield (
                f"{where}.{said}, but labels: {settings['labels']} gives no lens probability for "
                f"it to work on; expected a judgement that does. Add person, with person_labels: "
                f"the path of the table, which may be filled in later, or {otherwise}"
            )


def _check_table(where: str, experiment: Experiment, judgement: Judgement) -> Iterator[str]:
    """Check the path of a judgement that comes from outside."""
    key, path = judgement.table_key, experiment.settings[judgement.table_key]
    labels = experiment.settings["labels"]
    if (judgement.name in labels) != (path is not None):
        yield (
            f"{where}.labels is {labels} and {key} is {path!r}; give both "
            f"`{judgement.name}` and the path of the filled table, or neither"
        )
    if path is not None:
        yield from _check_fields(f"{where}.{key}", path)


def _check_fields(where: str, path: str) -> Iterator[str]:
    try:
        parsed = list(string.Formatter().parse(path))
    except ValueError as error:
        yield (
            f"{where} is {path!r}, in which braces do not match ({error}); expected "
            "{scale}, {n_features}, {run}, and {{ or }} for a brace itself"
        )
        return
    fields = {field for _, field, _, _ in parsed if field is not None}
    if any(form or conversion for _, _, form, conversion in parsed):
        yield f"{where} is {path!r}; expected fields as they are, without : or !"
        return
    if unknown := sorted(fields - {"scale", "n_features", "run"}):
        yield f"{where} has {unknown}; expected {{scale}}, {{n_features}}, {{run}}"
