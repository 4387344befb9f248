"""The objects of one sample of known class with everything that ranks them, over all runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.evaluate.columns import ALL_RUNS, DENSITY
from lensflow.evaluate.scored import check_same_rows
from lensflow.evaluate.selection import snr
from lensflow.samples.embeddings import open_embeddings
from lensflow.samples.images import read_index
from lensflow.samples.rows import RADIUS
from lensflow.samples.scores import (
    judgements_of,
    log_odds_column,
    probability_column,
    ranks,
    read_scores,
)


@dataclass(frozen=True)
class Score:
    """One score of n objects; higher is more lens-like.

    Attributes
    ----------
    labels : str
        Whose judgement it is, or one of `lensflow.evaluate.rankers.RANKERS`.
    run : str
        Number of the run, or `ALL_RUNS` for the mean over them.
    n_runs : int
        Runs that it comes from.
    values : numpy.ndarray of shape (n,)
    judged_fraction : float
        Lens fraction that the judgement found where it was made: the mean of its probabilities
        over the training sample, which needs no label. NaN where there are no probabilities.
    order : numpy.ndarray of shape (n,) or None
        Grows with the place in the list of candidates, no two alike: by the values, then as
        `lensflow.samples.scores.ranks` says. None where equal values are ties.
    """

    labels: str
    run: str
    n_runs: int
    values: np.ndarray
    judged_fraction: float
    order: np.ndarray | None = None

    @property
    def ranking(self) -> np.ndarray:
        """What the objects are listed by: (n,)."""
        return self.values if self.order is None else self.order

    @property
    def is_probability(self) -> bool:
        """Whether it is a lens probability, and not a score that ranks and promises nothing."""
        return _is_probability(self.labels)

    @property
    def is_over_runs(self) -> bool:
        """Whether it is the one that ranks candidates."""
        return self.run == ALL_RUNS

    @property
    def key(self) -> dict[str, object]:
        """What names it in a table."""
        return {"labels": self.labels, "run": self.run, "n_runs": self.n_runs}


@dataclass(frozen=True)
class RankedSample:
    """The n objects of known class of a sample, one row each.

    Attributes
    ----------
    sample : str
    ids : numpy.ndarray of str, shape (n,)
    is_lens : numpy.ndarray of int, shape (n,)
        1 or 0.
    scores : sequence of Score
    measures : pandas.DataFrame of n rows
        einstein_radius_arcsec, and snr of the lensed image; NaN where unknown.
    """

    sample: str
    ids: np.ndarray
    is_lens: np.ndarray
    scores: Sequence[Score]
    measures: pd.DataFrame

    @property
    def lens_fraction(self) -> float:
        """Lenses among the objects; NaN without one."""
        return float(np.mean(self.is_lens)) if self.is_lens.size else np.nan

    @property
    def has_both_classes(self) -> bool:
        """Whether there is a lens and a non-lens."""
        return 0 < self.is_lens.sum() < self.is_lens.size


def read_ranked(
    sample: str,
    score_paths: Sequence[str | Path],
    train_paths: Sequence[str | Path],
    embeddings_path: str | Path,
    index_path: str | Path,
    rankers: pd.DataFrame,
) -> RankedSample:
    """Read a sample with the scores of every run.

    Of an object with several images, such as its rotations, the first is taken: a survey has each
    object once.

    Parameters
    ----------
    sample : str
    score_paths, train_paths : sequence of path
        Scores of it and of the training sample, by each run.
    embeddings_path : path
        Its embeddings by one run, for what is known of its lenses.
    index_path : path
        ``index.h5`` of its dataset.
    rankers : pandas.DataFrame
        Content of ``rankers.csv``: what ranks it beside the finder.

    Raises
    ------
    ArtifactError
        When the files do not hold the same rows.
    """
    tables = {str(path): read_scores(path) for path in score_paths}
    with open_embeddings(embeddings_path) as embeddings:
        rows, measures = embeddings.rows(), embeddings.measures()
    check_same_rows(sample, {**tables, str(embeddings_path): rows})
    kept = kept_rows(rows)
    ids = rows["id"].to_numpy()[kept]
    scores = _scores([table[kept] for table in tables.values()], train_paths)
    beside = rankers[rankers["sample"] == sample]
    return RankedSample(
        sample=sample,
        ids=ids,
        is_lens=rows["is_lens"].to_numpy(int)[kept],
        scores=[*scores, *_beside(beside, ids, len(tables))],
        measures=_measures(measures[kept], ids, index_path),
    )


def kept_rows(rows: pd.DataFrame) -> np.ndarray:
    """Return which rows of a sample count (n,): of known class, the first of their object."""
    return ((rows["is_lens"] >= 0) & ~rows["id"].duplicated()).to_numpy()


def _beside(rankers: pd.DataFrame, ids: np.ndarray, n_runs: int) -> Iterator[Score]:
    """Yield the scores of what ranks the sample beside the finder."""
    for labels, table in rankers.groupby("labels", sort=False):
        check_same_rows(f"ranked by {labels}", {"scores": pd.DataFrame({"id": ids}), labels: table})
        yield Score(labels, ALL_RUNS, n_runs, table["score"].to_numpy(), np.nan)


def _scores(runs: Sequence[pd.DataFrame], train_paths: Sequence[str | Path]) -> Iterator[Score]:
    """Yield the scores by each judgement and by density: the mean over runs, then each run's."""
    for labels in (*judgements_of(runs[0].columns), DENSITY):
        judged = [_judged_fraction(path, labels) for path in train_paths]
        yield _score(labels, ALL_RUNS, runs, float(np.mean(judged)))
        for number, (one, fraction) in enumerate(zip(runs, judged, strict=True)):
            yield _score(labels, str(number), [one], fraction)


def _score(labels: str, run: str, tables: Sequence[pd.DataFrame], judged_fraction: float) -> Score:
    """Return the score by one judgement over some runs, in the order of candidates."""
    density = _mean(tables, "log_density")
    if labels == DENSITY:
        values, odds = -density, None
    else:
        values, odds = (
            _mean(tables, column)
            for column in (probability_column(labels), log_odds_column(labels))
        )
    order = ranks(values, odds, density, tables[0]["id"].to_numpy())
    return Score(labels, run, len(tables), values, judged_fraction, order)


def _mean(tables: Sequence[pd.DataFrame], column: str) -> np.ndarray | None:
    """Return the mean of a column over runs; None where a run has none."""
    if not all(column in table for table in tables):
        return None
    return np.mean([table[column].to_numpy(float) for table in tables], axis=0)


def _is_probability(labels: str) -> bool:
    return labels in JUDGEMENTS and not JUDGEMENTS[labels].is_injected


def _judged_fraction(train_path: str | Path, labels: str) -> float:
    if not _is_probability(labels):
        return np.nan
    column = probability_column(labels)
    return float(read_scores(train_path, [column])[column].mean())


def _measures(measures: pd.DataFrame, ids: np.ndarray, index_path: str | Path) -> pd.DataFrame:
    """Return Einstein radius and S/N of the objects; unknown is NaN, also where it is coded -1."""
    n_pixels = measures["numb_pix_lensed_image"].to_numpy(float)
    flux = measures["flux_lensed_image_in_sigma"].to_numpy(float)
    known = np.where(n_pixels >= 0, n_pixels, np.nan)
    radius = read_index(index_path, catalogue=[RADIUS]).set_index("id")[RADIUS]
    radius = radius.where(radius >= 0).reindex(ids)
    return pd.DataFrame({RADIUS: radius.to_numpy(float), "snr": snr(flux, known)})
