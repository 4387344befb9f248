"""What people say of candidates: the merged grades of a dataset's objects."""

import logging
from collections.abc import Sequence
from os import PathLike

import pandas as pd

from lensflow.errors import LabelError
from lensflow.samples.grades import (
    agreement,
    grades_of,
    kappa_words,
    merge_grades,
    place_of,
    read_grades,
)
from lensflow.samples.hidden import read_answers
from lensflow.samples.images import listed_ids

COLUMNS = ("mean_grade", "n_graders", "scatter")

logger = logging.getLogger(__name__)


def add_grades(
    table: pd.DataFrame,
    grades: Sequence[str | PathLike],
    dataset: str,
    index: str | PathLike,
    answers: str | PathLike | None,
) -> pd.DataFrame:
    """Return a table of candidates with what graders say of them together.

    Parameters
    ----------
    table : DataFrame
        With a column ``id``.
    grades : sequence of path-like
        Files of grades; without any the table stays as it is.
    dataset : str
        Whose candidates these are.
    index : path-like
        ``index.h5`` of the dataset.
    answers : path-like or None
        What the hidden objects among those that were graded are, where there are such: they are no
        candidates.

    Returns
    -------
    DataFrame
        With `COLUMNS`, see `lensflow.samples.grades.merge_grades`; objects that nobody graded have
        no grade and 0 graders.

    Raises
    ------
    LabelError
        When a grade names this dataset, and an object that it does not have; file, line and name
        are said.
    """
    if not grades:
        return table
    chosen = grades_of(read_grades(grades), dataset)
    if answers is not None:
        chosen = chosen[~chosen["id"].isin(read_answers(answers).index)]
    _check_known(chosen[chosen["dataset"] == dataset], dataset, index, grades)
    _log(chosen, dataset)
    merged = merge_grades(chosen)[["id", *COLUMNS]]
    graded = table.merge(merged, on="id", how="left", validate="one_to_one")
    return graded.assign(n_graders=graded["n_graders"].fillna(0).astype(int))


def _check_known(
    chosen: pd.DataFrame, dataset: str, index: str | PathLike, grades: Sequence[str | PathLike]
) -> None:
    unknown = set(chosen["id"]) - listed_ids(index, chosen["id"])
    if unknown:
        row = chosen[chosen["id"].isin(unknown)].iloc[0]
        raise LabelError(
            f"{place_of(row, grades)}: the object {row['id']!r}, graded by {row['who']}, is not in "
            f"the dataset {dataset!r} ({len(unknown)} of {chosen['id'].nunique()} objects). Was "
            "the file made for other images? Take it out of the experiment's grades, or open the "
            "present grading page and grade again."
        )


def _log(chosen: pd.DataFrame, dataset: str) -> None:
    found = agreement(chosen)
    logger.info(
        "dataset %s: %d objects graded by %d; %s over %d that several graded",
        dataset,
        chosen["id"].nunique(),
        found.n_graders,
        kappa_words(found.kappa),
        found.n_objects,
    )
