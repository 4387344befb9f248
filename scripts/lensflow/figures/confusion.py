"""Confusion matrices with their spread over runs (Figs. 9, 14)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.figures import style
from lensflow.files import tables


def confusion_matrix(
    metrics: Path | str, png: Path | str, pdf: Path | str, where: Mapping[str, object]
) -> None:
    """Draw the confusion matrix at p > 0.5 (Figs. 9, 14).

    Each quadrant shows the fraction of its true class as the mean over runs with the deviations of
    the maximum and the minimum, and below it the mean number of images.

    Parameters
    ----------
    metrics : path-like
        ``metrics.csv``.
    png, pdf : path-like
        Figures to write.
    where : mapping
        Scale, number of features, sample, labels and cut.
    """
    rows = tables.rows_where(pd.read_csv(metrics), where)
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 3.3)
        if len(rows):
            axes = figure.add_subplot(title=style.title(where))
            _draw_confusion(axes, rows)
        else:
            style.sentence(figure, f"No metrics for {tables.describe_rows(where)}.")
        style.save(figure, png, pdf)


def confusion_fractions(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return counts and fractions of each quadrant and run.

    Parameters
    ----------
    rows : DataFrame of n_runs rows
        With the columns tp, fp, fn and tn.

    Returns
    -------
    counts, fractions : ndarray of shape (n_runs, 2, 2)
        Indexed by run, true class and predicted class; fractions sum to 1 over the predicted class.
        A class without images has fractions NaN.
    """
    counts = rows[["tn", "fp", "fn", "tp"]].to_numpy(float).reshape(-1, 2, 2)
    totals = counts.sum(axis=2, keepdims=True)
    fractions = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    return counts, fractions


def _draw_confusion(axes, rows):
    counts, fractions = confusion_fractions(rows)
    mean = fractions.mean(axis=0)
    axes.imshow(mean, cmap="Greys", vmin=0, vmax=2.4)
    for true, predicted in np.ndindex(2, 2):
        over_runs = fractions[:, true, predicted]
        value = over_runs.mean()
        above, below = abs(over_runs.max() - value), abs(value - over_runs.min())
        text = f"${value:.3f}^{{+{above:.3f}}}_{{-{below:.3f}}}$"
        axes.text(predicted, true - 0.06, text, ha="center", va="center", fontsize=13)
        colour = style.BLUE if true == predicted else style.VERMILLION
        number = f"{counts[:, true, predicted].mean():,.0f}"
        axes.text(predicted, true + 0.24, number, ha="center", va="center", color=colour)
    names = ["0 (non-lens)", "1 (lens)"]
    axes.set_xticks([0, 1], names)
    axes.set_yticks([0, 1], names, rotation=90, va="center")
    axes.tick_params(which="both", length=0)
    axes.minorticks_off()
    axes.set_xlabel("predicted label")
    axes.set_ylabel("true label")
