"""The encoder beside principal components."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.figures import style
from lensflow.files import tables

OURS = "encoder"
BASELINES = {
    "pca_raw": ("PCA of the images", style.BLUE, "s"),
    "pca_denoised": ("PCA of the denoised images", style.ORANGE, "D"),
    "pca_raw_d4": ("PCA of the images, mean over views", style.SKY, "^"),
    "pca_denoised_d4": ("PCA of the denoised images, mean over views", style.VERMILLION, "v"),
}


def baseline_comparison(
    metrics: Path | str,
    baselines: Path | str,
    png: Path | str,
    pdf: Path | str,
    where: Mapping[str, object],
    encoder: str,
) -> None:
    """Compare the AUC with that of as many principal components: mean, min and max.

    Parameters
    ----------
    metrics, baselines : path-like
        ``metrics.csv`` and ``baselines.csv``.
    png, pdf : path-like
        Figures to write.
    where : mapping
        Sample, labels, cut and whatever else.
    encoder : str
        What the experiment's encoder is called.
    """
    ours = tables.rows_where(pd.read_csv(metrics), where).assign(representation=OURS)
    theirs = tables.rows_where(pd.read_csv(baselines), where)
    table = pd.concat([ours, theirs], ignore_index=True)
    settings = [tuple(row) for row in table[["scale", "n_features"]].drop_duplicates().to_numpy()]
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 1.8 + 0.35 * len(settings))
        if len(settings):
            looks = {OURS: (encoder, style.BLACK, "o"), **BASELINES}
            _draw_baselines(figure, table, settings, style.title(where), looks)
        else:
            style.sentence(figure, f"No metrics for {tables.describe_rows(where)}.")
        style.save(figure, png, pdf)


def _draw_baselines(figure, table, settings: Sequence[tuple[str, int]], title, looks):
    axes = figure.add_subplot(title=title)
    shown = [name for name in looks if (table["representation"] == name).any()]
    for place, name in enumerate(shown):
        label, colour, marker = looks[name]
        chosen = table[table["representation"] == name]
        spread = chosen.groupby(["scale", "n_features"])["auc"].agg(["mean", "min", "max"])
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
    axes.set_xlabel(f"{style.METRIC_NAMES['auc']} (mean, min and max over runs)")
    figure.legend(loc="outside upper left", fontsize=7, ncols=1)
