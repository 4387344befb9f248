"""ROC curves with their bands over runs (Figs. 8, 13, 16)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lensflow import tables
from lensflow.figures import style

# Samples at the ratios of table 1 are called <sample>_1to<ratio>.
_RATIO = re.compile(r"_1to(\d+)$")
CUT_NAMES = {"none": "before the cut", "n100_snr50": "after the cut (N > 100, S/N > 50)"}


def roc_curves(
    roc: Path | str,
    metrics_summary: Path | str,
    png: Path | str,
    pdf: Path | str,
    compare: str,
    where: Mapping[str, object],
    values: Sequence[object] = (),
    names: Mapping[str, str] | None = None,
) -> None:
    """Draw one ROC curve for each value of one column: mean over runs, band from min to max.

    Parameters
    ----------
    roc : path-like
        ``roc.csv``.
    metrics_summary : path-like
        The table, for the AUC in the legend.
    png, pdf : path-like
        Figures to write.
    compare : {"labels", "cut", "sample", "scale", "n_features"}
        The column that differs between curves.
    where : mapping
        Values of the other columns.
    values : sequence
        Values of ``compare`` to draw, in this order; empty for all, in the table's order.
    names : mapping of str to str
        What the legend calls a value.
    """
    table, metrics = pd.read_csv(roc), pd.read_csv(metrics_summary)
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 3.25)
        draw_roc(figure, table, metrics, compare, where, values, names or {})
        style.save(figure, png, pdf)


def draw_roc(figure, table, metrics, compare, where, values=(), names=None, axes=None) -> None:
    """Draw the curves of :func:`roc_curves` into a figure, or into one of its axes."""
    rows = tables.rows_where(table, where)
    present = rows[compare].unique().tolist()
    shown = [value for value in (values or present) if value in present]
    if not shown:
        style.sentence(figure, f"No ROC curve for {tables.describe_rows(where)}.")
        return
    axes = axes or figure.add_subplot()
    for place, value in enumerate(shown):
        curve = rows[rows[compare] == value].sort_values(["fpr", "tpr_mean"])
        colour, dashes = _look(compare, value, place)
        auc = tables.metric_row(metrics, "auc", {**where, compare: value})
        label = (names or {}).get(str(value)) or _name(compare, value)
        label += f" (AUC {auc['mean']:.3f})" if auc is not None else ""
        axes.plot(curve["fpr"], curve["tpr_mean"], color=colour, ls=dashes, label=label)
        axes.fill_between(
            curve["fpr"], curve["tpr_min"], curve["tpr_max"], color=colour, alpha=0.2, lw=0
        )
    axes.plot([0, 1], [0, 1], color=style.GREY, lw=0.6, ls=":")
    style.unit_square(axes)
    axes.set_title(style.title(where))
    axes.legend(loc="lower right", fontsize=7)


def _look(compare, value, place):
    if compare == "labels":
        return style.METHOD_COLOURS[value], style.METHOD_DASHES[value]
    n = len(style.CYCLE)
    return style.CYCLE[place % n], style.DASHES[place % n]


def _name(compare, value):
    if compare == "labels":
        return style.METHOD_SHORT_NAMES[value]
    if compare == "cut":
        return CUT_NAMES.get(value, value)
    if ratio := _RATIO.search(str(value)):
        return f"1:{ratio.group(1)}"
    return f"{value} features" if compare == "n_features" else str(value)
