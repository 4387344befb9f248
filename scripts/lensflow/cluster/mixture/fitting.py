"""What both engines share: checks of the embeddings, and what is said when a fit goes wrong."""

import logging
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from lensflow.cluster.mixture.parameters import MixtureParameters
from lensflow.errors import ConfigError, TrainingError

logger = logging.getLogger(__name__)


def fit_mixture(
    maximise: Callable[..., dict],
    embeddings: np.ndarray,
    *,
    engine: str,
    n_components: int,
    seed: int,
    max_iter: int = 100,
    tol: float = 1e-3,
    n_init: int = 1,
    reg_covar: float = 1e-6,
) -> MixtureParameters:
    """Fit a Bayesian Gaussian mixture with full covariances (paper section 2.2).

    The priors are scikit-learn's defaults, which are the author's: a Dirichlet process with
    concentration 1/K, mean precision 1, d degrees of freedom, and the mean and covariance of the
    embeddings. Each trial starts from k-means. The arithmetic is in float64 whatever the input.

    Parameters
    ----------
    maximise : callable
        The engine: from (embeddings, n_components, seed, max_iter, tol, n_init, reg_covar) to the
        fields of `MixtureParameters` that a fit determines.
    embeddings : array-like of shape (n, d)
        Finite. A constant feature (a dead unit) is allowed and reported.
    engine : str
        The engine's name, for the artifact.
    n_components : int
        Number of components K; the paper sets K = d.
    seed : int
        Seed of k-means.
    max_iter : int
        Most iterations of one trial.
    tol : float
        A trial has converged when its lower bound changes by less than this.
    n_init : int
        Number of trials; the one with the highest lower bound is kept.
    reg_covar : float
        Added to the diagonal of every component's covariance.

    Returns
    -------
    MixtureParameters

    Raises
    ------
    ConfigError
        When there are fewer embeddings than components.
    TrainingError
        When an embedding is not finite, or a covariance is not positive definite.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        When the best trial did not converge; ``converged`` is then False.
    """
    x = _checked(embeddings, n_components)
    constant = _constant_features(x)
    try:
        with warnings.catch_warnings():
            # scikit-learn's own words, of the mixture and of k-means, name none of our settings.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = maximise(x, n_components, seed, max_iter, tol, n_init, reg_covar)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise TrainingError(
            f"the mixture of {n_components} components failed on embeddings of shape {x.shape}: "
            f"{error}; use fewer components or a larger reg_covar than {reg_covar:g}"
        ) from error
    mixture = MixtureParameters(
        **fitted, feature_is_constant=constant, seed=seed, n_samples=x.shape[0], engine=engine
    )
    _warn_unless_converged(mixture, max_iter, tol)
    return mixture


def _checked(embeddings: np.ndarray, n_components: int) -> np.ndarray:
    """Return the embeddings as float64 (n, d), or say what is wrong with them."""
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or x.shape[0] < max(n_components, 2):
        raise ConfigError(
            f"a mixture of {n_components} components needs at least {max(n_components, 2)} "
            f"embeddings in an array (n, d), received the shape {x.shape}; "
            "use fewer components or more images"
        )
    bad = ~np.isfinite(x).all(axis=1)
    if bad.any():
        raise TrainingError(
            f"{bad.sum()} of {bad.size} embeddings are not finite, the first in row "
            f"{bad.argmax()}; the network has diverged: train it again with a smaller learning rate"
        )
    return x


def _constant_features(x: np.ndarray) -> np.ndarray:
    """Return where a feature has one value in every embedding, and warn: (n, d) -> (d,) int8."""
    constant = (x == x[0]).all(axis=0).astype(np.int8)
    if constant.any():
        logger.warning(
            "%d of %d features are constant (dead units) and carry nothing: %s",
            constant.sum(),
            constant.size,
            np.flatnonzero(constant).tolist(),
        )
    return constant


def _warn_unless_converged(mixture: MixtureParameters, max_iter: int, tol: float) -> None:
    """Warn with a remedy when the best trial ran out of iterations."""
    if not mixture.converged:
        warnings.warn(
            f"the mixture did not converge in {max_iter} iterations (lower bound "
            f"{mixture.lower_bound:.6g}, tolerance {tol:g}); raise mixture.max_iter, or "
            "mixture.tol if the lower bound has levelled off",
            ConvergenceWarning,
            stacklevel=5,
        )
