"""Stage: the tables over the runs of an experiment: metrics, their summary, and ROC curves.

Rows of a sample are images; the rotations of one object share its id and its label, and a bootstrap
draws objects.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.evaluate.bootstrap import bootstrap_metrics, bootstrap_weights, interval
from lensflow.evaluate.columns import (
    BASELINE_COLUMNS,
    GROUP,
    METRICS,
    METRICS_COLUMNS,
    ROC_COLUMNS,
    SUMMARY_COLUMNS,
)
from lensflow.evaluate.metrics import Ranking, as_numbers, metrics_of_counts
from lensflow.evaluate.null import null_table
from lensflow.evaluate.resampling import weightings
from lensflow.evaluate.scored import ScoredSample, check_same_rows, read_scored
from lensflow.evaluate.selection import cuts
from lensflow.files.tables import write_csv
from lensflow.samples.runs import Run
from lensflow.samples.scores import probability_column
from lensflow.seeds import rng

FPR_GRID = np.concatenate(([0.0], np.geomspace(1e-5, 1e-2, 150), np.linspace(1e-2, 1.0, 250)[1:]))

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What an evaluation chooses beyond its inputs.

    Attributes
    ----------
    seed : int
    n_bootstrap : int
        Bootstrap samples behind the 68 % interval; 0 leaves it empty.
    n_shuffles : int
        Shuffles of the null for each run.
    held_out : str or None
        Sample that the null scores; half of the training objects when None.
    ratio_sample : str or None
        Sample that is also evaluated at the ratios of table 1, as ``<sample>_1to<ratio>``.
    """

    seed: int
    n_bootstrap: int
    n_shuffles: int
    held_out: str | None
    ratio_sample: str | None


class Evaluated(NamedTuple):
    """Rows of the metrics, rows of the summary, and blocks of the ROC table."""

    metrics: list[dict]
    summary: list[dict]
    curves: list[pd.DataFrame]

    def extend(self, other: "Evaluated") -> None:
        """Put the rows of another sample after these."""
        for mine, theirs in zip(self, other, strict=True):
            mine.extend(theirs)


def evaluate_sample(runs: Sequence[ScoredSample], settings: Settings) -> Evaluated:
    """Evaluate one sample over all runs of one scale and number of features.

    Raises
    ------
    ArtifactError
        When the runs do not hold the same rows.
    """
    first, found = runs[0], Evaluated([], [], [])
    check_same_rows(first.sample, {scored.run: scored.table for scored in runs})
    is_lens, weight = (first.table[name].to_numpy() for name in ("is_lens", "weight"))
    at_ratios = first.sample == settings.ratio_sample
    for cut, keep in cuts(is_lens, first.passes):
        generator = rng(settings.seed, "bootstrap", first.sample, cut)
        objects = first.table["id"][keep], is_lens[keep]
        drawn = bootstrap_weights(*objects, settings.n_bootstrap, generator)
        for sample, weights in weightings(first.sample, is_lens, weight, at_ratios, settings.seed):
            for judgement in first.judgements:
                key = dict(zip(GROUP, (*first.run[:2], sample, judgement, cut), strict=True))
                each = [_evaluate_run(s, judgement, keep, weights[keep], drawn) for s in runs]
                found.extend(_rows(key, [scored.run.run for scored in runs], each))
    return found


def _evaluate_run(
    scored: ScoredSample, judgement: str, keep: np.ndarray, weight: np.ndarray, drawn: np.ndarray
) -> tuple[dict, dict, np.ndarray]:
    """Return the metrics of one run, their bootstrap samples (B,), and TPR on the common grid."""
    table = scored.table[keep]
    p_lens = table[probability_column(judgement)].to_numpy()
    ranking = Ranking(table["is_lens"].to_numpy(), p_lens)
    counts = ranking.counts(weight)
    complete = counts.true_positives[-1] > 0 and counts.false_positives[-1] > 0
    grid = np.interp(FPR_GRID, counts.fpr, counts.tpr) if complete else FPR_GRID * np.nan
    boot = bootstrap_metrics(ranking, drawn, weight)
    return as_numbers(metrics_of_counts(counts)), boot, grid


