"""One row of the comparison with the paper, as texts."""

import numpy as np

from lensflow.paper.numbers import Published
from lensflow.paper.results import Measured, Results

COLUMNS = [
    *("quantity", "paper", "paper_error", "ours", "ours_error"),
    *("experiment", "data", "note"),
]
Row = dict[str, str]
"""A text in each column."""

NAMES = {"auc": "AUC", "accuracy": "accuracy", "tpr0": "TPR0", "tpr10": "TPR10"}
ROUNDING = 0.005
NOT_RUN = "not run"


def row(
    quantity: str,
    paper: Published | None,
    ours: Measured | None,
    results: Results | None,
    sample: str = "train",
    note: str = "",
    judged: bool = True,
) -> Row:
    """Return one row: texts, with what differs from the paper said where the numbers do.

    Parameters
    ----------
    quantity : str
    paper : Published or None
        None where the paper has no such number.
    ours : Measured or None
        None where it was not measured.
    results : Results or None
        The experiment that ours is from.
    sample : str
        The sample that ours is from.
    note : str
        How the quantity is defined here.
    judged : bool
        Whether it depends on how clusters were judged.
    """
    parts = [note] if note else []
    if paper is not None:
        parts.append(f"Paper: {paper.place}")
    if ours is not None and ours.spread:
        parts.append(ours.spread)
    if differs(paper, ours):
        unlike = ", ".join(results.differences(judged)) or "nothing that is known"
        parts.append(f"Differs; not as in the paper: {unlike}")
    made = ours is not None
    return {
        "quantity": quantity,
        "paper": text(paper.value) if paper else "",
        "paper_error": text(paper.error) if paper else "",
        "ours": text(ours.value) if made else NOT_RUN,
        "ours_error": text(ours.error) if made else "",
        "experiment": results.name if made else "",
        "data": results.data(sample) if made else "",
        "note": ". ".join(parts),
    }


def text(value: float | str | None) -> str:
    """Return a number with at most four decimals, nothing for None."""
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def differs(paper: Published | None, ours: Measured | None) -> bool:
    """Tell whether two numbers differ by more than twice their errors and the paper's rounding."""
    if paper is None or ours is None or isinstance(paper.value, str) or isinstance(ours.value, str):
        return False
    error = np.hypot(paper.error or 0.0, ours.error or 0.0)
    return abs(paper.value - ours.value) > 2 * error + ROUNDING
