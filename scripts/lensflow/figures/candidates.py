"""The best candidates of a dataset, as a sheet to look at."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lensflow.figures import sources, style
from lensflow.files import tables

N_BEST = 30
LONGEST_NAME = 21
"""Characters of an identifier over an image: those of a position, J123456.78+123456.7, and two."""
_COLUMNS = 6


def candidate_sheet(
    candidates: Path | str,
    shards: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    scaling: str,
    judgement: str,
    pixel_arcsec: float | None,
) -> None:
    """Draw the cutouts of the best candidates with identifier, rank and probability.

    Parameters
    ----------
    candidates : path-like
        ``candidates_<dataset>.csv``.
    shards : sequence of path-like
        Image shards of the dataset.
    png, pdf : path-like
        Figures to write.
    scaling : {"log", "linear"}
        Scale of images of one band; several are shown in colour.
    judgement : str
        Whose judgement of the clusters ranks them.
    pixel_arcsec : float or None
        Side of the pixels (arcsec) of all images of the dataset, where its kind says it; otherwise
        each image's WCS does.
    """
    best = tables.read_objects(candidates).sort_values("rank").head(N_BEST)
    with style.paper():
        if best.empty:
            figure = style.new_figure(style.PAGE_INCHES, 0.8)
            style.sentence(figure, "There is no candidate.")
        else:
            ids = best["id"].tolist()
            images, scales = sources.measured_pictures(shards, ids, scaling)
            if pixel_arcsec is not None:
                scales = np.full(len(ids), pixel_arcsec)
            figure = sheet(best, images, scales, style.title({"labels": judgement}))
        style.save(figure, png, pdf, trim=True)


def sheet(best: pd.DataFrame, images: np.ndarray, scales: np.ndarray, title: str) -> Figure:
    """Return a figure of cutouts with identifier, rank and probability.

    Parameters
    ----------
    best : DataFrame
        rank, id, and p_lens or log_density of each.
    images : ndarray of shape (n, size, size) or (n, size, size, 3)
        In [0, 1]; see `lensflow.figures.colour.shown_images`.
    scales : ndarray of shape (n,)
        Sides of their pixels (arcsec); NaN where that is not known, and no bar is drawn.
    title : str
    """
    n_rows = -(-len(best) // _COLUMNS)
    side = style.PAGE_INCHES / _COLUMNS
    figure = style.new_figure(style.PAGE_INCHES, n_rows * (side + 0.3) + 0.2, images=True)
    figure.suptitle(title)
    grid = figure.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
    for axes, image, scale, row in zip(grid, images, scales, best.itertuples(), strict=False):
        style.show_image(axes, image)
        lines = f"{style.literal(_short(row.id))}\n{row.rank}: {_score(row)}"
        axes.set_title(lines, fontsize=7, pad=2)
        if np.isfinite(scale):
            _draw_scale_bar(axes, image.shape[0], scale)
    for axes in grid[len(best) :]:
        axes.set_axis_off()
    return figure


def _draw_scale_bar(axes, size: int, scale: float) -> None:
    """Draw a bar of one arcsecond in the lower left corner of an image of ``size`` pixels."""
    length, margin = 1 / scale, 0.06 * size
    axes.plot([margin, margin + length], [margin, margin], color=style.VERMILLION, lw=1.4)
    axes.text(
        margin + length / 2, margin + 0.03 * size, "1$^{\\prime\\prime}$",
        ha="center", va="bottom", fontsize=6.5, color=style.VERMILLION,
    )  # fmt: skip


def _score(row) -> str:
    """Return what a candidate is ranked by: where nobody judged there is no probability."""
    if hasattr(row, "p_lens"):
        return f"$p$ = {row.p_lens:.3f}"
    return f"log density {row.log_density:.1f}"


def _short(name: str) -> str:
    """Return an identifier that fits over an image: the ends of a long one."""
    return name if len(name) <= LONGEST_NAME else f"{name[:9]}...{name[-9:]}"
