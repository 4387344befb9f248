"""A fitted mixture as plain numbers: scoring of embeddings, a hash, and its HDF5 artifact."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.cluster.clustering import Memberships
from lensflow.cluster.mixture.variational import log_constants
from lensflow.errors import ArtifactError

ROWS_PER_CHUNK = 8192
"""Embeddings scored at once; bounds the working memory to about 2 MiB a feature."""

USED_FROM = 0.01
"""Weight above which a component counts as used."""

DESCRIPTIONS = {
    "weights": "posterior mean weight of each component",
    "means": "mean of each component",
    "covariances": "covariance of each component",
    "precisions_cholesky": "upper triangular factor U of each precision matrix U U^T",
    "degrees_of_freedom": "degrees of freedom of each component's Wishart posterior",
    "mean_precision": "precision of each component's mean, in units of its precision matrix",
    "weight_concentration": "beta parameters of the stick-breaking weights",
    "mean_prior": "prior mean: the mean of the embeddings",
    "covariance_prior": "prior covariance: the covariance of the embeddings",
    "feature_is_constant": "1 where a feature had the same value in every embedding",
}


@dataclass(frozen=True, eq=False)
class MixtureParameters:
    """A variational Gaussian mixture of K components over d features (paper equation 4).

    Attributes
    ----------
    weights : numpy.ndarray of shape (K,)
    means : numpy.ndarray of shape (K, d)
    covariances, precisions_cholesky : numpy.ndarray of shape (K, d, d)
    degrees_of_freedom, mean_precision : numpy.ndarray of shape (K,)
    weight_concentration : numpy.ndarray of shape (2, K)
    mean_prior : numpy.ndarray of shape (d,)
    covariance_prior : numpy.ndarray of shape (d, d)
    feature_is_constant : numpy.ndarray of shape (d,), int8
    converged : bool
        Whether the lower bound changed by less than the tolerance within the iterations allowed.
    n_iter : int
    lower_bound : float
    seed, n_samples : int
    engine : str
        Name of the clusterer that fitted it.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    precisions_cholesky: np.ndarray
    degrees_of_freedom: np.ndarray
    mean_precision: np.ndarray
    weight_concentration: np.ndarray
    mean_prior: np.ndarray
    covariance_prior: np.ndarray
    feature_is_constant: np.ndarray
    converged: bool
    n_iter: int
    lower_bound: float
    seed: int
    n_samples: int
    engine: str

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return self.means.shape[0]

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return self.means.shape[1]

    @property
    def hash(self) -> str:
        """SHA-256 over the bytes of every array; names this mixture in tables of cluster labels."""
        digest = hashlib.sha256()
        for name in DESCRIPTIONS:
            values = np.ascontiguousarray(getattr(self, name))
            digest.update(f"{name}{values.dtype.str}{values.shape}".encode())
            digest.update(values.tobytes())
        return digest.hexdigest()

    def iterate(self, x: np.ndarray) -> Iterator[Memberships]:
        """Yield the memberships by chunks of rows, so that memory does not grow with n.

        Parameters
        ----------
        x : array-like of shape (n, d)
            An HDF5 dataset will do: one chunk of rows is read at a time.

        Raises
        ------
        ValueError
            When x does not have d columns, or holds a value that is not finite.
        """
        if len(x.shape) != 2 or x.shape[1] != self.n_features:
            raise ValueError(
                f"embeddings of shape (n, {self.n_features}) expected, received {x.shape}; score "
                "with the mixture that was fitted to embeddings of the same number of features"
            )
        constants = log_constants(
            self.weight_concentration,
            self.mean_precision,
            self.degrees_of_freedom,
            self.precisions_cholesky,
        )
        for start in range(0, max(x.shape[0], 1), ROWS_PER_CHUNK):
            rows = slice(start, start + ROWS_PER_CHUNK)
            log_joint = constants - 0.5 * self._squared_distances(x[rows])
            yield Memberships(rows, log_joint.argmax(axis=1), *_normalise(log_joint))

    def _squared_distances(self, x: np.ndarray) -> np.ndarray:
        """Return squared Mahalanobis distances to every mean: (n, d) -> (n, K)."""
        x = np.asarray(x, dtype=np.float64)
        if not np.isfinite(x).all():
            raise ValueError(
                "embeddings must be finite, received NaN or infinity; look for a diverged network "
                "or for cutouts that are not finite"
            )
        squared = np.empty((x.shape[0], self.n_components))
        for k, (mean, factor) in enumerate(zip(self.means, self.precisions_cholesky, strict=True)):
            whitened = (x - mean) @ factor
            np.einsum("ij,ij->i", whitened, whitened, out=squared[:, k])
        return squared

    def responsibilities(self, x: np.ndarray) -> np.ndarray:
        """Return the probability of each component given each embedding: (n, d) -> (n, K)."""
        return np.concatenate([chunk.responsibilities for chunk in self.iterate(x)])

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Return the log density of each embedding, low for outliers: (n, d) -> (n,)."""
        return np.concatenate([chunk.log_density for chunk in self.iterate(x)])

    def labels(self, x: np.ndarray) -> np.ndarray:
        """Return the most probable component of each embedding: (n, d) -> (n,) int64."""
        return np.concatenate([chunk.clusters for chunk in self.iterate(x)])

    def summary(self) -> dict[str, object]:
        """Return what the log and the report say of the mixture."""
        return {
            "engine": self.engine,
            "converged": self.converged,
            "n_iter": self.n_iter,
            "n_components": self.n_components,
            "n_used": int((self.weights > USED_FROM).sum()),
            "n_features": self.n_features,
            "n_samples": self.n_samples,
        }

    def save(self, path: str | Path) -> None:
        """Write the mixture as an HDF5 artifact of kind ``mixture``."""
        scalars = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in DESCRIPTIONS
        }
        attrs = {**scalars, "hash": self.hash}
        with artifacts.create(path, "mixture", attrs=attrs) as f:
            for name, description in DESCRIPTIONS.items():
                f.dataset(name, getattr(self, name), units="1", description=description)

    @classmethod
    def load(cls, path: str | Path) -> "MixtureParameters":
        """Read a mixture and check its hash.

        Raises
        ------
        ArtifactError
            When the file is no mixture, lacks a value, or its numbers do not match its hash.
        """
        with artifacts.open(path, "mixture") as f:
            values = {name: artifacts.read(f, name) for name in DESCRIPTIONS}
            attrs = dict(f.attrs)
        try:
            mixture = cls(
                **values,
                converged=bool(attrs["converged"]),
                n_iter=int(attrs["n_iter"]),
                lower_bound=float(attrs["lower_bound"]),
                seed=int(attrs["seed"]),
                n_samples=int(attrs["n_samples"]),
                engine=str(attrs["engine"]),
            )
            stored = attrs["hash"]
        except KeyError as missing:
            raise ArtifactError(
                f"{path}: the mixture lacks the attribute {missing}; fit it again"
            ) from None
        if mixture.hash != stored:
            raise ArtifactError(
                f"{path}: the mixture's numbers have the hash {mixture.hash}, the file says "
                f"{stored}; the file was edited or damaged: fit the mixture again"
            )
        return mixture


def _normalise(log_joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return responsibilities (n, K) and log densities (n,) from log(weight x density) (n, K)."""
    largest = log_joint.max(axis=1, keepdims=True)
    shares = np.exp(log_joint - largest)
    total = shares.sum(axis=1, keepdims=True)
    return shares / total, (largest + np.log(total))[:, 0]
