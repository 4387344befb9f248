"""Which lenses are found, by Einstein radius and by S/N of the lensed image."""

from pathlib import Path

import numpy as np

from lensflow.evaluate.missed import ABOVE, BEST
from lensflow.evaluate.ranked import RADIUS
from lensflow.figures import style
from lensflow.figures.finder import labels_title, ranking_rows

LOOKS = {ABOVE: (style.BLACK, "o", "-", -0.08), BEST: (style.VERMILLION, "s", "--", 0.08)}
MEASURES = {RADIUS: "Einstein radius (arcsec)", "snr": "S/N of the lensed image"}


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
            axes = figure.subplots(len(samples), len(MEASURES), squeeze=False, sharey=True)
            for line, sample in zip(axes, samples, strict=True):
                for place, (by, name) in zip(line, MEASURES.items(), strict=True):
                    _draw(place, rows[(rows["sample"] == sample) & (rows["by"] == by)])
                    place.set_xlabel(name)
                line[0].set_ylabel(f"completeness\n{style.sample_name(sample)}")
            handles, names = axes[0, 0].get_legend_handles_labels()
            figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=7)
        else:
            style.sentence(figure, "No sample here has lenses of known class.")
        style.save(figure, png, pdf)


def _draw(axes, rows):
    for selection, (colour, marker, dashes, shift) in LOOKS.items():
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
        names = [_bin_name(*one) for one in edges]
        axes.set_xticks(np.arange(len(bins)), names)
    axes.set_ylim(-0.04, 1.04)
    axes.tick_params(axis="x", which="minor", bottom=False, top=False)


def _bin_name(low, high, n_lens):
    edges = f"{low:g}+" if np.isinf(high) else f"{low:g}$-${high:g}"
    return f"{'unknown' if np.isnan(low) else edges}\n({n_lens})"
