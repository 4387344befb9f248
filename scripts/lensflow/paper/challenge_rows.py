"""Rows of the comparison about the challenge: table 2 and Fig. 16 (section 4.2.3)."""

from collections.abc import Iterator

from lensflow.evaluate.selection import CUT, UNCUT
from lensflow.paper import numbers
from lensflow.paper.results import Measured, Results
from lensflow.paper.rows import NAMES, Row, row
from lensflow.paper.table2 import transfer_sample

STEEP_FPR = 0.01


def table2_rows(
    training: Results, honest: Results | None, challenge: Results | None
) -> Iterator[Row]:
    """Yield the rows of table 2: training set, challenge-like set, and transfers to it."""
    for metric, paper in numbers.TABLE2_TRAINING.items():
        ours = training.metric(metric, "train")
        note = _counted(training, metric, "train")
        yield row(f"table 2, training set: {NAMES[metric]}", paper, ours, training, note=note)
    for metric in ("tpr0", "tpr10"):
        yield row(
            f"table 2, honest (held out, augmented alike): {NAMES[metric]}",
            None,
            honest and honest.metric(metric, "test"),
            honest,
            "test",
            note=_counted(honest, metric, "test"),
        )
    for metric, paper in numbers.TABLE2_CHALLENGE.items():
        yield row(
            f"table 2, challenge-like set, trained and judged on it: {NAMES[metric]}",
            paper,
            challenge and challenge.metric(metric, "train"),
            challenge,
            note=_counted(challenge, metric, "train"),
        )
    sample = transfer_sample(training, challenge)
    for title, results in (("the first model", training), ("the honest model", honest)):
        for metric in numbers.TABLE2_CHALLENGE if sample else ():
            yield row(
                f"table 2, challenge-like set, transfer of {title}: {NAMES[metric]}",
                None,
                results and results.metric(metric, sample),
                results,
                sample,
                note=_counted(results, metric, sample),
            )


def _counted(results: Results | None, metric: str, sample: str) -> str:
    """Say among how many non-lenses false positives are counted: TPR0 and TPR10 depend on it."""
    n_nonlens = results.n_nonlens(sample) if results and metric.startswith("tpr") else None
    return f"Counts false positives, here among {n_nonlens:,} non-lenses" if n_nonlens else ""


def cut_rows(training: Results, challenge: Results | None) -> Iterator[Row]:
    """Yield the rows of Fig. 16: before and after the cut."""
    yield row(
        "AUC on the challenge-like set after the cut (N > 100, S/N > 50)",
        numbers.AUC_AFTER_CUT,
        challenge and challenge.metric("auc", "train", cut=CUT),
        challenge,
        note="The cut drops lenses and keeps every non-lens",
    )
    sample = transfer_sample(training, challenge)
    if sample:
        yield row(
            "AUC after the cut, transfer of the first model",
            None,
            training.metric("auc", sample, cut=CUT),
            training,
            sample,
        )
    for cut, name in ((UNCUT, "before"), (CUT, "after")):
        yield row(
            f"TPR of the challenge-like set where its ROC leaves FPR 0, {name} the cut",
            numbers.STEEP_TPR[cut],
            challenge and _steep(challenge, cut),
            challenge,
            note=f"Taken at FPR {STEEP_FPR:g}, where a line in the paper's figure is as good as "
            "vertical; the error is half the range over runs",
        )


def _steep(challenge: Results, cut: str) -> Measured | None:
    """Return the TPR at a small FPR, with half its range over runs."""
    roc = challenge.rows("roc", **challenge.shown, sample="train", cut=cut)
    if roc.empty:
        return None
    nearest = roc.loc[(roc["fpr"] - STEEP_FPR).abs().idxmin()]
    return Measured(float(nearest["tpr_mean"]), float(nearest["tpr_max"] - nearest["tpr_min"]) / 2)
