"""Images arranged in grids without gaps to speak of: what the sheets of clusters share."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from lensflow.figures import sources, style
from lensflow.figures.members import Cluster

_GAP = 3
_FRAME = 0.3


def mosaic(images: np.ndarray, n_columns: int, n_rows: int) -> np.ndarray:
    """Arrange images in a grid, the first at the top left, gaps and missing ones NaN.

    Parameters
    ----------
    images : ndarray of shape (n, size, size)
        Row 0 of each image is its bottom; at most ``n_columns * n_rows`` are used.
    n_columns, n_rows : int
        The grid.

    Returns
    -------
    ndarray of shape (height, width)
        Row 0 is the bottom, as in the images.
    """
    size = images.shape[1]
    step = size + _GAP
    canvas = np.full((n_rows * step - _GAP, n_columns * step - _GAP), np.nan, np.float32)
    for place, image in enumerate(images[: n_columns * n_rows]):
        row, column = divmod(place, n_columns)
        bottom = (n_rows - 1 - row) * step
        left = column * step
        framed = (
            slice(max(bottom - 1, 0), bottom + size + 1),
            slice(max(left - 1, 0), left + size + 1),
        )
        canvas[framed] = _FRAME
        canvas[bottom : bottom + size, left : left + size] = image
    return canvas


def draw_mosaic(axes, canvas: np.ndarray) -> None:
    """Draw what `mosaic` returns: missing images are white."""
    colours = matplotlib.colormaps["gray_r"].with_extremes(bad="white")
    axes.imshow(canvas, cmap=colours, vmin=0, vmax=1, origin="lower", interpolation="antialiased")
    style.bare(axes)


def images_of(clusters: Sequence[Cluster], stacks: Sequence[Path | str]) -> dict[int, np.ndarray]:
    """Return the images (n, size, size) of the members shown, by cluster number."""
    wanted = [key for cluster in clusters for key in cluster.keys]
    images = sources.stack_images(stacks, wanted) if wanted else np.zeros((0, 1, 1), np.float32)
    ends = np.cumsum([len(cluster.keys) for cluster in clusters])
    parts = np.split(images, ends[:-1])
    return {cluster.number: part for cluster, part in zip(clusters, parts, strict=True)}


def fractions(cluster: Cluster, between: str) -> str:
    """Return a cluster's true fractions in words, with some text between them."""
    return f"lens {cluster.lens_fraction:.2f}{between}non-lens {cluster.non_lens_fraction:.2f}"
