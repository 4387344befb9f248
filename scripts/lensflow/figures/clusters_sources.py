"""Clusters of the images of the lensed sources alone (Fig. A1)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lensflow.figures import members, sources, style
from lensflow.figures.cluster_columns import N_ROWS, columns_figure
from lensflow.figures.members import Cluster
from lensflow.prepare.scaling import min_max


def source_columns(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    shards: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    seed: int,
) -> None:
    """Draw a column of sources for every cluster: most non-lenses first, then by radius of light.

    Parameters
    ----------
    embeddings : sequence of path-like
        Embeddings of the source-only images.
    mixture : path-like
        The mixture that was refitted to them.
    shards : sequence of path-like
        Image shards of the dataset, with ``/source_flux``.
    png, pdf : path-like
        Figures to write.
    seed : int
        Seed of the draw of their members.
    """
    clusters = members.read_clusters(embeddings, mixture, N_ROWS, seed)
    clusters = [cluster for cluster in clusters if cluster.n_members]
    images = {cluster.number: _images(cluster, shards) for cluster in clusters}
    ordered = by_appearance(clusters, images)
    note = "Linear scale, each image from 0 to its peak. An image without a lensed source is blank."
    with style.paper():
        figure = columns_figure(ordered, images, note)
        style.save(figure, png, pdf, trim=True)


def _images(cluster, shards):
    flux, _ = sources.dataset_images(shards, [name for name, _ in cluster.keys], "source_flux")
    return min_max(flux)


def by_appearance(clusters: Sequence[Cluster], images: dict[int, np.ndarray]) -> list[Cluster]:
    """Return the cluster with the most non-lenses first, then the others by the radius of light.

    Parameters
    ----------
    clusters : sequence of Cluster
        With members.
    images : dict of int to ndarray of shape (n, size, size)
        Members by cluster number, in [0, 1].
    """
    by_radius = sorted(clusters, key=lambda c: light_radius(images[c.number]))
    most = max(by_radius, key=lambda c: c.n_members * c.non_lens_fraction, default=None)
    return sorted(by_radius, key=lambda c: c is not most)


def light_radius(images: np.ndarray) -> float:
    """Return the mean distance of light from the image centre (pixels); 0 for blank images."""
    half = (images.shape[-1] - 1) / 2
    y, x = np.indices(images.shape[1:])
    total = images.sum(dtype=float)
    return float((images * np.hypot(y - half, x - half)).sum() / total) if total else 0.0
