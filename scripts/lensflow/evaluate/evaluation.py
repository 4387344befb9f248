"""Tables over the runs of an experiment: metrics, their summary, and ROC curves.

Rows of a sample are images; the rotations of one object share its id and its label, and a bootstrap
draws objects.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import ArtifactError
from lensflow.evaluate.metrics import Ranking, metrics_of_counts
from lensflow.evaluate.null import null_table
from lensflow.evaluate.runs import (
    BASELINE_COLUMNS,
    METRICS,
    METRICS_COLUMNS,
    Scores,
    Settings,
    beside,
    by_sample,
    cuts,
    numbers,
    read_scores,
    weightings,
)
from lensflow.seeds import rng
from lensflow.tables import write_csv

GROUP = ["scale", "n_features", "sample", "labels", "cut"]
SUMMARY_COLUMNS = [
    *GROUP,
    *("metric", "mean", "min", "max", "std", "n_runs", "boot_low", "boot_high"),
]
ROC_COLUMNS = [*GROUP, "fpr", "tpr_mean", "tpr_min", "tpr_max"]
INTERVAL = (16.0, 84.0)
WEIGHTS_AT_ONCE = 2_000_000
FPR_GRID = np.concatenate(([0.0], np.geomspace(1e-5, 1e-2, 150), np.linspace(1e-2, 1.0, 250)[1:]))

logger = logging.getLogger(__name__)


def bootstrap_weights(
    ids: np.ndarray, is_lens: np.ndarray, n_bootstrap: int, generator: np.random.Generator
) -> np.ndarray:
    """Return how often each row is drawn when objects are drawn with replacement.

    Lenses are drawn among lenses and non-lenses among non-lenses, so that every draw has the
    sample's proportion of objects; the rows of one object are drawn together.

    Parameters
    ----------
    ids : array-like of str, shape (n,)
    is_lens : array-like of shape (n,)
    n_bootstrap : int
    generator : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of shape (n_bootstrap, n), int16
    """
    _, first, objects = np.unique(np.asarray(ids), return_index=True, return_inverse=True)
    classes = np.asarray(is_lens)[first]
    drawn = np.zeros((n_bootstrap, first.size), dtype=np.int16)
    for value in np.unique(classes):
        members = np.flatnonzero(classes == value)
        for row in drawn:
            chosen = generator.integers(members.size, size=members.size)
            row[members] = np.bincount(chosen, minlength=members.size)
    return drawn[:, objects]


def evaluate_sample(runs: list[Scores], settings: Settings) -> tuple[list, list, list]:
    """Evaluate one sample over all runs of one scale and number of features.

    Returns
    -------
    list of dict, list of dict, list of pandas.DataFrame
        Rows of the metrics, rows of the summary, and blocks of the ROC table.

    Raises
    ------
    ArtifactError
        When the runs do not hold the same rows.
    """
    first = runs[0]
    for other in runs[1:]:
        if not np.array_equal(other.table["id"], first.table["id"]):
            raise ArtifactError(
                f"{first.run} and {other.run} hold different rows of the sample {first.sample!r}; "
                "embed and score them again"
            )
    metrics_rows, summary_rows, curves = [], [], []
    for cut, keep in cuts(first, settings):
        objects = first.table["id"][keep], first.table["is_lens"][keep]
        generator = rng(settings.seed, "bootstrap", first.sample, cut)
        drawn = bootstrap_weights(*objects, settings.n_bootstrap, generator)
        for sample, weight in weightings(first, settings):
            for method in first.methods:
                key = dict(zip(GROUP, (*first.run[:2], sample, method, cut), strict=True))
                each = [_evaluate_one(s, method, keep, weight[keep], drawn) for s in runs]
                metrics_rows += [
                    {**key, "run": s.run.run, **e[0]} for s, e in zip(runs, each, strict=True)
                ]
                summary_rows += _summarise(key, [e[0] for e in each], [e[1] for e in each])
                curves.append(_band(key, np.array([e[2] for e in each])))
    return metrics_rows, summary_rows, curves


def _evaluate_one(
    scores: Scores, method: str, keep: np.ndarray, weight: np.ndarray, drawn: np.ndarray
) -> tuple[dict, dict, np.ndarray]:
    """Return the metrics of one run, their bootstrap samples (B,), and TPR on the common grid."""
    table = scores.table[keep]
    ranking = Ranking(table["is_lens"].to_numpy(), table[f"p_lens_{method}"].to_numpy())
    counts = ranking.counts(weight)
    block = max(1, WEIGHTS_AT_ONCE // max(1, weight.size))
    samples = [
        metrics_of_counts(ranking.counts(drawn[start : start + block] * weight))
        for start in range(0, len(drawn), block)
    ]
    boot = {name: np.concatenate([s[name] for s in samples]) for name in METRICS if samples}
    grid = np.interp(FPR_GRID, counts.fpr, counts.tpr) if _complete(counts) else FPR_GRID * np.nan
    return numbers(metrics_of_counts(counts)), boot, grid


def _complete(counts) -> bool:
    return counts.true_positives[-1] > 0 and counts.false_positives[-1] > 0


def _summarise(key: dict, values: list[dict], boots: list[dict]) -> list[dict]:
    """Return a row a metric: over the runs, and the bootstrap interval of their mean."""
    rows = []
    for name in METRICS:
        over_runs = np.array([row[name] for row in values])
        spread = over_runs.std(ddof=1) if over_runs.size > 1 else np.nan
        means = np.mean([boot.get(name, [np.nan]) for boot in boots], axis=0)
        # A draw in which nothing is called a lens has no precision.
        defined = means[np.isfinite(means)]
        low, high = np.percentile(defined, INTERVAL) if defined.size else (np.nan, np.nan)
        statistics = (over_runs.mean(), over_runs.min(), over_runs.max(), spread, over_runs.size)
        row = (*key.values(), name, *statistics, low, high)
        rows.append(dict(zip(SUMMARY_COLUMNS, row, strict=True)))
    return rows


def _band(key: dict, tpr: np.ndarray) -> pd.DataFrame:
    """Return the mean and range of ROC curves over runs: (runs, points) -> a block of rows."""
    band = {"tpr_mean": tpr.mean(axis=0), "tpr_min": tpr.min(axis=0), "tpr_max": tpr.max(axis=0)}
    return pd.DataFrame({**key, "fpr": FPR_GRID, **band})


def evaluate_stage(
    score_paths: Iterable,
    embedding_paths: Iterable,
    mixture_paths: Iterable,
    baseline_paths: Iterable,
    outputs: dict[str, str | Path],
    settings: Settings,
) -> None:
    """Write every table of an experiment.

    Parameters
    ----------
    score_paths : iterable of path
        ``scores_<sample>.csv`` of all runs and samples.
    embedding_paths : iterable of path
        ``embeddings_<sample>.h5`` beside each of them.
    mixture_paths : iterable of path
        ``mixture.h5`` of all runs.
    baseline_paths : iterable of path
        Tables of ``baselines``, gathered into one; may be empty.
    outputs : dict
        Paths of ``metrics``, ``summary``, ``roc``, ``null`` and ``baselines``.
    settings : Settings
    """
    embedding_paths = list(embedding_paths)
    metrics_rows, summary_rows, curves = [], [], []
    for paths in by_sample(score_paths).values():
        runs = [read_scores(p, beside(p, embedding_paths), settings) for p in paths]
        if len(runs[0].table) == 0:
            logger.info("%s: no image has a known class, so there is nothing to evaluate", paths[0])
            continue
        rows, summaries, blocks = evaluate_sample(runs, settings)
        metrics_rows, summary_rows = metrics_rows + rows, summary_rows + summaries
        curves += blocks
    write_csv(outputs["metrics"], pd.DataFrame(metrics_rows, columns=METRICS_COLUMNS))
    write_csv(outputs["summary"], pd.DataFrame(summary_rows, columns=SUMMARY_COLUMNS))
    write_csv(outputs["roc"], pd.concat(curves) if curves else pd.DataFrame(columns=ROC_COLUMNS))
    write_csv(outputs["null"], null_table(mixture_paths, embedding_paths, settings))
    baselines = [pd.read_csv(path, keep_default_na=False) for path in baseline_paths]
    empty = pd.DataFrame(columns=BASELINE_COLUMNS)
    write_csv(outputs["baselines"], pd.concat(baselines) if baselines else empty)
