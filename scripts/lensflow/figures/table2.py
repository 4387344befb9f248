"""The methods of the Lens Finding Challenge and ours (table 2)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.figures import style

PANELS = {"auc": (0.6, 1.0), "tpr0": (-0.02, 0.45), "tpr10": (-0.02, 0.45)}
# Who is shown how: other methods, the paper's, ours.
LOOKS = {
    "others": (style.GREY, "o", "other methods, published"),
    "paper": (style.BLACK, "D", "Cheng et al. (2020)"),
    "ours": (style.VERMILLION, "s", "this run, min to max over runs"),
}


def method_table(table2: Path | str, png: Path | str, pdf: Path | str) -> None:
    """Draw AUC, TPR0 and TPR10 of every method, a row each, in the order of the table.

    Parameters
    ----------
    table2 : path-like
        The table of the paper with our rows.
    png, pdf : path-like
        Figures to write.
    """
    rows = pd.read_csv(table2)
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 0.9 + 0.17 * len(rows))
        panels = figure.subplots(1, 3, sharey=True, width_ratios=[1.3, 1, 1])
        for axes, (metric, limits) in zip(panels, PANELS.items(), strict=True):
            _draw_panel(axes, rows, metric, limits)
        panels[0].set_yticks(range(len(rows)), rows["name"], fontsize=7)
        panels[0].set_ylim(len(rows) - 0.5, -0.5)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=7)
        style.save(figure, png, pdf)


def kind_of(name: str, source: str) -> str:
    """Return whose row it is: a key of `LOOKS`."""
    if source != "published":
        return "ours"
    return "paper" if name.endswith("Unsupervised technique") else "others"


def _draw_panel(axes, rows, metric, limits):
    kinds = [kind_of(*row) for row in rows[["name", "source"]].itertuples(index=False)]
    value = rows[metric].to_numpy(float)
    low, high = (rows[f"{metric}_{end}"].to_numpy(float) for end in ("min", "max"))
    for kind, (colour, marker, label) in LOOKS.items():
        y = np.flatnonzero([k == kind for k in kinds])
        axes.plot(value[y], y, marker, ms=4, color=colour, label=label)
    # Only this run's rows have a range.
    axes.errorbar(
        value,
        np.arange(len(rows)),
        xerr=[value - low, high - value],
        fmt="none",
        ecolor=LOOKS["ours"][0],
        capsize=2,
    )
    # The training set stands apart, as in the paper.
    starred = int(rows["name"].str.startswith("*").sum())
    axes.axhline(len(rows) - starred - 0.5, color=style.GREY, lw=0.6, ls=":")
    axes.set_xlim(min(limits[0], np.nanmin(value) - 0.02), max(limits[1], np.nanmax(value) + 0.02))
    axes.set_xlabel(style.METRIC_NAMES[metric])
    axes.tick_params(axis="y", which="both", length=0)
    axes.grid(axis="y", color="0.92", lw=0.6)
    axes.set_axisbelow(True)
