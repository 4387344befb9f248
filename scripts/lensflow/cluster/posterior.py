"""What k lenses among n inspected members say of a cluster, and of each image (section 3.3).

The lens fraction of a cluster has a Beta posterior. Equation 7 is linear in these fractions, so the
mean and the variance of an image's lens probability follow exactly; its interval is that of the
Beta distribution with this mean and variance.
"""

import numpy as np

JEFFREYS = (0.5, 0.5)
"""The prior where none is configured: Jeffreys' of a binomial fraction."""

INSIDE = 0.68
"""What an interval holds, as everywhere in the workflow."""


def beta_posterior(
    n_lenses: np.ndarray, n_inspected: np.ndarray, prior: tuple[float, float] = JEFFREYS
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the lens fraction of clusters of which some members were seen.

    Parameters
    ----------
    n_lenses, n_inspected : array-like of shape (K,)
        k lenses among n members.
    prior : pair of float
        The parameters a and b of the Beta distribution before anything was seen, both positive;
        the posterior is Beta(a + k, b + n - k).

    Returns
    -------
    mean, variance : numpy.ndarray of shape (K,)
    """
    a = np.asarray(n_lenses, dtype=np.float64) + prior[0]
    b = np.asarray(n_inspected, dtype=np.float64) - n_lenses + prior[1]
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))


def probability_variance(
    responsibilities: np.ndarray,
    variance: np.ndarray,
    cluster_lens: np.ndarray,
    cluster_nonlens: np.ndarray,
) -> np.ndarray:
    """Return the variance of the normalised lens probability of each image (equation 7).

    Where the fraction of a cluster is uncertain its two probabilities add up to one, so the sum
    that normalises is certain, and the probability a linear function of independent fractions.

    Parameters
    ----------
    responsibilities : numpy.ndarray of shape (n, K)
    variance, cluster_lens, cluster_nonlens : numpy.ndarray of shape (K,)
        Variance of each cluster's lens probability, that itself, and the non-lens probability.

    Returns
    -------
    numpy.ndarray of shape (n,)
    """
    total = responsibilities @ (cluster_lens + cluster_nonlens)
    spread = responsibilities**2 @ variance
    return np.divide(spread, total**2, out=np.zeros_like(total), where=total > 0)


def probability_interval(mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 68 % interval of probabilities with a mean and a variance.

    It is one of the Beta distribution of the same mean and variance: between the percentiles 16 and
    84; where the density is highest at 0 or 1, as when none or all of the inspected are lenses, it
    begins there, so that it does not leave out what is most probable. It holds the mean.

    Parameters
    ----------
    mean : array-like of shape (n,)
        In [0, 1].
    variance : array-like of shape (n,)
        0 where the probability is certain: both ends are the mean then.

    Returns
    -------
    low, high : numpy.ndarray of shape (n,)
    """
    # Loaded here: jobs without an interval do without it.
    from scipy.special import betaincinv

    mean, variance = np.asarray(mean, np.float64), np.asarray(variance, np.float64)
    low, high = mean.copy(), mean.copy()
    width = mean * (1.0 - mean)
    uncertain = (variance > 0) & (width > 0)
    m = mean[uncertain]
    # As many objects would say as much; rounding must not make them none.
    size = np.maximum(width[uncertain] / variance[uncertain] - 1.0, np.finfo(float).tiny)
    a, b = m * size, (1.0 - m) * size
    below = np.full(m.size, (1.0 - INSIDE) / 2)
    below[(a < 1) & (b >= 1)] = 0.0
    below[(b < 1) & (a >= 1)] = 1.0 - INSIDE
    low[uncertain] = betaincinv(a, b, below)
    high[uncertain] = betaincinv(a, b, below + INSIDE)
    return np.fmin(low, mean), np.fmax(high, mean)
