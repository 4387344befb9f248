"""Scores of a ranked list of lens candidates (paper section 3.4), exact where scores are tied.

Everything follows from one table: how many lenses (true positives) and non-lenses (false
positives) have a probability at or above each distinct value. Images of equal probability enter
together. Weights count an image several times; weights of shape (..., n) give one result for each
leading index, so a bootstrap is one call.

Labels are 1 (lens) and 0 (non-lens). AUROC and TPRs of a sample that lacks a class are NaN, and so
is every ratio without a denominator, such as the recall of a sample without lenses.
"""

from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.5
"""An image is called a lens when its probability is strictly greater."""
ABOVE = f"p > {THRESHOLD:g}"
"""What the selection of those images is called in tables."""


@dataclass(frozen=True)
class Counts:
    """Lenses and non-lenses at or above each distinct probability, highest first.

    Attributes
    ----------
    thresholds : numpy.ndarray of shape (t,)
        Infinity, then every distinct probability in falling order.
    true_positives, false_positives : numpy.ndarray of shape (..., t)
        Weighted counts; the first is 0, the last the whole class.
    """

    thresholds: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray

    @property
    def tpr(self) -> np.ndarray:
        """True positive rate at each threshold (equation 8)."""
        return _ratio(self.true_positives, self.true_positives[..., -1:])

    @property
    def fpr(self) -> np.ndarray:
        """False positive rate at each threshold (equation 8)."""
        return _ratio(self.false_positives, self.false_positives[..., -1:])

    def auroc(self) -> np.ndarray:
        """Area under the ROC curve by the trapezoidal rule."""
        return self._of_two_classes(np.trapezoid(self.tpr, self.fpr, axis=-1))

    def tpr_before(self, n_false: float) -> np.ndarray:
        """Return the highest TPR at which the false positives are fewer than ``n_false``."""
        reached = np.where(self.false_positives < n_false, self.tpr, 0.0)
        return self._of_two_classes(reached.max(axis=-1))

    def _of_two_classes(self, value: np.ndarray) -> np.ndarray:
        """Return the value, NaN where a class is missing."""
        both = (self.true_positives[..., -1] > 0) & (self.false_positives[..., -1] > 0)
        return np.where(both, value, np.nan)

    def confusion(self) -> dict[str, np.ndarray]:
        """Return tp, fp, fn, tn when probabilities above one half are called lenses (figure 6)."""
        called = np.searchsorted(-self.thresholds, -THRESHOLD, side="left") - 1
        tp, fp = self.true_positives[..., called], self.false_positives[..., called]
        fn, tn = self.true_positives[..., -1] - tp, self.false_positives[..., -1] - fp
        return {"tp": tp, "fp": fp, "fn": fn, "tn": tn}


class Ranking:
    """Images sorted once by probability, to be counted with any number of weightings.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        1 for a lens, 0 for a non-lens.
    p_lens : array-like of shape (n,)
        Any finite score that grows with the lens probability.

    Raises
    ------
    ValueError
        When the shapes differ, a label is neither 0 nor 1, or a score is not finite.
    """

    def __init__(self, is_lens: np.ndarray, p_lens: np.ndarray):
        is_lens, p_lens = np.asarray(is_lens), np.asarray(p_lens, dtype=np.float64)
        if is_lens.ndim != 1 or is_lens.shape != p_lens.shape:
            raise ValueError(f"received {is_lens.shape} labels and {p_lens.shape} scores")
        if not np.isin(is_lens, (0, 1)).all():
            raise ValueError(
                f"labels must be 0 or 1, received {np.unique(is_lens).tolist()}; "
                "leave out images of unknown class"
            )
        if not np.isfinite(p_lens).all():
            raise ValueError(
                f"{(~np.isfinite(p_lens)).sum()} of {p_lens.size} scores are not finite"
            )
        self.order = np.argsort(-p_lens, kind="stable")
        self.is_lens = is_lens[self.order] == 1
        ranked = p_lens[self.order]
        self.starts = np.flatnonzero(np.diff(ranked, prepend=np.nan) != 0)
        self.thresholds = np.concatenate(([np.inf], ranked[self.starts]))

    def counts(self, weight: np.ndarray | None = None) -> Counts:
        """Count with weights of shape (n,) or (..., n); every image once when not given.

        Raises
        ------
        ValueError
            When a weight is negative or not finite, or the shape does not fit.
        """
        weight = np.ones(self.order.size) if weight is None else np.asarray(weight, np.float64)
        if weight.shape[-1:] != self.order.shape:
            raise ValueError(f"received weights {weight.shape} for {self.order.size} images")
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise ValueError("weights must be finite and not negative")
        weight = weight[..., self.order]
        return Counts(
            self.thresholds,
            self._cumulative(weight * self.is_lens),
            self._cumulative(weight * ~self.is_lens),
        )

    def _cumulative(self, weight: np.ndarray) -> np.ndarray:
        """Sum weights down to the end of each block of ties, after a leading zero."""
        zero = np.zeros((*weight.shape[:-1], 1))
        if self.starts.size == 0:
            return zero
        blocks = np.add.reduceat(weight, self.starts, axis=-1)
        return np.concatenate([zero, np.cumsum(blocks, axis=-1)], axis=-1)


