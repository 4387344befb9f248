"""Test sets with other proportions of lenses, as integer weights (paper section 3.1, table 1)."""

import re
from collections.abc import Iterator

import numpy as np

from lensflow.seeds import rng

TABLE1_RATIOS = (1, 2, 20, 50, 100, 1000, 10000)
"""Non-lenses per lens in the seven test sets of table 1."""

_RATIO = "_1to"


def ratio_sample(sample: str, ratio: int) -> str:
    """Return what a sample is called at a ratio, such as ``test_1to100``."""
    return f"{sample}{_RATIO}{ratio}"


def drawn_from(sample: str) -> str:
    """Return the sample whose images another is drawn from: itself unless it is at a ratio."""
    return re.sub(rf"{_RATIO}\d+$", "", sample)


def ratio_weights(is_lens: np.ndarray, nonlenses_per_lens: int, seed: int) -> np.ndarray:
    """Return how often each image is in a test set of the given ratio.

    Every lens counts once. The ``nonlenses_per_lens`` x (number of lenses) non-lenses are drawn
    with replacement from those there are, as one multinomial: with the paper's 1,168 lenses the
    totals are exactly those of table 1, up to 11,680,000, and nothing is copied.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        1 for a lens, 0 for a non-lens; the rotations of a non-lens are rows of their own.
    nonlenses_per_lens : int
    seed : int
        The draw depends on the seed, the ratio and the order of the rows alone.

    Returns
    -------
    numpy.ndarray of shape (n,), int64

    Raises
    ------
    ValueError
        When there is no non-lens to draw from.
    """
    is_lens = np.asarray(is_lens)
    lens, nonlens = is_lens == 1, is_lens == 0
    if not nonlens.any():
        raise ValueError(
            f"a ratio of {nonlenses_per_lens} non-lenses per lens needs non-lenses to draw from; "
            f"received {lens.sum()} lenses and none"
        )
    total = int(nonlenses_per_lens) * int(lens.sum())
    generator = rng(seed, "ratio", int(nonlenses_per_lens))
    weights = lens.astype(np.int64)
    shares = np.full(nonlens.sum(), 1.0 / nonlens.sum())
    weights[nonlens] = generator.multinomial(total, shares)
    return weights


def weightings(
    sample: str, is_lens: np.ndarray, weight: np.ndarray, at_ratios: bool, seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a sample as it is and, if asked for, at the ratios of table 1: name, (n,) weights.

    Parameters
    ----------
    sample : str
    is_lens, weight : array-like of shape (n,)
    at_ratios : bool
        There are none for a sample that lacks a class.
    seed : int
    """
    yield sample, weight
    if at_ratios and {0, 1} <= set(is_lens):
        for ratio in TABLE1_RATIOS:
            yield ratio_sample(sample, ratio), weight * ratio_weights(is_lens, ratio, seed)
