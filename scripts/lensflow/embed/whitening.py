"""Whitening within views: directions in which objects differ most for how much their views do.

A linear self-supervision, and linear algebra alone: of the principal components of the objects,
generalised eigenvectors of the covariance in all and that between views of one object.
"""

import numpy as np
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits

from lensflow.errors import TrainingError

N_COMPONENTS = 120
"""Most principal components that are whitened, and so most features."""

RIDGE = 0.02
"""Added to the covariance within views, in units of the mean variance of a component."""


def whitened(own: np.ndarray, views: np.ndarray, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions of `whitening` among the principal components of objects.

    Parameters
    ----------
    own : ndarray of shape (n, p)
        Of each object.
    views : ndarray of shape (n_views, n, p)
        The same of each view of each object; at least two views.
    n_features : int
        At most `N_COMPONENTS`, and fewer than objects.

    Returns
    -------
    directions : ndarray of shape (p, n_features)
        The largest entry of each (by size) is positive.
    eigenvalues : ndarray of shape (n_features,)
        Total variance over variance within views, falling.

    Raises
    ------
    TrainingError
        When the objects differ in fewer than ``n_features`` directions.
    """
    # The sums of a matrix product depend on how many threads share it.
    with threadpool_limits(1, user_api="blas"):
        variances, components = np.linalg.eigh(np.cov(own, rowvar=False, dtype=np.float64))
        # More components than this would span noise of no image.
        n_components = min(N_COMPONENTS, len(own) - 1)
        variances, components = variances[-n_components:], components[:, -n_components:]
        within = components.T @ covariance_within(views) @ components
        within += RIDGE * variances.mean() * np.eye(n_components)
        directions, eigenvalues = whitening(np.diag(variances), within, n_features)
        directions = components @ directions
        largest = np.take_along_axis(directions, abs(directions).argmax(axis=0)[None], axis=0)
        return directions * np.sign(largest), eigenvalues


def covariance_within(views: np.ndarray) -> np.ndarray:
    """Return the covariance between views of one object, mean over the objects.

    Parameters
    ----------
    views : ndarray of shape (n_views, n_objects, p)
        Features of each view of each object; at least two views.

    Returns
    -------
    ndarray of shape (p, p), float64
    """
    off = views - views.mean(axis=0, dtype=np.float64)
    rows = off.reshape(-1, views.shape[2])
    return rows.T @ rows / ((len(views) - 1) * views.shape[1])


def whitening(
    total: np.ndarray, within: np.ndarray, n_features: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions in which objects differ most for how much their views do.

    Parameters
    ----------
    total : ndarray of shape (p, p)
        Covariance of the objects.
    within : ndarray of shape (p, p)
        Covariance between views of one object, positive definite.
    n_features : int

    Returns
    -------
    directions : ndarray of shape (p, n_features)
        Generalised eigenvectors of (total, within) of the largest eigenvalues, each over the fourth
        root of its eigenvalue: between the length that makes the variance within views 1, and that
        which makes the total variance 1. Their signs are arbitrary.
    eigenvalues : ndarray of shape (n_features,)
        Total variance over variance within views, falling.

    Raises
    ------
    TrainingError
        When the objects differ in fewer than ``n_features`` directions, or ``within`` is singular.
    """
    try:
        values, vectors = eigh(total, within)
    except np.linalg.LinAlgError as error:
        raise TrainingError(
            f"the covariance within views is not positive definite ({error}); are the images blank?"
        ) from error
    values, vectors = values[::-1][:n_features], vectors[:, ::-1][:, :n_features]
    differ = values > len(total) * np.finfo(float).eps * max(values[0], 1)
    if not differ.all():
        raise TrainingError(
            f"the images differ in {differ.sum()} directions, {n_features} features were expected; "
            "use fewer features, or more and other images"
        )
    return vectors / values**0.25, values
