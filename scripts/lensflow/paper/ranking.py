"""What a ROC curve does not show of the test sets of table 1: the best N, and all with p > 0.5."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.evaluate.metrics import Ranking, lenses_among_best
from lensflow.evaluate.resampling import ratio_weights
from lensflow.evaluate.scored import check_same_rows
from lensflow.files.tables import write_csv
from lensflow.samples.scores import probability_column, read_scores

BEST = (10, 100, 1000, 10_000)
RANKING_COLUMNS = [
    *("ratio", "n_lens", "n_nonlens", "selection", "n_selected"),
    *(f"{name}_{s}" for name in ("purity", "completeness") for s in ("mean", "min", "max")),
    *("contamination_mean", "contamination_min", "contamination_max", "n_runs"),
]


def ranking_table(
    runs: Sequence[pd.DataFrame], judgement: str, ratios: Sequence[int], seed: int
) -> pd.DataFrame:
    """Return purity, completeness and contamination for test sets of rarer and rarer lenses.

    Parameters
    ----------
    runs : sequence of pandas.DataFrame
        Scores of the test sample by each run, with the same rows.
    judgement : str
        Whose judgement gave the lens probability.
    ratios : sequence of int
        Non-lenses per lens.
    seed : int
        The seed given to the evaluation.

    Returns
    -------
    pandas.DataFrame
        For each ratio a row for the best 10, 100, 1,000 and 10,000 images (as far as there are so
        many) and for all with p > 0.5: purity (lenses among the selected), completeness (share of
        all lenses), contamination (non-lenses for each lens among the selected, FP/TP of Metcalf
        et al. 2019), mean, min and max over runs. NaN where nothing is selected.
    """
    known = runs[0]["is_lens"].to_numpy() >= 0
    is_lens = runs[0]["is_lens"].to_numpy()[known]
    scores = [run[probability_column(judgement)].to_numpy()[known] for run in runs]
    rows = []
    for ratio in ratios:
        weight = ratio_weights(is_lens, ratio, seed)
        n_lens, n_all = int(weight[is_lens == 1].sum()), int(weight.sum())
        key = {"ratio": ratio, "n_lens": n_lens, "n_nonlens": n_all - n_lens}
        best = [n for n in BEST if n <= n_all]
        found = np.array([lenses_among_best(is_lens, p, best, weight) for p in scores])
        for place, n_best in enumerate(best):
            selected = np.full(len(runs), float(n_best))
            rows.append(_row(key, f"best {n_best}", selected, found[:, place], n_lens))
        above = [_above_half(is_lens, p, weight) for p in scores]
        rows.append(_row(key, "p > 0.5", *np.array(above).T, n_lens))
    return pd.DataFrame(rows, columns=RANKING_COLUMNS)


def _above_half(is_lens, p_lens, weight) -> tuple[float, float]:
    """Return how many images and how many lenses have p > 0.5."""
    confusion = Ranking(is_lens, p_lens).counts(weight).confusion()
    return float(confusion["tp"] + confusion["fp"]), float(confusion["tp"])


def _row(key: dict, selection: str, selected: np.ndarray, found: np.ndarray, n_lens: int) -> dict:
    """Return one row from the number selected and the lenses among them, (runs,) each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = {
            "purity": found / selected,
            "completeness": found / n_lens,
            "contamination": (selected - found) / found,
        }
    row = {**key, "selection": selection, "n_selected": selected.mean(), "n_runs": len(found)}
    for name, values in measured.items():
        row |= {f"{name}_mean": values.mean(), f"{name}_min": values.min()}
        row[f"{name}_max"] = values.max()
    return row


def ranking_stage(
    score_paths: Sequence, output: str | Path, judgement: str, ratios: Sequence[int], seed: int
) -> None:
    """Write the ranking table of the runs of one model from their scores of the test sample.

    Raises
    ------
    ArtifactError
        When the runs do not hold the same rows.
    LabelError
        When the scores lack that judgement.
    """
    columns = ["id", "is_lens", probability_column(judgement)]
    runs = {path: read_scores(path, columns) for path in score_paths}
    check_same_rows("test", runs)
    write_csv(output, ranking_table(list(runs.values()), judgement, ratios, seed))
