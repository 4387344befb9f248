"""Purity and completeness of the best N images, for samples with rarer and rarer lenses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lensflow.evaluate.metrics import lenses_among_best
from lensflow.evaluate.resampling import ratio_weights
from lensflow.figures import style
from lensflow.samples.scores import probability_column, read_scores

N_POINTS = 300


def ranking_curves(
    scores: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    judgement: str,
    ratios: Sequence[int],
    seed: int,
) -> None:
    """Draw purity and completeness among the N images of highest probability.

    Parameters
    ----------
    scores : sequence of path-like
        ``scores_<sample>.csv``, one a run.
    png, pdf : path-like
        Figures to write.
    judgement : str
        Whose judgement of the clusters gives the probabilities.
    ratios : sequence of int
        Non-lenses per lens of resampled sets (table 1), one curve each.
    seed : int
        Seed of the resampling: the one given to the evaluation.
    """
    runs = [labelled_scores(path, judgement) for path in scores]
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 3.1)
        figure.suptitle(style.title({"labels": judgement}))
        left, right = figure.subplots(1, 2, sharex=True)
        for place, ratio in enumerate(ratios):
            _draw_ratio(left, right, runs, ratio, seed, style.look(place))
        for axes, label in ((left, "purity"), (right, "completeness")):
            axes.set_xscale("log")
            axes.set_ylim(-0.02, 1.02)
            axes.set_xlabel("best $N$ images")
            axes.set_ylabel(label)
        entries = left.get_legend_handles_labels()
        place = {"loc": "outside right center", "fontsize": 7, "title_fontsize": 7}
        figure.legend(*entries, title="lenses : non-lenses", **place)
        style.save(figure, png, pdf)


def labelled_scores(path: Path | str, judgement: str) -> tuple[np.ndarray, np.ndarray]:
    """Return true classes and lens probabilities of the images of known class."""
    column = probability_column(judgement)
    table = read_scores(path, ["is_lens", column])
    table = table[table["is_lens"] >= 0]
    return table["is_lens"].to_numpy(), table[column].to_numpy()


def _draw_ratio(left, right, runs, ratio, seed, look):
    """Mean over runs of purity and completeness, with bands from min to max."""
    weights = [ratio_weights(is_lens, ratio, seed) for is_lens, _ in runs]
    n_best = np.geomspace(1, max(2, *(weight.sum() for weight in weights)), N_POINTS)
    pairs = zip(runs, weights, strict=True)
    found = np.array([lenses_among_best(*run, n_best, weight) for run, weight in pairs])
    n_lenses = np.array([max((is_lens == 1).sum(), 1) for is_lens, _ in runs])
    colour, dashes = look
    for axes, values in ((left, found / n_best), (right, found / n_lenses[:, None])):
        low, high = values.min(axis=0), values.max(axis=0)
        axes.fill_between(n_best, low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(n_best, values.mean(axis=0), color=colour, ls=dashes, label=f"1:{ratio}")
