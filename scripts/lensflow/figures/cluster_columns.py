"""Members of the clusters of one kind, a column a cluster (Figs. 10, 11, 12)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lensflow.cluster.makeup import HIGH_PERCENT
from lensflow.figures import members, sources, style
from lensflow.figures.members import Cluster
from lensflow.figures.mosaics import draw_mosaic, fractions, images_of, mosaic
from lensflow.prepare.augmentation import rotate
from lensflow.prepare.scaling import scale

COLUMNS_PER_BAND = 10
N_ROWS = 6
_FEWEST_COLUMNS = 7
KIND_WORDS = {
    "lens": f"a lens fraction of at least {HIGH_PERCENT / 100}",
    "non_lens": f"a non-lens fraction of at least {HIGH_PERCENT / 100}",
    "uncertain": f"both fractions below {HIGH_PERCENT / 100}",
}


def cluster_columns(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    stacks: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    kind: str,
    seed: int,
    shards: Sequence[Path | str] = (),
) -> None:
    """Draw one column of members, chosen at random, for each chosen cluster (Figs. 10, 11, 12).

    Parameters
    ----------
    embeddings, mixture, stacks, png, pdf
        See :func:`lensflow.figures.cluster_sheet.cluster_sheet`.
    kind : {"lens", "non_lens", "uncertain"}
        Which clusters, see :func:`lensflow.figures.members.select`.
    seed : int
        Seed of the choice of members.
    shards : sequence of path-like
        Image shards that hold the sources alone. With them a last row shows the first lens of each
        column without its lens galaxy (last row of Fig. 10).
    """
    clusters = members.read_clusters(embeddings, mixture, N_ROWS, seed)
    chosen = members.select(clusters, kind)
    with style.paper():
        if not chosen:
            figure = style.new_figure(style.PAGE_INCHES, 0.8)
            style.sentence(figure, f"No cluster has {KIND_WORDS[kind]}.")
        else:
            images = images_of(chosen, stacks)
            note = members.SHOWN
            if shards:
                images = _with_sources(chosen, images, shards)
                note += " Last row: the first lens of each column, its source alone."
            figure = columns_figure(chosen, images, note, with_share=kind == "lens")
        style.save(figure, png, pdf, trim=True)


def _with_sources(clusters, images, shards):
    """Append to the members of each cluster the source alone of the first lens among them."""
    extended = {}
    for cluster in clusters:
        part = images[cluster.number]
        blank = np.zeros((N_ROWS + 1, *part.shape[1:]), np.float32)
        blank[: len(part)] = part
        if 1 in cluster.is_lens:
            object_id, turns = cluster.keys[cluster.is_lens.index(1)]
            flux, sky_sigma = sources.dataset_images(shards, [object_id], "source_flux")
            scaled = rotate(scale(flux, sky_sigma, "log"), np.array([turns]))
            blank[N_ROWS] = _resampled(scaled[0], part.shape[1])
        extended[cluster.number] = blank
    return extended


def _resampled(image, size):
    """Nearest pixels at another size, for display beside binned images."""
    rows = ((np.arange(size) + 0.5) * image.shape[0] / size).astype(int)
    return image[np.ix_(rows, rows)]


def columns_figure(
    clusters: Sequence[Cluster], images: dict[int, np.ndarray], note: str, with_share: bool = False
) -> Figure:
    """Return a figure of one column of images a cluster, in bands of ten, with a line of text.

    Parameters
    ----------
    clusters : sequence of Cluster
    images : dict of int to ndarray of shape (n, size, size)
        What is shown of each cluster, by its number.
    note : str
        Written below.
    with_share : bool
        Whether the title says which share of all lenses the cluster holds.
    """
    n_shown = max(len(part) for part in images.values())
    n_bands = -(-len(clusters) // COLUMNS_PER_BAND)
    n_columns = min(max(len(clusters), _FEWEST_COLUMNS), COLUMNS_PER_BAND)
    side = style.PAGE_INCHES / n_columns
    height = n_bands * (n_shown * side + 0.72) + 0.2
    figure = style.new_figure(style.PAGE_INCHES, height, images=True)
    grid = figure.subplots(n_bands, n_columns, squeeze=False).ravel()
    for axes, cluster in zip(grid, clusters, strict=False):
        draw_mosaic(axes, mosaic(images[cluster.number], 1, n_shown))
        title = f"{cluster.number}\n{fractions(cluster, chr(10))}"
        title += f"\n$F_{{len}}$ {cluster.lens_share:.2f}" if with_share else ""
        axes.set_title(title, fontsize=7.5, pad=3)
    for axes in grid[len(clusters) :]:
        axes.set_axis_off()
    figure.supxlabel(note, fontsize=7)
    return figure
