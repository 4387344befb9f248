"""The own engine: one iteration of the variational mixture as two matrix products per chunk.

With the features of an embedding F = [1, x, x_i x_j for i <= j], centred on the mean of all
embeddings, every component's expected log density is a linear function of F, and every component's
weight, mean and scatter is a sum of F weighted by responsibilities. So one pass over chunks of rows
does both steps: ``log_joint = W F`` and ``moments += R F^T``. The entropy of the responsibilities
follows from the same sums. The updates and priors are scikit-learn's, and so is the result.

Chunks are of a fixed size and are summed in their order: the number of threads changes no bit.

Shapes: n embeddings, m rows in a chunk, d features, K components, q = 1 + d + d (d + 1) / 2.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits

from lensflow.cluster.mixture.variational import log_constants, lower_bound, mean_weights

ROWS_PER_CHUNK = 512
"""Chosen so that the features of one chunk (325 x 512 float64 at d = 24) stay in a core's cache."""


@dataclass(frozen=True)
class Posterior:
    """The variational posterior, in coordinates centred on the mean of the embeddings."""

    means: np.ndarray
    covariances: np.ndarray
    precisions_cholesky: np.ndarray
    degrees_of_freedom: np.ndarray
    mean_precision: np.ndarray
    weight_concentration: np.ndarray

    @property
    def expectations(self) -> tuple[np.ndarray, ...]:
        """What the formulas of ``variational`` take."""
        return (
            self.weight_concentration,
            self.mean_precision,
            self.degrees_of_freedom,
            self.precisions_cholesky,
        )

    def coefficients(self) -> np.ndarray:
        """Return W of shape (K, q), so that W @ F is the expected log density."""
        d = self.means.shape[1]
        precisions = self.precisions_cholesky @ self.precisions_cholesky.transpose(0, 2, 1)
        linear = np.einsum("kij,kj->ki", precisions, self.means)
        constant = log_constants(*self.expectations)
        constant -= 0.5 * np.einsum("ki,ki->k", linear, self.means)
        # Off the diagonal, x_i x_j stands for both halves of the symmetric matrix.
        i, j = np.triu_indices(d)
        quadratic = -precisions[:, i, j] * np.where(i == j, 0.5, 1.0)
        return np.concatenate([constant[:, np.newaxis], linear, quadratic], axis=1)


def quadratic_features(x: np.ndarray, out: np.ndarray) -> None:
    """Write the features of a chunk, one feature a row: (d, m) -> (q, m)."""
    d = x.shape[0]
    out[0] = 1.0
    out[1 : 1 + d] = x
    row = 1 + d
    for i in range(d):
        np.multiply(x[i], x[i:], out=out[row : row + d - i])
        row += d - i


def symmetric(products: np.ndarray, d: int) -> np.ndarray:
    """Return symmetric matrices (..., d, d) from sums of x_i x_j for i <= j."""
    i, j = np.triu_indices(d)
    matrices = np.empty((*products.shape[:-1], d, d))
    matrices[..., i, j] = matrices[..., j, i] = products
    return matrices


def update(moments: np.ndarray, covariance_prior: np.ndarray, reg_covar: float) -> Posterior:
    """Return the posterior that maximises the lower bound for given responsibilities.

    Parameters
    ----------
    moments : numpy.ndarray of shape (K, q)
        Sums of the features weighted by responsibilities.
    covariance_prior : numpy.ndarray of shape (d, d)
    reg_covar : float

    Returns
    -------
    Posterior
        With mean precision prior 1, mean prior 0, d prior degrees of freedom.
    """
    n_components, d = moments.shape[0], covariance_prior.shape[0]
    counts = moments[:, 0] + 10 * np.finfo(np.float64).eps
    mean_precision = 1.0 + counts
    degrees_of_freedom = d + counts
    means = moments[:, 1 : 1 + d] / mean_precision[:, np.newaxis]
    scatter = symmetric(moments[:, 1 + d :], d)
    scatter -= np.einsum("k,ki,kj->kij", mean_precision, means, means)
    scatter += counts[:, np.newaxis, np.newaxis] * (reg_covar * np.eye(d))
    covariances = (scatter + covariance_prior) / degrees_of_freedom[:, np.newaxis, np.newaxis]
    # Sticks are broken in the order of the components: what is left counts all later ones.
    later = np.concatenate((np.cumsum(counts[::-1])[-2::-1], [0.0]))
    return Posterior(
        means=means,
        covariances=covariances,
        precisions_cholesky=np.linalg.inv(np.linalg.cholesky(covariances)).transpose(0, 2, 1),
        degrees_of_freedom=degrees_of_freedom,
        mean_precision=mean_precision,
        weight_concentration=np.stack([1.0 + counts, 1.0 / n_components + later]),
    )