def _rows(key: dict, numbers: Iterable[int], each: list[tuple]) -> Evaluated:
    """Return the rows of one combination from what `_evaluate_run` found of each run."""
    metrics, boots, curves = (list(part) for part in zip(*each, strict=True))
    rows = [{**key, "run": n, **found} for n, found in zip(numbers, metrics, strict=True)]
    return Evaluated(rows, _summarise(key, metrics, boots), [_band(key, np.array(curves))])


def _summarise(key: dict, values: list[dict], boots: list[dict]) -> list[dict]:
    """Return a row a metric: over the runs, and the bootstrap interval of their mean."""
    rows = []
    for name in METRICS:
        over_runs = np.array([row[name] for row in values])
        spread = over_runs.std(ddof=1) if over_runs.size > 1 else np.nan
        means = np.mean([boot.get(name, [np.nan]) for boot in boots], axis=0)
        statistics = (over_runs.mean(), over_runs.min(), over_runs.max(), spread, over_runs.size)
        row = (*key.values(), name, *statistics, *interval(means))
        rows.append(dict(zip(SUMMARY_COLUMNS, row, strict=True)))
    return rows


def _band(key: dict, tpr: np.ndarray) -> pd.DataFrame:
    """Return the mean and range of ROC curves over runs: (runs, points) -> a block of rows."""
    band = {"tpr_mean": tpr.mean(axis=0), "tpr_min": tpr.min(axis=0), "tpr_max": tpr.max(axis=0)}
    return pd.DataFrame({**key, "fpr": FPR_GRID, **band})


def evaluate_stage(
    runs: Iterable[Sequence],
    samples: Sequence[str],
    score_paths: Iterable,
    embedding_paths: Iterable,
    mixture_paths: Iterable,
    baseline_paths: Iterable,
    outputs: Mapping[str, str | Path],
    settings: Settings,
) -> None:
    """Write every table of an experiment.

    Parameters
    ----------
    runs : iterable of (str, int, int)
        Scale, number of features and number of each run.
    samples : sequence of str
        The samples that every run scored.
    score_paths, embedding_paths : iterable of path
        Collected scores and embeddings: all samples of the first run, then of the next.
    mixture_paths : iterable of path
        The mixture of each run.
    baseline_paths : iterable of path
        Tables of ``baselines``, gathered into one; may be empty.
    outputs : mapping
        Paths of ``metrics``, ``summary``, ``roc``, ``null`` and ``baselines``.
    settings : Settings
    """
    runs = [Run(*run) for run in runs]
    scored = [(run, sample) for run in runs for sample in samples]
    scores = dict(zip(scored, score_paths, strict=True))
    embeddings = dict(zip(scored, embedding_paths, strict=True))
    found = _evaluate(scores, embeddings, settings)
    write_csv(outputs["metrics"], pd.DataFrame(found.metrics, columns=METRICS_COLUMNS))
    write_csv(outputs["summary"], pd.DataFrame(found.summary, columns=SUMMARY_COLUMNS))
    write_csv(outputs["roc"], _joined(found.curves, ROC_COLUMNS))
    mixtures = dict(zip(runs, mixture_paths, strict=True))
    null = settings.held_out, settings.seed, settings.n_shuffles
    write_csv(outputs["null"], null_table(mixtures, embeddings, *null))
    baselines = [pd.read_csv(path, keep_default_na=False) for path in baseline_paths]
    write_csv(outputs["baselines"], _joined(baselines, BASELINE_COLUMNS))
    logger.info("%d models by %d samples: %d rows", len(runs), len(samples), len(found.metrics))


def _evaluate(scores: Mapping, embeddings: Mapping, settings: Settings) -> Evaluated:
    """Evaluate each sample over the runs of each scale and number of features."""
    groups: dict[tuple, list] = {}
    for run, sample in sorted(scores):
        groups.setdefault((*run[:2], sample), []).append((run, sample))
    found = Evaluated([], [], [])
    for keys in groups.values():
        runs = [read_scored(*key, scores[key], embeddings[key]) for key in keys]
        if len(runs[0].table):
            found.extend(evaluate_sample(runs, settings))
        else:
            unknown = scores[keys[0]]
            logger.info("%s: no image has a known class, so there is nothing to evaluate", unknown)
    return found


def _joined(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(tables) if tables else pd.DataFrame(columns=columns)
