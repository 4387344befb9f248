"""ROC curves with their bands over runs (Figs. 8, 13, 16)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.evaluate.resampling import TABLE1_RATIOS, ratio_sample
from lensflow.evaluate.selection import CUT, MIN_PIXELS, MIN_SNR, UNCUT
from lensflow.figures import style
from lensflow.files import tables

RATIO_NAMES = {ratio_sample("test", ratio): f"1:{ratio}" for ratio in TABLE1_RATIOS}
CUT_NAMES = {
    UNCUT: "before the cut",
    CUT: f"after the cut (N > {MIN_PIXELS}, S/N > {MIN_SNR})",
}


def roc_curves(
    roc: Path | str,
    metrics_summary: Path | str,
    png: Path | str,
    pdf: Path | str,
    compare: str,
    where: Mapping[str, object],
    values: Sequence[object] = (),
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
    compare : {"labels", "cut", "sample"}
        The column that differs between curves.
    where : mapping
        Values of the other columns.
    values : sequence
        Values of ``compare`` to draw, in this order; empty for all, in the table's order.
    """
    table, metrics = pd.read_csv(roc), pd.read_csv(metrics_summary)
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 3.25)
        draw_roc(figure, table, metrics, compare, where, values)
        style.save(figure, png, pdf)


def draw_roc(figure, table, metrics, compare, where, values=(), axes=None) -> None:
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
        label = _name(compare, value)
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
        return JUDGEMENTS[value].colour, JUDGEMENTS[value].dashes
    return style.look(place)


def _name(compare, value):
    if compare == "labels":
        return JUDGEMENTS[value].short
    if compare == "cut":
        return CUT_NAMES.get(value, value)
    return RATIO_NAMES.get(value, str(value))
