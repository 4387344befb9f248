"""Purity against completeness at the lens fractions of surveys."""

from pathlib import Path

import numpy as np

from lensflow.evaluate.columns import DENSITY
from lensflow.evaluate.rates import LENS_FRACTIONS, PURE, best
from lensflow.figures import style
from lensflow.figures.finder import labels_title, ranking_rows, sample_panels

MARKS = {best(0.001): "s", best(0.01): "o"}


def rate_curves(rates: Path | str, png: Path | str, pdf: Path | str, judgement: str) -> None:
    """Draw purity against completeness of longer and longer lists, a curve a lens fraction.

    Parameters
    ----------
    rates : path-like
        ``rates.csv``.
    png, pdf : path-like
        Figures to write.
    judgement : str
        The judgement that counts. Density alone is drawn beside it.
    """
    rows, labels = ranking_rows(rates, judgement)
    density, _ = ranking_rows(rates, DENSITY)
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 3.4)
        if len(rows):
            samples, axes = sample_panels(figure, rows, 1, sharey=True)
            figure.suptitle(labels_title(labels), fontsize=9)
            for place, sample in zip(axes[0], samples, strict=True):
                _draw_sample(place, rows[rows["sample"] == sample], sample)
                if labels != DENSITY:
                    _draw_density(place, density[density["sample"] == sample])
            axes[0, 0].set_ylabel("purity")
            _legend(figure, axes[0], labels)
        else:
            style.sentence(figure, "No sample here has lenses and non-lenses of known class.")
        style.save(figure, png, pdf)


def _draw_sample(axes, rows, sample):
    for place, (fraction, curve) in enumerate(_curves(rows)):
        colour = _colour(place, fraction)
        label = "as it is" if place == 0 else f"{100 * fraction:g} %"
        x, y = curve["completeness"], curve["purity"]
        axes.fill_between(
            x, curve["purity_low"], curve["purity_high"], color=colour, alpha=0.15, lw=0
        )
        axes.plot(x, y, color=colour, label=label)
        for selection, marker in MARKS.items():
            one = curve[curve["selection"] == selection]
            axes.plot(one["completeness"], one["purity"], marker, color=colour, ms=4, mfc="white")
    axes.set_yscale("log")
    axes.set_ylim(5e-5, 1.5)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("completeness")


def _draw_density(axes, rows):
    for place, (fraction, curve) in enumerate(_curves(rows)):
        look = {"color": _colour(place, fraction), "ls": ":", "lw": 0.9}
        axes.plot(curve["completeness"], curve["purity"], **look)


def _colour(place, fraction):
    """Return the colour of a lens fraction, the same for every sample.

    A sample of which 1 % are lenses has one curve fewer: as it is, and at 1 %, are the same.
    """
    return style.CYCLE[0 if place == 0 else 1 + LENS_FRACTIONS.index(fraction)]


def _curves(rows):
    """Yield each lens fraction, in the order of the table, with its lists of growing length."""
    lists = rows[rows["selection"] != PURE]
    for fraction in lists["lens_fraction"].unique():
        yield fraction, lists[lists["lens_fraction"] == fraction].sort_values("n_selected")


def _legend(figure, axes, labels):
    fullest = max(axes, key=lambda place: len(place.get_legend_handles_labels()[1]))
    handles, names = fullest.get_legend_handles_labels()
    for selection, marker in MARKS.items():
        handles += fullest.plot(np.nan, np.nan, marker, color=style.BLACK, ms=4, mfc="white")
        names.append(selection)
    if labels != DENSITY:
        handles += fullest.plot(np.nan, np.nan, color=style.BLACK, ls=":", lw=0.9)
        names.append("by density alone")
    place = {"loc": "outside right center", "fontsize": 7, "title_fontsize": 7}
    figure.legend(handles, names, title="lenses", **place)
