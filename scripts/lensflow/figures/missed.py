"""Which lenses are found, by Einstein radius and by S/N of the lensed image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lensflow.evaluate.metrics import ABOVE
from lensflow.evaluate.missed import BEST, TITLES
from lensflow.figures import style
from lensflow.figures.finder import labels_title, ranking_rows

LOOKS = ((style.BLACK, "o", "-", -0.08), (style.VERMILLION, "s", "--", 0.08))
"""Colour, marker, line and shift of each of two selections."""


def missed_lenses(missed: Path | str, png: Path | str, pdf: Path | str, judgement: str) -> None:
    """Draw completeness by Einstein radius and by S/N, a row of panels a sample.

    Parameters
    ----------
    missed : path-like
        ``missed.csv``.
    png, pdf : path-like
        Figures to write.
    judgement : str
        The judgement that counts.
    """
    rows, labels = ranking_rows(missed, judgement)
    samples = rows["sample"].unique().tolist()
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 0.9 + 2.1 * max(1, len(samples)))
        if samples:
            figure.suptitle(labels_title(labels), fontsize=9)
            shown = rows["by"].unique()
            axes = figure.subplots(len(samples), len(shown), squeeze=False, sharey=True)
            for line, sample in zip(axes, samples, strict=True):
                for place, by in zip(line, shown, strict=True):
                    of_panel = rows[(rows["sample"] == sample) & (rows["by"] == by)]
                    draw_completeness(place, of_panel, (ABOVE, BEST))
                line[0].set_ylabel(f"completeness\n{style.sample_name(sample)}")
            handles, names = axes[0, 0].get_legend_handles_labels()
            figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=7)
        else:
            style.sentence(figure, "No sample here has lenses of known class.")
        style.save(figure, png, pdf)


def draw_completeness(axes: Axes, rows: pd.DataFrame, selections: Sequence[str]) -> None:
    """Draw the completeness of each bin, a line a selection.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    rows : DataFrame
        By one measure: columns selection, by, low, high, n_lens, completeness and its interval.
    selections : sequence of str
        Two at most; one without rows is left out.
    """
    axes.set_xlabel(TITLES[rows["by"].iloc[0]])
    for selection, (colour, marker, dashes, shift) in zip(selections, LOOKS, strict=False):
        bins = rows[rows["selection"] == selection]
        if bins.empty:
            continue
        x, y = np.arange(len(bins)) + shift, bins["completeness"]
        errors = [y - bins["completeness_low"], bins["completeness_high"] - y]
        axes.errorbar(
            x, y, errors, color=colour, marker=marker, ls=dashes, ms=3.5, capsize=2,
            elinewidth=0.7, lw=0.9, label=selection,
        )  # fmt: skip
        edges = bins[["low", "high", "n_lens"]].itertuples(index=False)
        axes.set_xticks(np.arange(len(bins)), [_bin_name(*one) for one in edges])
    axes.set_ylim(-0.04, 1.04)
    axes.tick_params(axis="x", which="minor", bottom=False, top=False)


def _bin_name(low, high, n_lens):
    if np.isinf(low):
        edges = f"$<${high:g}"
    else:
        edges = f"{low:g}+" if np.isinf(high) else f"{low:g}$-${high:g}"
    return f"{'unknown' if np.isnan(low) else edges}\n({n_lens})"
