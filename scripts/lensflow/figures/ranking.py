"""Purity and completeness of the best N images, for samples with rarer and rarer lenses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.figures import style


def ranking_curves(
    samples: Mapping[str, Sequence[Path | str]],
    png: Path | str,
    pdf: Path | str,
    labels: str = "stand_in",
) -> None:
    """Draw purity and completeness among the N images of highest probability.

    Parameters
    ----------
    samples : mapping of str to sequence of path-like
        Name of each sample and its ``scores_<sample>.csv``, one a run.
    png, pdf : path-like
        Figures to write.
    labels : {"known", "stand_in", "person"}
        How the clusters were labelled: column ``p_lens_<labels>``.
    """
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 2.9)
        left, right = figure.subplots(1, 2, sharex=True)
        for place, (name, paths) in enumerate(samples.items()):
            runs = [ranking(pd.read_csv(path), f"p_lens_{labels}") for path in paths]
            colour = style.CYCLE[place % len(style.CYCLE)]
            _draw_runs(left, [(n, purity) for n, purity, _ in runs], colour, name)
            _draw_runs(right, [(n, complete) for n, _, complete in runs], colour, name)
        for axes, label in ((left, "purity"), (right, "completeness")):
            axes.set_xscale("log")
            axes.set_ylim(-0.02, 1.02)
            axes.set_xlabel("best $N$ images")
            axes.set_ylabel(label)
        right.legend(loc="upper left", fontsize=7)
        style.save(figure, png, pdf)


def ranking(scores: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return purity and completeness at every distinct probability, weights counted.

    Images of equal probability enter together, so the order of ties does not matter.

    Parameters
    ----------
    scores : DataFrame
        With ``is_lens``, ``weight`` and the column of probabilities; unknown labels are left out.
    column : str
        Name of that column.

    Returns
    -------
    n_best, purity, completeness : ndarray of shape (n_values,)
        Weighted number of images at or above each probability, the share of lenses among them and
        the share of all lenses that they are.
    """
    known = scores[scores["is_lens"] >= 0]
    lenses = known["weight"] * known["is_lens"]
    table = pd.DataFrame({"p": known[column], "all": known["weight"], "lenses": lenses})
    sums = table.groupby("p").sum().sort_index(ascending=False).cumsum()
    sums = sums[sums["all"] > 0]
    n_best, found = sums["all"].to_numpy(float), sums["lenses"].to_numpy(float)
    total = found[-1] if len(found) and found[-1] > 0 else np.nan
    return n_best, found / n_best, found / total


def _draw_runs(axes, curves, colour, name):
    """Mean over runs on a common grid of N, with the band from min to max."""
    grid = np.geomspace(1, max(n_best[-1] for n_best, _ in curves), 200)
    values = np.array([np.interp(grid, n_best, value) for n_best, value in curves])
    axes.fill_between(grid, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, lw=0)
    axes.plot(grid, values.mean(axis=0), color=colour, label=name)
