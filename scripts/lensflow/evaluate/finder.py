"""Stage: the headline model as a finder: rates of surveys, calibration, and what is missed."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from lensflow.evaluate.calibration import brier_rows, calibration_rows
from lensflow.evaluate.columns import (
    BRIER_COLUMNS,
    CALIBRATION_COLUMNS,
    MISSED_COLUMNS,
    RATES_COLUMNS,
)
from lensflow.evaluate.missed import missed_rows
from lensflow.evaluate.ranked import RankedSample, read_ranked
from lensflow.evaluate.rates import rate_rows
from lensflow.files.tables import write_csv
from lensflow.samples.scores import read_scores

logger = logging.getLogger(__name__)


def evaluate_finder_stage(
    samples: Sequence[str],
    score_paths: Sequence[str | Path],
    train_paths: Sequence[str | Path],
    embedding_paths: Iterable[str | Path],
    index_paths: Iterable[str | Path],
    rankers_path: str | Path,
    outputs: Mapping[str, str | Path],
    n_bootstrap: int,
    seed: int,
) -> None:
    """Write how the headline model does as a finder, on every sample with known classes.

    Parameters
    ----------
    samples : sequence of str
    score_paths : sequence of path
        Scores of every run of the first sample, then of the next.
    train_paths : sequence of path
        Scores of the training sample by every run.
    embedding_paths : iterable of path
        Embeddings of each sample by the first run, for what is known of its lenses.
    index_paths : iterable of path
        ``index.h5`` of the dataset of each sample.
    rankers_path : path
        ``rankers.csv``: what ranks the samples beside the finder.
    outputs : mapping
        Paths of ``rates``, ``calibration``, ``calibration_summary`` and ``missed``.
    n_bootstrap, seed : int
        Draws of objects behind the intervals of the rates.
    """
    n_runs = len(train_paths)
    runs = [score_paths[i * n_runs : (i + 1) * n_runs] for i in range(len(samples))]
    files = zip(samples, runs, embedding_paths, index_paths, strict=True)
    rankers = read_scores(rankers_path)
    ranked = list(_known(files, train_paths, rankers))
    rates = [row for one in ranked for row in rate_rows(one, n_bootstrap, seed)]
    rows = {
        "rates": (rates, RATES_COLUMNS),
        "calibration": (_all(calibration_rows, ranked), CALIBRATION_COLUMNS),
        "calibration_summary": (_all(brier_rows, ranked), BRIER_COLUMNS),
        "missed": (_all(missed_rows, ranked), MISSED_COLUMNS),
    }
    for name, (found, columns) in rows.items():
        write_csv(outputs[name], pd.DataFrame(found, columns=columns))
    logger.info("%d samples: %d rows on purity and completeness", len(ranked), len(rates))


def _known(
    files: Iterable[tuple], train_paths: Sequence[str | Path], rankers: pd.DataFrame
) -> Iterator[RankedSample]:
    """Yield the samples with a known class."""
    for sample, scores, *paths in files:
        ranked = read_ranked(sample, scores, train_paths, *paths, rankers)
        if ranked.is_lens.size:
            yield ranked
        else:
            logger.info("no object of %s has a known class: nothing to evaluate", sample)


def _all(rows_of, ranked: Sequence[RankedSample]) -> list[dict]:
    return [row for one in ranked for row in rows_of(one)]
