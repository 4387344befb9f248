"""Stage: find the clusters of one run's training sample (paper section 2.2)."""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.clustering import Clustering
from lensflow.samples.embeddings import read_embeddings

logger = logging.getLogger(__name__)


def fit_mixture_stage(
    embedding_paths: Iterable,
    mixture_path: str | Path,
    template_path: str | Path,
    engine: str,
    n_threads: int | None = None,
    **settings,
) -> Clustering:
    """Fit the mixture of one run to its training sample, and write a table for a person to fill.

    Parameters
    ----------
    embedding_paths : iterable of path
        Shards of the training sample's embeddings, in order.
    mixture_path, template_path : str or Path
        The artifact of kind ``mixture`` and the template of cluster labels to write.
    engine : str
        A key of `lensflow.cluster.clusterers.CLUSTERERS`.
    n_threads : int, optional
        Most threads of linear algebra; as many as the environment allows when not given.
    **settings
        Those of the clusterer, n_components and seed among them.

    Returns
    -------
    Clustering
    """
    embedding_paths = list(embedding_paths)
    embeddings, _ = read_embeddings(embedding_paths)
    mixture = fit_clusters(embeddings, engine, n_threads, **settings)
    with artifacts.descending(*embedding_paths):
        mixture.save(mixture_path)
    n_members = np.bincount(mixture.labels(embeddings), minlength=mixture.n_components)
    cluster_labels.write_template(template_path, n_members, mixture.hash)
    return mixture


def fit_clusters(
    embeddings: np.ndarray, engine: str, n_threads: int | None, **settings
) -> Clustering:
    """Fit a mixture to embeddings (n, d) with so many threads, and log what was found."""
    with threadpool_limits(limits=n_threads):
        mixture = clusterers.fit(engine, embeddings, **settings)
    _log(mixture.summary())
    return mixture


def _log(found: dict) -> None:
    logger.info(
        "%d components over %d features of %d images: %s after %d iterations, %d components hold "
        "more than 1 %% of the weight",
        found["n_components"],
        found["n_features"],
        found["n_samples"],
        "converged" if found["converged"] else "NOT converged",
        found["n_iter"],
        found["n_used"],
    )
