"""Purity and completeness of the best N images, for samples with rarer and rarer lenses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.evaluate.resampling import ratio_weights
from lensflow.figures import style


def ranking_curves(
    scores: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    labels: str = "stand_in",
    ratios: Sequence[int] = (),
    seed: int = 0,
) -> None:
    """Draw purity and completeness among the N images of highest probability.

    Parameters
    ----------
    scores : sequence of path-like
        ``scores_<sample>.csv``, one a run.
    png, pdf : path-like
        Figures to write.
    labels : {"known", "stand_in", "person"}
        How the clusters were labelled: column ``p_lens_<labels>``.
    ratios : sequence of int
        Non-lenses per lens of resampled sets (table 1), one curve each; empty for the sample as
        it is.
    seed : int
        Seed of the resampling: the one given to the evaluation.
    """
    tables = [pd.read_csv(path) for path in scores]
    sets = {f"1:{ratio}": ratio for ratio in ratios} or {"the sample": None}
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 2.9)
        left, right = figure.subplots(1, 2, sharex=True)
        for place, (name, ratio) in enumerate(sets.items()):
            runs = [found_among_best(_weighted(t, ratio, seed), f"p_lens_{labels}") for t in tables]
            _draw_runs(left, right, runs, place, name)
        for axes, label in ((left, "purity"), (right, "completeness")):
            axes.set_xscale("log")
            axes.set_ylim(-0.02, 1.02)
            axes.set_xlabel("best $N$ images")
            axes.set_ylabel(label)
        title = "lenses : non-lenses" if ratios else None
        entries = left.get_legend_handles_labels()
        place = {"loc": "outside right center", "fontsize": 7, "title_fontsize": 7}
        figure.legend(*entries, title=title, **place)
        style.save(figure, png, pdf)


def _weighted(scores, ratio, seed):
    if ratio is None:
        return scores
    return scores.assign(weight=ratio_weights(scores["is_lens"], ratio, seed))


def found_among_best(scores: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return how many lenses are among the best N images, at every distinct probability.

    Between two entries the number expected grows linearly: images of equal probability come in
    random order.

    Parameters
    ----------
    scores : DataFrame
        With ``is_lens``, ``weight`` and the column of probabilities; unknown labels are left out.
    column : str
        Name of that column.

    Returns
    -------
    n_best, n_found : ndarray of shape (n_values + 1,)
        Weighted numbers of images and of lenses, from 0 to all of them.
    """
    known = scores[(scores["is_lens"] >= 0) & (scores["weight"] > 0)]
    lenses = known["weight"] * known["is_lens"]
    table = pd.DataFrame({"p": known[column], "all": known["weight"], "lenses": lenses})
    sums = table.groupby("p").sum().sort_index(ascending=False).cumsum().to_numpy(float)
    return np.append(0, sums[:, 0]), np.append(0, sums[:, 1])


def _draw_runs(left, right, runs, place, name):
    """Mean over runs of purity and completeness, with bands from min to max."""
    grid = np.geomspace(1, max(2, *(n_best[-1] for n_best, _ in runs)), 300)
    found = np.array([np.interp(grid, n_best, n_found) for n_best, n_found in runs])
    totals = np.array([max(n_found[-1], 1) for _, n_found in runs])
    colour = style.CYCLE[place % len(style.CYCLE)]
    dashes = style.DASHES[place % len(style.DASHES)]
    for axes, values in ((left, found / grid), (right, found / totals[:, None])):
        low, high = values.min(axis=0), values.max(axis=0)
        axes.fill_between(grid, low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(grid, values.mean(axis=0), color=colour, ls=dashes, label=name)
