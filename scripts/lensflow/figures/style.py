"""How every figure looks, and how it is saved.

Sizes are those of an MNRAS page, colours are those of Okabe & Ito (safe for colour-blind readers),
and each meaning keeps its colour and line style in every figure. Figures are made without pyplot,
so no state survives from one to the next.
"""

import logging

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.files import writing

# The fonts of a PDF are cut to the letters used, which is told at length.
logging.getLogger("fontTools").setLevel(logging.WARNING)

COLUMN_INCHES = 3.3
PAGE_INCHES = 6.9
PNG_DPI = 200

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#7F7F7F"

# Yellow is left out: it cannot be read as a thin line on white.
CYCLE = (BLACK, ORANGE, BLUE, GREEN, VERMILLION, SKY, PURPLE)
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))

METRIC_NAMES = {
    "auc": "AUC",
    "tpr0": r"TPR$_0$",
    "tpr10": r"TPR$_{10}$",
    "recall": "recall",
    "precision": "precision",
    "f1": "f1 score",
    "accuracy": "accuracy",
}

RC = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.1,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "figure.dpi": 100,
    "savefig.dpi": PNG_DPI,
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
}


def look(place):
    """Return colour and line style of the curve at a place among curves without a meaning."""
    return CYCLE[place % len(CYCLE)], DASHES[place % len(DASHES)]


def sample_name(sample):
    """Return what a figure calls a sample: a dataset that the models are applied to by its name."""
    return {"train": "training sample", "test": "held-out objects"}.get(sample, sample)


def title(where):
    """Return a figure's title from its selection: the sample, and how clusters were judged."""
    parts = [sample_name(where["sample"])] if "sample" in where else []
    if "labels" in where:
        parts.append(JUDGEMENTS[where["labels"]].title)
    return "\n".join(parts)


def paper():
    """Return the context in which figures are drawn and saved: defaults, then :data:`RC`.

    A user's own matplotlibrc cannot change what the workflow makes.
    """
    return matplotlib.rc_context({**matplotlib.rcParamsDefault, "backend": "agg", **RC})


def new_figure(width=COLUMN_INCHES, height=2.6, images=False):
    """Return an empty figure of a size in inches, laid out so that nothing overlaps.

    With ``images`` the axes, whose shape is fixed, are moved together.
    """
    return Figure(figsize=(width, height), layout="compressed" if images else "constrained")


def save(figure, png, pdf, trim=False):
    """Write a figure as PNG and PDF with bytes that depend on its content only.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    png, pdf : path-like
        Where to write; folders are made.
    trim : bool
        Whether to cut off white margins: for sheets of images, whose shape leaves some.
    """
    save_png(figure, png, trim=trim)
    with writing.replacing(pdf) as partial:
        figure.savefig(partial, format="pdf", metadata=pdf_metadata(), **_margins(trim))


def save_png(figure, png, dpi=PNG_DPI, trim=False):
    """Write the PNG of a figure, without the name and version of the software."""
    plain = {"metadata": {"Software": None}, **_margins(trim)}
    with writing.replacing(png) as partial:
        figure.savefig(partial, format="png", dpi=dpi, **plain)


def _margins(trim):
    return {"bbox_inches": "tight", "pad_inches": 0.03} if trim else {}


def pdf_metadata():
    """Return the metadata that keeps a PDF free of dates and software versions."""
    return {"CreationDate": None, "Creator": "lensflow", "Producer": None}


def show_image(axes, image, limits=(0.0, 1.0), inverted=True):
    """Draw one cutout as the sky is drawn: first row at the bottom, no ticks.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    image : ndarray, shape (size, size), or (size, size, 3) in colour
    limits : tuple of float or None
        Values shown as empty sky and as the brightest; None takes the image's own range. Colours
        are shown as they are.
    inverted : bool
        Dark objects on a white sky, as the paper's author shows them.
    """
    low, high = limits if limits is not None else (float(np.min(image)), float(np.max(image)))
    axes.imshow(
        image,
        cmap="gray_r" if inverted else "gray",
        vmin=low,
        vmax=high if high > low else low + 1.0,
        origin="lower",
        interpolation="nearest",
    )
    bare(axes)


def bare(axes):
    """Remove the ticks of an axes and thin its frame: for images."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.minorticks_off()
    for spine in axes.spines.values():
        spine.set_linewidth(0.4)
        spine.set_color(GREY)


def unit_square(axes, x_label="false positive rate", y_label="true positive rate"):
    """Set up axes that show two rates between 0 and 1 at the same scale."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MultipleLocator(0.2))
    axes.yaxis.set_major_locator(MultipleLocator(0.2))
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)


def literal(text):
    """Return a name as a figure has to be given it: what stands between $ is no mathematics."""
    return str(text).replace("$", r"\$")


def sentence(figure, text):
    """Write one sentence where a figure has nothing to show, so that no file is ever empty."""
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True, color=GREY, fontsize=9)
