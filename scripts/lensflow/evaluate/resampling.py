"""Test sets with other proportions of lenses, as integer weights (paper section 3.1, table 1)."""

import numpy as np

from lensflow.seeds import rng

TABLE1_RATIOS = (1, 2, 20, 50, 100, 1000, 10000)
"""Non-lenses per lens in the seven test sets of table 1."""


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
