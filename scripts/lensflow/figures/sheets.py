"""Sheets of cluster members: what a person judges, and Figs. 5, 10, 11, 12 and A1."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages

from lensflow.figures import members, sources, style
from lensflow.figures.members import Cluster
from lensflow.prepare.augmentation import rotate
from lensflow.prepare.scaling import scale

SHEET_COLUMNS = 3
CLUSTERS_PER_PAGE = 9
COLUMNS_PER_BAND = 10
_FEWEST_COLUMNS = 7
_GAP = 3
_FRAME = 0.3
_MAX_PNG_PIXELS = 60_000
VARIANT_NAMES = {
    "lens": f"a lens fraction of at least {members.HIGH_FRACTION}",
    "non_lens": f"a non-lens fraction of at least {members.HIGH_FRACTION}",
    "uncertain": f"both fractions below {members.HIGH_FRACTION}",
    "all": "members",
}


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


def cluster_title(cluster: Cluster, labelled: bool) -> str:
    """Return what is written above a cluster: without ``labelled``, nothing that labels tell."""
    title = f"cluster {cluster.number}: {cluster.n_members:,} members"
    if not labelled or np.isnan(cluster.lens_fraction):
        return title
    share = "" if np.isnan(cluster.lens_share) else f", $F_{{len}}$ {cluster.lens_share:.2f}"
    return f"{title}\n{_fractions(cluster, ', ')}{share}"


def _fractions(cluster, between):
    return f"lens {cluster.lens_fraction:.2f}{between}non-lens {cluster.non_lens_fraction:.2f}"


def cluster_sheet(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    stacks: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    labelled: bool = True,
    choice: str = "random",
    seed: int = 0,
) -> None:
    """Draw 25 members of every cluster: one long PNG, and a PDF of nine clusters a page.

    With ``labelled`` the clusters are ordered by their lens fraction, which stands in the title;
    without, they are ordered by their number and nothing on the sheet comes from labels, so that a
    person can judge it.

    Parameters
    ----------
    embeddings, mixture
        See :func:`lensflow.figures.members.read_clusters`.
    stacks : sequence of path-like
        The (denoised) shards of the sample.
    png, pdf : path-like
        Figures to write.
    labelled : bool
        Whether true labels may show.
    choice : {"random", "nearest"}
        Which members are shown, see :data:`lensflow.figures.members.RULES`.
    seed : int
        Seed of the random choice: the one given to the stage that labels the clusters.
    """
    clusters = members.read_clusters(embeddings, mixture, 25, choice, seed)
    if labelled:
        clusters = members.by_lens_fraction(clusters)
    images = _images_of(clusters, stacks)
    note = f"Shown: {members.RULES[choice]}."
    with style.paper():
        figure = _sheet(clusters, images, labelled, note)
        dpi = min(style.PNG_DPI, _MAX_PNG_PIXELS / figure.get_size_inches()[1])
        style.save_png(figure, png, dpi, trim=True)
        Path(pdf).parent.mkdir(parents=True, exist_ok=True)
        with PdfPages(pdf, metadata=style.pdf_metadata()) as pages:
            for start in range(0, len(clusters), CLUSTERS_PER_PAGE):
                page = clusters[start : start + CLUSTERS_PER_PAGE]
                pages.savefig(_sheet(page, images, labelled, note), bbox_inches="tight")


def _images_of(clusters, stacks):
    """Images of the members shown, by cluster number."""
    wanted = [key for cluster in clusters for key in cluster.keys]
    images = sources.stack_images(stacks, wanted) if wanted else np.zeros((0, 1, 1), np.float32)
    ends = np.cumsum([len(cluster.keys) for cluster in clusters])
    parts = np.split(images, ends[:-1])
    return {cluster.number: part for cluster, part in zip(clusters, parts, strict=True)}


def _sheet(clusters, images, labelled, note):
    n_rows = -(-len(clusters) // SHEET_COLUMNS)
    side = style.PAGE_INCHES / SHEET_COLUMNS
    height = n_rows * (side + 0.32) + 0.25
    figure = style.new_figure(style.PAGE_INCHES, height, images=True)
    grid = figure.subplots(n_rows, SHEET_COLUMNS, squeeze=False).ravel()
    for axes, cluster in zip(grid, clusters, strict=False):
        _draw_mosaic(axes, mosaic(images[cluster.number], 5, 5))
        axes.set_title(cluster_title(cluster, labelled), fontsize=8, pad=3)
    for axes in grid[len(clusters) :]:
        axes.set_axis_off()
    figure.supxlabel(note, fontsize=7)
    return figure


def _draw_mosaic(axes, canvas):
    colours = matplotlib.colormaps["gray_r"].with_extremes(bad="white")
    axes.imshow(canvas, cmap=colours, vmin=0, vmax=1, origin="lower", interpolation="antialiased")
    style.bare(axes)


def cluster_columns(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    stacks: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    variant: str,
    shards: Sequence[Path | str] = (),
    n_rows: int = 6,
    seed: int = 0,
) -> None:
    """Draw one column of members, chosen at random, for each chosen cluster (Figs. 10, 11, 12, A1).

    Parameters
    ----------
    embeddings, mixture, stacks, png, pdf
        See :func:`cluster_sheet`.
    variant : {"lens", "non_lens", "uncertain", "all"}
        Which clusters, see :func:`lensflow.figures.members.select`.
    shards : sequence of path-like
        Image shards of the dataset. With them (and ``/source_flux`` in them) a last row shows the
        first lens of each column without its lens galaxy (last row of Fig. 10).
    n_rows : int
        Members of each cluster.
    seed : int
        Seed of the choice of members.
    """
    clusters = members.read_clusters(embeddings, mixture, n_rows, seed=seed)
    chosen = members.select(clusters, variant)
    with style.paper():
        if not chosen:
            figure = style.new_figure(style.PAGE_INCHES, 0.8)
            style.sentence(figure, f"No cluster has {VARIANT_NAMES[variant]}.")
        else:
            images = _images_of(chosen, stacks)
            with_sources = bool(shards) and sources.has_dataset(shards, "images", "source_flux")
            if with_sources:
                images = _with_sources(chosen, images, shards, n_rows)
            note = f"Shown: {members.RULES['random']}."
            if with_sources:
                note += " Last row: the first lens of each column, its source alone."
            figure = columns_figure(
                chosen, images, n_rows + with_sources, note, with_share=variant == "lens"
            )
        style.save(figure, png, pdf, trim=True)


def _with_sources(clusters, images, shards, n_rows):
    """Append to the members of each cluster the source alone of the first lens among them."""
    extended = {}
    for cluster in clusters:
        part = images[cluster.number]
        blank = np.zeros((n_rows + 1, *part.shape[1:]), np.float32)
        blank[: len(part)] = part
        if 1 in cluster.is_lens:
            object_id, turns = cluster.keys[cluster.is_lens.index(1)]
            flux, sky_sigma = sources.dataset_images(shards, [object_id], "source_flux")
            scaled = rotate(scale(flux, sky_sigma, "log"), np.array([turns]))
            blank[n_rows] = _resampled(scaled[0], part.shape[1])
        extended[cluster.number] = blank
    return extended


def _resampled(image, size):
    """Nearest pixels at another size, for display beside binned images."""
    rows = ((np.arange(size) + 0.5) * image.shape[0] / size).astype(int)
    return image[np.ix_(rows, rows)]


def columns_figure(clusters, images, n_shown, note, with_share=False):
    """Return a figure of one column of images a cluster, in bands of ten, with a line of text.

    Parameters
    ----------
    clusters : sequence of Cluster
    images : dict of int to ndarray of shape (n, size, size)
        What is shown of each cluster, by its number.
    n_shown : int
        Images in a column.
    note : str
        Written below.
    with_share : bool
        Whether the title says which share of all lenses the cluster holds.
    """
    n_bands = -(-len(clusters) // COLUMNS_PER_BAND)
    n_columns = min(max(len(clusters), _FEWEST_COLUMNS), COLUMNS_PER_BAND)
    side = style.PAGE_INCHES / n_columns
    height = n_bands * (n_shown * side + 0.72) + 0.2
    figure = style.new_figure(style.PAGE_INCHES, height, images=True)
    grid = figure.subplots(n_bands, n_columns, squeeze=False).ravel()
    for axes, cluster in zip(grid, clusters, strict=False):
        _draw_mosaic(axes, mosaic(images[cluster.number], 1, n_shown))
        title = f"{cluster.number}\n{_fractions(cluster, chr(10))}"
        title += f"\n$F_{{len}}$ {cluster.lens_share:.2f}" if with_share else ""
        axes.set_title(title, fontsize=7.5, pad=3)
    for axes in grid[len(clusters) :]:
        axes.set_axis_off()
    figure.supxlabel(note, fontsize=7)
    return figure


def judged_examples(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    labels: Path | str,
    stacks: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    n_columns: int = 10,
    seed: int = 0,
) -> None:
    """Draw members of the clusters judged 0, 0.5 and 1 (Fig. 5), two rows of images each.

    Members are taken by turns from the clusters whose probability is nearest to each of the three
    values.

    Parameters
    ----------
    embeddings, mixture, stacks, png, pdf
        See :func:`cluster_sheet`.
    labels : path-like
        ``cluster_labels_<method>.csv``.
    n_columns : int
        Images in a row.
    seed : int
        Seed of the choice of members.
    """
    clusters = members.read_clusters(embeddings, mixture, 2 * n_columns, seed=seed)
    judged = pd.read_csv(labels).set_index("cluster")["probability"]
    names = {0.0: "non-lens", 0.5: "uncertain", 1.0: "lens"}
    with style.paper():
        height = 3 * (2 * style.PAGE_INCHES / n_columns + 0.25)
        figure = style.new_figure(style.PAGE_INCHES, height, images=True)
        for axes, (value, name) in zip(figure.subplots(3, 1), names.items(), strict=True):
            group = [c for c in clusters if _nearest(judged[c.number], names) == value]
            keys = by_turns([c.keys for c in group])[: 2 * n_columns]
            axes.set_title(f"{name} ($p$ = {value:.1f}): {_count(group)}", fontsize=8, pad=3)
            if keys:
                _draw_mosaic(axes, mosaic(sources.stack_images(stacks, keys), n_columns, 2))
            else:
                axes.text(0.5, 0.5, "none", ha="center", va="center", color=style.GREY)
                style.bare(axes)
        style.save(figure, png, pdf, trim=True)


def _count(clusters):
    return f"{len(clusters)} cluster{'' if len(clusters) == 1 else 's'}"


def _nearest(value, values):
    return min(values, key=lambda candidate: abs(candidate - value))


def by_turns(lists: Sequence[Sequence]) -> list:
    """Return the items of lists by turns: every first one, then every second one, and so on."""
    longest = max((len(items) for items in lists), default=0)
    return [items[place] for place in range(longest) for items in lists if place < len(items)]
