"""Stage: how well people grade: how far they agree, and what they make of hidden objects."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow.evaluate.intervals import wilson
from lensflow.files import tables
from lensflow.samples.grades import ALL, agreement, grades_of, kappa_words, read_grades
from lensflow.samples.hidden import read_answers
from lensflow.samples.images import listed_ids

LENS_FROM = 0.75
"""What a mean label must exceed to count as "a lens": of one grader an A or B, not a C."""

COLUMNS = (
    "dataset", "who", "n_graded", "kappa",
    "n_hidden_lenses", "completeness", "completeness_low", "completeness_high",
    "n_called_lenses", "purity", "purity_low", "purity_high",
)  # fmt: skip

logger = logging.getLogger(__name__)


def evaluate_graders_stage(
    grades: Sequence[str | PathLike],
    answers: Mapping[str, str | PathLike | None],
    indices: Mapping[str, str | PathLike],
    output: str | PathLike,
) -> None:
    """Write a row for each grader of each dataset, and one for all together.

    Parameters
    ----------
    grades : sequence of path-like
        Files of grades.
    answers : mapping of str to path-like or None
        By dataset, what its hidden objects are; None where there are none.
    indices : mapping of str to path-like
        By dataset, its ``index.h5``: a grade that names no dataset counts where its object is.
    output : path-like
        CSV with `COLUMNS`. ``kappa``: Fleiss' of all; of a grader the mean of Cohen's with each
        other one with whom it is defined. ``completeness``: share of the hidden lenses that are
        graded A or B. ``purity``: share of lenses among the hidden objects that are. Both of the
        hidden objects that the grader has graded, with Wilson's 68 % interval. Empty where not
        defined.
    """
    read = read_grades(grades)
    rows = [row for name, path in answers.items() for row in _rows(read, name, path, indices[name])]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    tables.write_csv(output, table)
    for row in table[table["who"] == ALL].itertuples():
        logger.info("dataset %s: %s", row.dataset, kappa_words(row.kappa))


def _rows(
    read: pd.DataFrame, dataset: str, answers: str | PathLike | None, index: str | PathLike
) -> Iterator[dict]:
    """Yield the rows of one dataset; none where nobody has graded."""
    hidden = pd.Series(dtype=int) if answers is None else read_answers(answers)
    chosen = grades_of(read, dataset)
    nowhere = chosen.loc[chosen["dataset"] == "", "id"]
    others = set(nowhere) - set(hidden.index) - listed_ids(index, nowhere)
    chosen = chosen[(chosen["dataset"] != "") | ~chosen["id"].isin(others)]
    if chosen.empty:
        return
    found = agreement(chosen[~chosen["id"].isin(hidden.index)])
    for who, own in chosen.groupby("who", sort=True):
        with_others = [kappa for pair, kappa in found.pairs.items() if who in pair]
        defined = [kappa for kappa in with_others if np.isfinite(kappa)]
        kappa = np.mean(defined) if defined else np.nan
        yield _row(dataset, who, own.set_index("id")["label"], kappa, hidden)
    yield _row(dataset, ALL, chosen.groupby("id")["label"].mean(), found.kappa, hidden)


def _row(dataset: str, who: str, labels: pd.Series, kappa: float, hidden: pd.Series) -> dict:
    seen = labels[labels.index.isin(hidden.index)]
    is_lens = hidden.reindex(seen.index).to_numpy() == 1
    called = seen.to_numpy() > LENS_FROM
    row = {"dataset": dataset, "who": who, "n_graded": len(labels) - len(seen), "kappa": kappa}
    row |= {"n_hidden_lenses": int(is_lens.sum()), "n_called_lenses": int(called.sum())}
    found = int((called & is_lens).sum())
    for name, n in (("completeness", is_lens.sum()), ("purity", called.sum())):
        low, high = wilson(found, n)
        row |= {name: found / n if n else np.nan, f"{name}_low": low, f"{name}_high": high}
    return row
