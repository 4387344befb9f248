"""The interval of a fraction of few objects."""

from statistics import NormalDist

import numpy as np

Z = NormalDist().inv_cdf(0.84)
"""Standard deviations of a 68 % interval, between the percentiles of the bootstrap's."""


def wilson(n_found: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 68 % interval of Wilson (1927) of a binomial fraction.

    It lies within [0, 1] and has a width even where none or all of the objects are found.

    Parameters
    ----------
    n_found, n : array-like
        How many of how many objects; expected numbers need not be whole.

    Returns
    -------
    low, high : numpy.ndarray
        NaN where there is no object.
    """
    n_found, n = np.broadcast_arrays(np.asarray(n_found, float), np.asarray(n, float))
    n = np.where(n > 0, n, np.nan)
    fraction = n_found / n
    centre = (fraction + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(fraction * (1 - fraction) / n + (Z / (2 * n)) ** 2)
    # Rounding must not part an end from a fraction of none or all.
    return np.clip(centre - half, 0.0, fraction), np.clip(centre + half, fraction, 1.0)
