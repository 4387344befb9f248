"""What every fitted clustering can do, whichever algorithm found the clusters."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np


class Memberships(NamedTuple):
    """How some embeddings belong to the clusters.

    Attributes
    ----------
    rows : slice
        Which embeddings of those that were asked for: m of them.
    clusters : numpy.ndarray of int, shape (m,)
        Most probable cluster.
    responsibilities : numpy.ndarray of shape (m, K)
        Probability of each cluster, summing to one.
    log_density : numpy.ndarray of shape (m,)
        Natural logarithm of the density; low for unusual objects.
    """

    rows: slice
    clusters: np.ndarray
    responsibilities: np.ndarray
    log_density: np.ndarray


class Clustering(Protocol):
    """K clusters of embeddings with d features, as `lensflow.cluster.clusterers` gives them."""

    @property
    def n_components(self) -> int:
        """Number of clusters K."""

    @property
    def n_features(self) -> int:
        """Number of features d."""

    @property
    def hash(self) -> str:
        """Names this clustering in tables of cluster labels: it depends on every number."""

    def iterate(self, x: np.ndarray) -> Iterator[Memberships]:
        """Yield the memberships by chunks of rows, so that memory does not grow with n.

        Parameters
        ----------
        x : array-like of shape (n, d)
            An HDF5 dataset will do: one chunk of rows is read at a time.
        """

    def labels(self, x: np.ndarray) -> np.ndarray:
        """Return the most probable cluster of each embedding: (n, d) -> (n,) int."""

    def responsibilities(self, x: np.ndarray) -> np.ndarray:
        """Return the probability of each cluster given each embedding: (n, d) -> (n, K)."""

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Return the log density of each embedding, low for outliers: (n, d) -> (n,)."""

    def save(self, path: str | Path) -> None:
        """Write the artifact that `lensflow.cluster.clusterers.load` reads."""

    def summary(self) -> dict[str, object]:
        """Return what the log and the report say of it.

        Returns
        -------
        dict
            At least engine (the clusterer's name), converged, n_iter, n_components, n_used
            (clusters that hold more than 1 % of the weight), n_features, n_samples.
        """
