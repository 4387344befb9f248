"""Numbers with their spread over runs: label methods, confusion matrices, baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import tables
from lensflow.figures import style
from lensflow.figures.roc import draw_roc

BAR_METRICS = ("recall", "precision", "f1", "accuracy")
REPRESENTATIONS = {
    "autoencoder": ("autoencoder", style.BLACK, "o"),
    "pca_raw": ("PCA of the images", style.BLUE, "s"),
    "pca_denoised": ("PCA of the denoised images", style.ORANGE, "D"),
    "pca_raw_d4": ("PCA of the images, mean over views", style.SKY, "^"),
    "pca_denoised_d4": ("PCA of the denoised images, mean over views", style.VERMILLION, "v"),
}


def label_methods(
    roc: Path | str,
    metrics_summary: Path | str,
    png: Path | str,
    pdf: Path | str,
    where: Mapping[str, object],
) -> None:
    """Compare the ways of labelling clusters (Fig. 8): ROC curves left, metrics right.

    Parameters
    ----------
    roc, metrics_summary : path-like
        Tables of the experiment.
    png, pdf : path-like
        Figures to write.
    where : mapping
        Scale, number of features, sample and cut.
    """
    table, metrics = pd.read_csv(roc), pd.read_csv(metrics_summary)
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 3.2)
        rows = tables.rows_where(metrics, where)
        methods = [method for method in style.METHODS if (rows["labels"] == method).any()]
        if methods:
            left, right = figure.subplots(1, 2, width_ratios=[1, 1.05])
            draw_roc(figure, table, metrics, "labels", where, methods, axes=left)
            _draw_bars(right, rows, methods)
        else:
            style.sentence(figure, f"No metrics for {tables.describe_rows(where)}.")
        style.save(figure, png, pdf)


def _draw_bars(axes, rows, methods):
    width = 0.8 / len(methods)
    for place, method in enumerate(methods):
        chosen = [tables.metric_row(rows, metric, {"labels": method}) for metric in BAR_METRICS]
        mean, low, high = (
            np.array([np.nan if row is None else row[column] for row in chosen])
            for column in ("mean", "min", "max")
        )
        x = np.arange(len(BAR_METRICS)) + (place - (len(methods) - 1) / 2) * width
        colour = style.METHOD_COLOURS[method]
        axes.bar(x, mean, width * 0.92, color=colour, alpha=0.35, label=style.METHOD_NAMES[method])
        errors = np.abs([mean - low, high - mean])
        axes.errorbar(x, mean, errors, fmt="none", ecolor="black", elinewidth=0.9, capsize=2.5)
        for left, value, top in zip(x, mean, high, strict=True):
            if np.isfinite(value):
                axes.text(left, top + 0.015, f"{value:.2f}", ha="center", fontsize=7)
    axes.set_xticks(range(len(BAR_METRICS)), [style.METRIC_NAMES[name] for name in BAR_METRICS])
    axes.tick_params(axis="x", which="both", length=0)
    axes.set_ylim(0, 1.28)
    axes.set_yticks(np.arange(0, 1.01, 0.2))
    axes.set_ylabel(r"value at $p > 0.5$")
    axes.legend(loc="upper left", fontsize=7)


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


def baseline_comparison(
    metrics: Path | str,
    baselines: Path | str,
    png: Path | str,
    pdf: Path | str,
    where: Mapping[str, object],
    metric: str = "auc",
) -> None:
    """Compare the autoencoder with principal components of the same number: mean, min and max.

    Parameters
    ----------
    metrics, baselines : path-like
        ``metrics.csv`` and ``baselines.csv``.
    png, pdf : path-like
        Figures to write.
    where : mapping
        Sample, labels and whatever else; without a cut unless one is named.
    metric : str
        Column compared.
    """
    where = {"cut": "none", **where}
    ours = tables.rows_where(pd.read_csv(metrics), where).assign(representation="autoencoder")
    theirs = tables.rows_where(pd.read_csv(baselines), where)
    table = pd.concat([ours, theirs], ignore_index=True)
    settings = [tuple(row) for row in table[["scale", "n_features"]].drop_duplicates().to_numpy()]
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 1.5 + 0.35 * len(settings))
        if len(settings):
            _draw_baselines(figure, table, settings, metric)
        else:
            style.sentence(figure, f"No metrics for {tables.describe_rows(where)}.")
        style.save(figure, png, pdf)


def _draw_baselines(figure, table, settings: Sequence[tuple[str, int]], metric):
    axes = figure.add_subplot()
    shown = [name for name in REPRESENTATIONS if (table["representation"] == name).any()]
    for place, name in enumerate(shown):
        label, colour, marker = REPRESENTATIONS[name]
        chosen = table[table["representation"] == name]
        spread = chosen.groupby(["scale", "n_features"])[metric].agg(["mean", "min", "max"])
        spread = spread.reindex(settings)
        y = np.arange(len(settings)) + (place - (len(shown) - 1) / 2) * 0.2
        mean = spread["mean"].to_numpy()
        errors = [mean - spread["min"].to_numpy(), spread["max"].to_numpy() - mean]
        axes.errorbar(
            mean, y, xerr=errors, fmt=marker, color=colour, ms=4, capsize=2, lw=1, label=label
        )
    axes.set_yticks(range(len(settings)), [f"{scale}, {d} features" for scale, d in settings])
    axes.tick_params(axis="y", which="both", length=0)
    axes.set_ylim(len(settings) - 0.5, -0.5)
    axes.set_xlabel(f"{style.METRIC_NAMES[metric]} (mean, min and max over runs)")
    figure.legend(loc="outside upper left", fontsize=7, ncols=1)
