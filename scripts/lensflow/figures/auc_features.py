"""AUC against the number of features (Fig. 7)."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.ticker import MaxNLocator

from lensflow.figures import style
from lensflow.files import tables

SCALE_LOOKS = {
    "log": (style.BLACK, "-", "o"),
    "linear": (style.ORANGE, "--", "s"),
    "sigma": (style.BLUE, "-.", "D"),
}


def auc_by_features(
    metrics_summary: Path | str, png: Path | str, pdf: Path | str, where: Mapping[str, object]
) -> None:
    """Draw the AUC against the number of features, one line a scale, band from min to max (Fig. 7).

    Parameters
    ----------
    metrics_summary : path-like
        The table of that name.
    png, pdf : path-like
        Figures to write.
    where : mapping
        Sample, labels and cut.
    """
    rows = tables.rows_where(pd.read_csv(metrics_summary), {**where, "metric": "auc"})
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 2.6)
        if len(rows):
            axes = figure.add_subplot()
            _draw_auc(axes, rows)
            axes.set_title(style.title(where))
        else:
            style.sentence(figure, f"No AUC for {tables.describe_rows(where)}.")
        style.save(figure, png, pdf)


def _draw_auc(axes, rows):
    for name, (colour, dashes, marker) in SCALE_LOOKS.items():
        line = rows[rows["scale"] == name].sort_values("n_features")
        if line.empty:
            continue
        x, mean = line["n_features"].to_numpy(), line["mean"].to_numpy()
        low, high = line["min"].to_numpy(), line["max"].to_numpy()
        axes.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
        axes.errorbar(
            x, mean, [mean - low, high - mean], color=colour, ls=dashes, marker=marker, ms=3.5,
            capsize=2, elinewidth=0.7, label=f"{name} scale",
        )  # fmt: skip
    for level in (0.80, 0.85):
        axes.axhline(level, color=style.GREY, ls=":", lw=0.8)
    low, high = min(rows["min"].min(), 0.79), max(rows["max"].max(), 0.86)
    axes.set_ylim(max(0, low - 0.02), min(1, high + 0.02))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.set_xlabel("number of features")
    axes.set_ylabel("AUC")
    axes.legend(loc="lower right")
