"""ROC and metrics by who judged the clusters (Fig. 8)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.figures import style
from lensflow.figures.roc import draw_roc
from lensflow.files import tables

BAR_METRICS = ("recall", "precision", "f1", "accuracy")


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
        # The one that needs most labels first: the others are measured against it.
        methods = [name for name in reversed(JUDGEMENTS) if (rows["labels"] == name).any()]
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
        look = JUDGEMENTS[method]
        axes.bar(x, mean, width * 0.92, color=look.colour, alpha=0.35, label=look.title)
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