def auroc(is_lens, p_lens, weight=None) -> float:
    """Return the area under the ROC curve; NaN when a class is missing."""
    return float(Ranking(is_lens, p_lens).counts(weight).auroc())


def all_metrics(is_lens, p_lens, weight=None) -> dict:
    """Return every metric of paper section 3.4.

    Parameters
    ----------
    is_lens, p_lens : array-like of shape (n,)
    weight : array-like of shape (n,) or (..., n), optional

    Returns
    -------
    dict of str to numpy.ndarray of shape (...)
        n_lens, n_nonlens, auc, tpr0, tpr10, recall, precision, f1 (equation 9), accuracy
        (equation 10), tp, fp, fn, tn. All but the AUROC and the TPRs are for p > 0.5; TPR0 is the
        highest TPR before the first false positive, TPR10 that with fewer than ten (weighted
        counts; section 4.2.3).
    """
    return metrics_of_counts(Ranking(is_lens, p_lens).counts(weight))


def metrics_of_counts(counts: Counts) -> dict[str, np.ndarray]:
    """Return what ``all_metrics`` returns, from counts that exist already."""
    cells = counts.confusion()
    tp, fp, fn, tn = cells["tp"], cells["fp"], cells["fn"], cells["tn"]
    return {
        "n_lens": tp + fn,
        "n_nonlens": fp + tn,
        "auc": counts.auroc(),
        "tpr0": counts.tpr_before(np.nextafter(0, 1)),
        "tpr10": counts.tpr_before(10),
        "recall": _ratio(tp, tp + fn),
        "precision": _ratio(tp, tp + fp),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "accuracy": _ratio(tp + tn, tp + fp + fn + tn),
        **cells,
    }


def as_numbers(metrics: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the metrics of one weighting as numbers for a table."""
    return {name: float(value) for name, value in metrics.items()}


def lenses_among_best(
    is_lens: np.ndarray, p_lens: np.ndarray, n_best: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """Return how many lenses are expected among the ``n_best`` images of highest probability.

    Images of equal probability come in random order: where the end of the list falls among them,
    this is the mean over their orders. Purity is this over ``n_best``, completeness this over the
    number of all lenses.

    Parameters
    ----------
    is_lens, p_lens : array-like of shape (n,)
        Classes 1 and 0 only, see `Ranking`.
    n_best : array-like of shape (m,)
        Length of the list in (weighted) images; a list longer than the sample is the sample.
    weight : array-like of shape (n,), optional
        How often each image is in the sample.

    Returns
    -------
    numpy.ndarray of shape (m,)
    """
    counts = Ranking(is_lens, p_lens).counts(weight)
    return np.interp(n_best, counts.true_positives + counts.false_positives, counts.true_positives)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; NaN where the denominator is zero."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    out = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)
