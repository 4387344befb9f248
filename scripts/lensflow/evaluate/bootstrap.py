"""Sampling errors: objects are drawn again with replacement, the rows of one object together."""

import numpy as np

from lensflow.evaluate.columns import METRICS
from lensflow.evaluate.metrics import Ranking, metrics_of_counts

INTERVAL = (16.0, 84.0)
"""Percentiles of the bootstrap interval: 68 %."""

WEIGHTS_AT_ONCE = 2_000_000


def bootstrap_weights(
    ids: np.ndarray, is_lens: np.ndarray, n_bootstrap: int, generator: np.random.Generator
) -> np.ndarray:
    """Return how often each row is drawn when objects are drawn with replacement.

    Lenses are drawn among lenses and non-lenses among non-lenses, so that every draw has the
    sample's proportion of objects; the rows of one object are drawn together.

    Parameters
    ----------
    ids : array-like of str, shape (n,)
    is_lens : array-like of shape (n,)
    n_bootstrap : int
    generator : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of shape (n_bootstrap, n), int16
    """
    _, first, objects = np.unique(np.asarray(ids), return_index=True, return_inverse=True)
    classes = np.asarray(is_lens)[first]
    drawn = np.zeros((n_bootstrap, first.size), dtype=np.int16)
    for value in np.unique(classes):
        members = np.flatnonzero(classes == value)
        for row in drawn:
            chosen = generator.integers(members.size, size=members.size)
            row[members] = np.bincount(chosen, minlength=members.size)
    return drawn[:, objects]


def bootstrap_metrics(ranking: Ranking, drawn: np.ndarray, weight: np.ndarray) -> dict:
    """Return each metric of every draw.

    Parameters
    ----------
    ranking : Ranking
        Of n images.
    drawn : numpy.ndarray of shape (n_bootstrap, n)
        From `bootstrap_weights`.
    weight : numpy.ndarray of shape (n,)
        Of the images before drawing.

    Returns
    -------
    dict of str to numpy.ndarray of shape (n_bootstrap,)
        Empty without a draw.
    """
    block = max(1, WEIGHTS_AT_ONCE // max(1, weight.size))
    parts = [
        metrics_of_counts(ranking.counts(drawn[start : start + block] * weight))
        for start in range(0, len(drawn), block)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in METRICS if parts}


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 68 % interval of bootstrap values; NaN without one."""
    # A draw in which nothing is called a lens has no precision.
    defined = values[np.isfinite(values)]
    low, high = np.percentile(defined, INTERVAL) if defined.size else (np.nan, np.nan)
    return low, high
