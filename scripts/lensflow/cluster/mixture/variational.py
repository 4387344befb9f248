"""Formulas of the variational Gaussian mixture that are shared by fitting and scoring.

The model is that of Bishop (2006, section 10.2) with a stick-breaking (Dirichlet process) prior
over the weights, in the normalisation of scikit-learn's ``BayesianGaussianMixture``:
``covariances`` are inverse Wishart scales divided by their degrees of freedom.

Shapes: K components, d features.
"""

import numpy as np
from scipy.special import betaln, digamma, gammaln


def expected_log_weights(weight_concentration: np.ndarray) -> np.ndarray:
    """Return E[log weight] of each component under the stick-breaking posterior.

    Parameters
    ----------
    weight_concentration : numpy.ndarray of shape (2, K)
        The two parameters of each stick's beta distribution.

    Returns
    -------
    numpy.ndarray of shape (K,)
    """
    digamma_sum = digamma(weight_concentration.sum(axis=0))
    log_taken = digamma(weight_concentration[0]) - digamma_sum
    log_left = digamma(weight_concentration[1]) - digamma_sum
    return log_taken + np.concatenate(([0.0], np.cumsum(log_left)[:-1]))


def mean_weights(weight_concentration: np.ndarray) -> np.ndarray:
    """Return the posterior mean weight of each component, normalised to one: (2, K) -> (K,)."""
    total = weight_concentration.sum(axis=0)
    left = np.concatenate(([1.0], np.cumprod(weight_concentration[1] / total)[:-1]))
    weights = weight_concentration[0] / total * left
    return weights / weights.sum()


def log_determinants(precisions_cholesky: np.ndarray) -> np.ndarray:
    """Return half the log determinant of each precision matrix: (K, d, d) -> (K,)."""
    return np.log(np.diagonal(precisions_cholesky, axis1=1, axis2=2)).sum(axis=1)


def log_constants(
    weight_concentration: np.ndarray,
    mean_precision: np.ndarray,
    degrees_of_freedom: np.ndarray,
    precisions_cholesky: np.ndarray,
) -> np.ndarray:
    """Return what does not depend on x in each component's expected log density.

    The expected log density is this constant minus half the squared Mahalanobis distance
    (Bishop 2006, equations 10.46, 10.64 to 10.66).

    Parameters
    ----------
    weight_concentration : numpy.ndarray of shape (2, K)
    mean_precision, degrees_of_freedom : numpy.ndarray of shape (K,)
    precisions_cholesky : numpy.ndarray of shape (K, d, d)

    Returns
    -------
    numpy.ndarray of shape (K,)
    """
    d = precisions_cholesky.shape[1]
    halves = 0.5 * (degrees_of_freedom - np.arange(d)[:, np.newaxis])
    log_lambda = d * np.log(2.0) + digamma(halves).sum(axis=0)
    return (
        expected_log_weights(weight_concentration)
        + log_determinants(precisions_cholesky)
        - 0.5 * d * np.log(2.0 * np.pi * degrees_of_freedom)
        + 0.5 * (log_lambda - d / mean_precision)
    )


def lower_bound(
    entropy: float,
    weight_concentration: np.ndarray,
    mean_precision: np.ndarray,
    degrees_of_freedom: np.ndarray,
    precisions_cholesky: np.ndarray,
) -> float:
    """Return the evidence lower bound up to a constant.

    Parameters
    ----------
    entropy : float
        ``-sum(r log r)`` over all responsibilities.
    weight_concentration : numpy.ndarray of shape (2, K)
    mean_precision, degrees_of_freedom : numpy.ndarray of shape (K,)
    precisions_cholesky : numpy.ndarray of shape (K, d, d)

    Returns
    -------
    float
    """
    d = precisions_cholesky.shape[1]
    log_det = log_determinants(precisions_cholesky) - 0.5 * d * np.log(degrees_of_freedom)
    halves = 0.5 * (degrees_of_freedom - np.arange(d)[:, np.newaxis])
    log_wishart = -(
        degrees_of_freedom * (log_det + 0.5 * d * np.log(2.0)) + gammaln(halves).sum(axis=0)
    )
    log_sticks = -betaln(weight_concentration[0], weight_concentration[1])
    return float(
        entropy - log_wishart.sum() - log_sticks.sum() - 0.5 * d * np.log(mean_precision).sum()
    )
