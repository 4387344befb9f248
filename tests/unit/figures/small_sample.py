"""A sample made by hand: round clusters, 100 standard deviations apart."""

import numpy as np
import pandas as pd

from lensflow.cluster.mixture.parameters import MixtureParameters
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.rows import MEASURES
from lensflow.samples.stacks import write_stack


def run_files(paths, run=0):
    """Return embeddings and mixture of a run of the made-up experiment."""
    folder = paths["runs"][run]
    return [folder / "embeddings_train.h5"], folder / "mixture.h5"


def write_small_sample(folder, is_lens, cluster, offsets, n_clusters, ids=None):
    """Write embeddings and the mixture of their clusters; return the paths."""
    ids = ids or [f"o{number}" for number in range(len(is_lens))]
    means = np.stack([100.0 * np.arange(n_clusters), np.zeros(n_clusters)], axis=1)
    rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": is_lens})
    features = (means[cluster] + offsets).astype(np.float32)
    write_embeddings(
        folder / "embeddings.h5", rows.assign(**dict.fromkeys(MEASURES, 0.0)), [features], 2
    )
    MixtureParameters(
        weights=np.full(n_clusters, 1 / n_clusters),
        means=means,
        covariances=np.tile(np.eye(2), (n_clusters, 1, 1)),
        precisions_cholesky=np.tile(np.eye(2), (n_clusters, 1, 1)),
        degrees_of_freedom=np.full(n_clusters, 10.0),
        mean_precision=np.full(n_clusters, 100.0),
        weight_concentration=np.ones((2, n_clusters)),
        mean_prior=np.zeros(2),
        covariance_prior=np.eye(2),
        feature_is_constant=np.zeros(2, np.int8),
        converged=True,
        n_iter=1,
        lower_bound=0.0,
        seed=0,
        n_samples=len(ids),
        engine="lensflow",
    ).save(folder / "mixture.h5")
    return [folder / "embeddings.h5"], folder / "mixture.h5"


def write_images(path, images, ids):
    """Write a stack of images of unknown class."""
    rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": -1})
    write_stack(path, rows, [images], images.shape[1], "log", "made up")
