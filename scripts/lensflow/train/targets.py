"""What a student is to say of each image: what it was graded, else what its clusters say of it."""

import logging
from collections.abc import Iterable, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow.errors import LabelError
from lensflow.samples.grades import labelled
from lensflow.samples.scores import probability_column, read_scores
from lensflow.samples.stacks import open_stack

KEYS = ["id", "rotation"]
"""What names an image of a sample."""

MEND = "Score the training sample anew, and train the student with the stacks that were scored."

logger = logging.getLogger(__name__)


def read_targets(
    stack_paths: Sequence[str | PathLike],
    score_paths: Sequence[str | PathLike],
    judgement: str,
    labels: pd.Series,
) -> np.ndarray:
    """Return the lens probability of each image of a sample, in the order of its stacks.

    An image that was graded has its label, all its rotations alike, any other one what the judged
    clusters say of it.

    Parameters
    ----------
    stack_paths : sequence of path-like
        Stacks of the sample.
    score_paths : sequence of path-like
        Its scores, with the columns id, rotation and that of the judgement; in any order.
    judgement : str
        Whose probabilities.
    labels : Series
        What graded images are worth as lens labels, in [0, 1], by id. Others than those of the
        sample say nothing here.

    Returns
    -------
    ndarray of shape (n,), float32
        In [0, 1].

    Raises
    ------
    lensflow.errors.LabelError
        When the scores lack the judgement, do not have exactly one row an image, or hold something
        else than a probability.
    """
    column = probability_column(judgement)
    scores = _joined(read_scores(path, [*KEYS, column]) for path in score_paths)
    images = _joined(_rows(path) for path in stack_paths)
    _check_rows(images, scores)
    found = images.merge(scores, on=KEYS, how="left", validate="one_to_one")[column]
    # An empty cell, or words in one, make text of the whole column.
    probabilities = pd.to_numeric(found, errors="coerce")
    _check_probabilities(probabilities, column)
    is_graded = images["id"].isin(labels.index)
    logger.info("%d of %d images were graded", is_graded.sum(), len(images))
    return labelled(images["id"], probabilities, labels).to_numpy(np.float32)


def _rows(path: str | PathLike) -> pd.DataFrame:
    with open_stack(path) as stack:
        return stack.rows()[KEYS]


def _joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True).astype({"id": str, "rotation": int})


def _check_rows(images: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Refuse scores of other images, and images or scores that are not told apart."""
    for name, table in (("images", images), ("scores", scores)):
        twice = table[table.duplicated(KEYS)]
        if len(twice):
            raise LabelError(
                f"{len(twice)} of {len(table)} {name} of the training sample stand more than once, "
                f"the first has {_named(twice)}; one row for each id and rotation was expected. "
                f"{MEND}"
            )
    both = images.merge(scores[KEYS], on=KEYS, how="outer", indicator=True)
    for side, words in (("left_only", "no score"), ("right_only", "a score but no image")):
        alone = both[both["_merge"] == side]
        if len(alone):
            raise LabelError(
                f"{len(alone)} rows of the training sample have {words}, the first has "
                f"{_named(alone)}; a score for each image was expected. {MEND}"
            )


def _named(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    return f"id {first['id']!r} and rotation {first['rotation']}"


def _check_probabilities(values: pd.Series, column: str) -> None:
    bad = ~values.between(0, 1)
    if bad.any():
        raise LabelError(
            f"{bad.sum()} of {len(values)} values of {column} are no probabilities, the first is "
            f"{values[bad].iloc[0]}; numbers between 0 and 1 were expected. {MEND}"
        )