class Expectation:
    """The pass over the embeddings, spread over threads chunk by chunk."""

    def __init__(self, x: np.ndarray, centre: np.ndarray, n_components: int, n_threads: int):
        self.x = x
        self.centre = centre
        self.n_components = n_components
        self.n_chunks = -(-x.shape[0] // ROWS_PER_CHUNK)
        self.n_threads = min(n_threads, self.n_chunks)

    def moments_of_labels(self, labels: np.ndarray, pool: ThreadPoolExecutor) -> np.ndarray:
        """Return the moments of a hard assignment: (n,) -> (K, q)."""
        eye = np.eye(self.n_components)

        def assign(features: np.ndarray, rows: slice) -> tuple[np.ndarray, float]:
            return eye[labels[rows]].T, 0.0

        return self._sum(assign, pool)[0]

    def covariance(self, pool: ThreadPoolExecutor) -> np.ndarray:
        """Return the covariance of all embeddings: (d, d)."""
        n, d = self.x.shape
        together = self.moments_of_labels(np.zeros(n, dtype=np.int64), pool)[0]
        return symmetric(together[1 + d :], d) / (n - 1)

    def moments(self, coefficients: np.ndarray, pool: ThreadPoolExecutor) -> tuple:
        """Return moments (K, q) and the sum of log densities under W (K, q)."""

        def assign(features: np.ndarray, rows: slice) -> tuple[np.ndarray, float]:
            joint = coefficients @ features
            largest = joint.max(axis=0)
            joint -= largest
            np.exp(joint, out=joint)
            total = joint.sum(axis=0)
            joint /= total
            return joint, float((largest + np.log(total)).sum())

        return self._sum(assign, pool)

    def _sum(self, assign, pool: ThreadPoolExecutor) -> tuple[np.ndarray, float]:
        """Add up each chunk's moments and log density, in the order of the chunks."""
        parts = [None] * self.n_chunks

        def work(first: int) -> None:
            d = self.x.shape[1]
            buffer = np.empty((1 + d + d * (d + 1) // 2, ROWS_PER_CHUNK))
            for chunk in range(first, self.n_chunks, self.n_threads):
                rows = slice(chunk * ROWS_PER_CHUNK, (chunk + 1) * ROWS_PER_CHUNK)
                x = np.ascontiguousarray((self.x[rows] - self.centre).T)
                features = buffer[:, : x.shape[1]]
                quadratic_features(x, features)
                shares, log_density = assign(features, rows)
                parts[chunk] = shares @ features.T, log_density

        list(pool.map(work, range(self.n_threads)))
        return sum(part[0] for part in parts), sum(part[1] for part in parts)


def fit_quadratic(
    embeddings: np.ndarray,
    n_components: int,
    seed: int,
    max_iter: int,
    tol: float,
    n_init: int,
    reg_covar: float,
) -> dict:
    """Fit with quadratic features; see `lensflow.cluster.mixture.fitting.fit_mixture`.

    Returns
    -------
    dict
        The fields of ``MixtureParameters`` that a fit determines.
    """
    centre = embeddings.mean(axis=0)
    n_threads = _math_threads()
    expectation = Expectation(embeddings, centre, n_components, n_threads)
    random_state = np.random.RandomState(seed)
    best = None
    with threadpool_limits(limits=1), ThreadPoolExecutor(n_threads) as pool:
        covariance_prior = expectation.covariance(pool)
        for _ in range(n_init):
            labels = (
                KMeans(n_components, n_init=1, random_state=random_state).fit(embeddings).labels_
            )
            posterior = update(
                expectation.moments_of_labels(labels, pool), covariance_prior, reg_covar
            )
            trial = _climb(expectation, pool, posterior, covariance_prior, reg_covar, max_iter, tol)
            if best is None or trial["lower_bound"] > best["lower_bound"]:
                best = trial
    return {**best, "means": best["means"] + centre, "mean_prior": centre}


def _climb(expectation, pool, posterior, covariance_prior, reg_covar, max_iter, tol) -> dict:
    """Iterate from a posterior until the lower bound stands still."""
    bound, converged, n_iter = -np.inf, False, 0
    while not converged and n_iter < max_iter:
        coefficients = posterior.coefficients()
        moments, log_density = expectation.moments(coefficients, pool)
        # sum(r log r) = sum(r log_joint) - sum(log_density), and log_joint is linear in F.
        entropy = log_density - np.vdot(moments, coefficients)
        posterior = update(moments, covariance_prior, reg_covar)
        previous, bound = bound, lower_bound(entropy, *posterior.expectations)
        converged = abs(bound - previous) < tol
        n_iter += 1
    return {
        **vars(posterior),
        "weights": mean_weights(posterior.weight_concentration),
        "covariance_prior": covariance_prior,
        "converged": converged,
        "n_iter": n_iter,
        "lower_bound": bound,
    }


def _math_threads() -> int:
    """Return how many threads the linear algebra is allowed (``OMP_NUM_THREADS`` and the like)."""
    allowed = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(allowed, default=os.cpu_count() or 1)
