"""The reference engine: scikit-learn's BayesianGaussianMixture with the author's settings."""

import numpy as np
from sklearn.mixture import BayesianGaussianMixture

ARRAYS = (
    "weights",
    "means",
    "covariances",
    "precisions_cholesky",
    "degrees_of_freedom",
    "mean_precision",
    "mean_prior",
    "covariance_prior",
)


def fit_reference(
    embeddings: np.ndarray,
    n_components: int,
    seed: int,
    max_iter: int,
    tol: float,
    n_init: int,
    reg_covar: float,
) -> dict:
    """Fit with scikit-learn; see `lensflow.cluster.mixture.fitting.fit_mixture`.

    Returns
    -------
    dict
        The fields of ``MixtureParameters`` that a fit determines.
    """
    model = BayesianGaussianMixture(
        n_components=n_components,
        random_state=seed,
        max_iter=max_iter,
        tol=tol,
        n_init=n_init,
        reg_covar=reg_covar,
    )
    model.fit(embeddings)
    return {
        **{name: np.asarray(getattr(model, f"{name}_"), dtype=np.float64) for name in ARRAYS},
        "weight_concentration": np.stack(model.weight_concentration_),
        "converged": bool(model.converged_),
        "n_iter": int(model.n_iter_),
        "lower_bound": float(model.lower_bound_),
    }
