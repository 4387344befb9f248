"""AUC of shuffled labels (the null) beside that of the true ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from lensflow.evaluate.null import mean_of_null
from lensflow.figures import style
from lensflow.files import tables


def null_distribution(
    null: Path | str,
    metrics: Path | str,
    png: Path | str,
    pdf: Path | str,
    where: Mapping[str, object],
) -> None:
    """Draw the AUC that shuffled labels give beside the AUC of the true ones.

    Parameters
    ----------
    null : path-like
        ``null.csv``.
    metrics : path-like
        ``metrics.csv``.
    png, pdf : path-like
        Figures to write.
    where : mapping
        The rows of ``metrics`` that the shuffled labels are compared with: scale, number of
        features, sample, labels and cut.
    """
    model = {key: where[key] for key in ("scale", "n_features")}
    shuffles = tables.rows_where(pd.read_csv(null), model)
    true = tables.rows_where(pd.read_csv(metrics), where)["auc"].to_numpy(float)
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 2.3)
        if len(shuffles):
            axes = figure.add_subplot(title=style.title(where))
            _draw_null(axes, shuffles, true)
            # Without a held-out sample the true labels are those of the training sample itself.
            axes.set_xlabel("AUC" if where["sample"] == "train" else "held-out AUC")
        else:
            style.sentence(figure, "No shuffle was made.")
        style.save(figure, png, pdf)


def _draw_null(axes, shuffles, true):
    shuffled, null = shuffles["auc"].to_numpy(float), mean_of_null(shuffles)
    spread = max(np.abs(shuffled - 0.5).max() * 1.2, 0.01)
    axes.hist(shuffled, bins=np.linspace(0.5 - spread, 0.5 + spread, 16), color=style.SKY, lw=0)
    axes.axvline(0.5, color=style.GREY, ls=":", lw=0.8)
    label = f"shuffled: {null.auc:.3f} $\\pm$ {null.error:.3f} ({null.n_shuffles} shuffles)"
    axes.plot([], [], color=style.SKY, lw=5, label=label)
    for place, value in enumerate(true):
        name = f"true labels: {true.mean():.3f} (mean of {len(true)})" if place == 0 else None
        axes.axvline(value, color=style.VERMILLION, lw=1.1, label=name)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.55)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_ylabel("shuffles")
    axes.legend(loc="upper left", fontsize=7)
