"""Tables 1 and 2 of the paper, and what a ROC curve does not show of the test sets of table 1."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.evaluate.metrics import Ranking
from lensflow.evaluate.resampling import TABLE1_RATIOS, ratio_weights
from lensflow.paper.numbers import TABLE1_LENSES, TABLE2, TABLE2_STARRED, Entry
from lensflow.tables import write_csv

BEST = (10, 100, 1000, 10_000)
RANKING_COLUMNS = [
    *("ratio", "n_lens", "n_nonlens", "selection", "n_selected"),
    *(f"{name}_{s}" for name in ("purity", "completeness") for s in ("mean", "min", "max")),
    *("contamination_mean", "contamination_min", "contamination_max", "n_runs"),
]
TABLE2_COLUMNS = [
    *(*Entry._fields, "source"),
    *(f"{name}_{s}" for name in ("auc", "tpr0", "tpr10") for s in ("min", "max")),
]


def table1(is_lens: np.ndarray, seed: int) -> pd.DataFrame:
    """Return table 1 as it was drawn: integer weights on the rotated non-lenses.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        Classes of the test sample's rows, rotations included, in the order of ``split.csv``.
    seed : int
        Seed of the configuration.

    Returns
    -------
    pandas.DataFrame
        label, ratio, n_lens and n_nonlens (sums of weights), n_nonlens_images (rows with a weight
        above zero), largest_weight, and what the paper's table says.
    """
    is_lens = np.asarray(is_lens)
    rows = []
    for label, ratio in enumerate(TABLE1_RATIOS, start=1):
        weight = ratio_weights(is_lens, ratio, seed)
        others = weight[is_lens == 0]
        rows.append(
            {
                "label": label,
                "ratio": f"1:{ratio}",
                "n_lens": int(weight[is_lens == 1].sum()),
                "n_nonlens": int(others.sum()),
                "n_nonlens_images": int((others > 0).sum()),
                "largest_weight": int(others.max()),
                "paper_n_lens": TABLE1_LENSES,
                "paper_n_nonlens": TABLE1_LENSES * ratio,
            }
        )
    return pd.DataFrame(rows)


def table1_stage(split_path: str | Path, output: str | Path, seed: int) -> None:
    """Write table 1 of an experiment from its ``split.csv``."""
    split = pd.read_csv(split_path, usecols=["sample", "is_lens"])
    write_csv(output, table1(split.loc[split["sample"] == "test", "is_lens"], seed))


def among_best(
    is_lens: np.ndarray, p_lens: np.ndarray, weight: np.ndarray, n_best: Sequence[int]
) -> np.ndarray:
    """Return how many lenses are expected among the ``n_best`` images of highest probability.

    Images of equal probability come in random order.

    Parameters
    ----------
    is_lens, p_lens, weight : array-like of shape (n,)
    n_best : sequence of int

    Returns
    -------
    numpy.ndarray of shape (len(n_best),)
    """
    counts = Ranking(is_lens, p_lens).counts(weight)
    entered = counts.true_positives + counts.false_positives
    return np.interp(n_best, entered, counts.true_positives)


def ranking_table(
    runs: Sequence[pd.DataFrame], column: str, ratios: Sequence[int], seed: int
) -> pd.DataFrame:
    """Return purity, completeness and contamination for test sets of rarer and rarer lenses.

    Parameters
    ----------
    runs : sequence of pandas.DataFrame
        ``scores_test.csv`` of each run, with the same rows.
    column : str
        Column of the lens probability.
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
    rows = []
    for ratio in ratios:
        known = runs[0]["is_lens"].to_numpy() >= 0
        is_lens = runs[0]["is_lens"].to_numpy()[known]
        weight = ratio_weights(is_lens, ratio, seed)
        n_lens, n_all = int(weight[is_lens == 1].sum()), int(weight.sum())
        key = {"ratio": ratio, "n_lens": n_lens, "n_nonlens": n_all - n_lens}
        best = [n for n in BEST if n <= n_all]
        scores = [run[column].to_numpy()[known] for run in runs]
        found = np.array([among_best(is_lens, p, weight, best) for p in scores])
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
    score_paths: Sequence, output: str | Path, labels: str, ratios: Sequence[int], seed: int
) -> None:
    """Write the ranking table of the runs of one model from their ``scores_test.csv``."""
    runs = [pd.read_csv(path, dtype={"id": str}) for path in score_paths]
    write_csv(output, ranking_table(runs, f"p_lens_{labels}", ratios, seed))


def table2(ours: Sequence[dict], starred: Sequence[dict]) -> pd.DataFrame:
    """Return the challenge's table of methods with our rows among them.

    Parameters
    ----------
    ours : sequence of dict
        Rows on the challenge-like set, put in the order of the AUC: the fields of
        `lensflow.paper.numbers.Entry`, and min and max over runs (``auc_min``, ...).
    starred : sequence of dict
        Rows on the training set, which the paper puts at the bottom.

    Returns
    -------
    pandas.DataFrame
        name, author, auc, tpr0, tpr10, description, source ("published" or "this run"), and min
        and max over runs of ours.
    """
    theirs = [{**entry._asdict(), "source": "published"} for entry in TABLE2]
    body = [*theirs, *({**row, "source": "this run"} for row in ours)]
    body.sort(key=lambda row: -row["auc"])
    body.append({**TABLE2_STARRED._asdict(), "source": "published"})
    body += [{**row, "source": "this run"} for row in starred]
    return pd.DataFrame(body, columns=TABLE2_COLUMNS)
