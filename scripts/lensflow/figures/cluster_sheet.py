"""25 members of every cluster: what a person judges."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages

from lensflow.cluster.judgements import N_INSPECTED
from lensflow.figures import members, style
from lensflow.figures.members import Cluster
from lensflow.figures.mosaics import draw_mosaic, fractions, images_of, mosaic
from lensflow.files import writing

SHEET_COLUMNS = 3
CLUSTERS_PER_PAGE = 9
_MAX_PNG_PIXELS = 60_000


def cluster_title(cluster: Cluster, labelled: bool) -> str:
    """Return what is written above a cluster: without ``labelled``, nothing that labels tell."""
    title = f"cluster {cluster.number}: {cluster.n_members:,} members"
    if not labelled or np.isnan(cluster.lens_fraction):
        return title
    share = "" if np.isnan(cluster.lens_share) else f", $F_{{len}}$ {cluster.lens_share:.2f}"
    return f"{title}\n{fractions(cluster, ', ')}{share}"


def cluster_sheet(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    stacks: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    labelled: bool,
    seed: int,
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
    seed : int
        Seed of the random choice: the one given to the stage that labels the clusters.
    """
    clusters = members.read_clusters(embeddings, mixture, N_INSPECTED, seed)
    if labelled:
        clusters = members.by_lens_fraction(clusters)
    images = images_of(clusters, stacks)
    with style.paper():
        figure = _sheet(clusters, images, labelled)
        dpi = min(style.PNG_DPI, _MAX_PNG_PIXELS / figure.get_size_inches()[1])
        style.save_png(figure, png, dpi, trim=True)
        metadata = style.pdf_metadata()
        with writing.replacing(pdf) as partial, PdfPages(partial, metadata=metadata) as pages:
            for start in range(0, len(clusters), CLUSTERS_PER_PAGE):
                page = clusters[start : start + CLUSTERS_PER_PAGE]
                pages.savefig(_sheet(page, images, labelled), bbox_inches="tight")


def _sheet(clusters, images, labelled):
    n_rows = -(-len(clusters) // SHEET_COLUMNS)
    side = style.PAGE_INCHES / SHEET_COLUMNS
    height = n_rows * (side + 0.32) + 0.25
    figure = style.new_figure(style.PAGE_INCHES, height, images=True)
    grid = figure.subplots(n_rows, SHEET_COLUMNS, squeeze=False).ravel()
    for axes, cluster in zip(grid, clusters, strict=False):
        draw_mosaic(axes, mosaic(images[cluster.number], 5, 5))
        axes.set_title(cluster_title(cluster, labelled), fontsize=8, pad=3)
    for axes in grid[len(clusters) :]:
        axes.set_axis_off()
    figure.supxlabel(members.SHOWN, fontsize=7)
    return figure
