"""Scores: the lens probabilities of the rows of a sample, as CSV."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.errors import ArtifactError, LabelError
from lensflow.files import provenance, writing
from lensflow.samples.rows import Path, check_finite

PROBABILITY = "p_lens_"
"""Columns of lens probabilities are called ``p_lens_<judgement>``."""

LOW, HIGH = "p_low_", "p_high_"
"""The ends of their 68 % intervals, ``p_low_<judgement>`` and ``p_high_<judgement>``."""

CLUSTERS = "p_clusters_"
"""What the clusters of the run say by themselves, where p_lens is combined of several."""

LOG_ODDS = "log_odds_"
"""What orders objects of equal p_lens: their log-odds without a limit."""


class Chances(NamedTuple):
    """The lens probabilities of n images by one judgement.

    Attributes
    ----------
    p_lens : numpy.ndarray of shape (n,)
    low, high : numpy.ndarray of shape (n,) or None
        Ends of the 68 % interval; None where the judgement has no error.
    clusters : numpy.ndarray of shape (n,) or None
        By the run's own clusters alone; None where ``p_lens`` is that.
    log_odds : numpy.ndarray of shape (n,) or None
        Natural log-odds without a limit: what still differs where probabilities are equal.
    """

    p_lens: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    clusters: np.ndarray | None = None
    log_odds: np.ndarray | None = None


def probability_column(judgement: str) -> str:
    """Return the column of scores that holds the lens probability by a judgement."""
    return f"{PROBABILITY}{judgement}"


def probability_columns(judgement: str, values: np.ndarray | Chances) -> dict:
    """Return the columns of scores, by name, that hold what a judgement says, as far as it does."""
    values = values if isinstance(values, Chances) else Chances(values)
    names = chance_columns(judgement)
    return {name: one for name, one in zip(names, values, strict=True) if one is not None}


def chance_columns(judgement: str) -> tuple[str, ...]:
    """Return the columns of scores that hold each part of `Chances` by a judgement."""
    others = f"{CLUSTERS}{judgement}", log_odds_column(judgement)
    return probability_column(judgement), *interval_columns(judgement), *others


def log_odds_column(judgement: str) -> str:
    """Return the column of scores that holds the log-odds by a judgement."""
    return f"{LOG_ODDS}{judgement}"


def interval_columns(judgement: str) -> tuple[str, str]:
    """Return the columns of scores that hold the ends of a judgement's interval."""
    return f"{LOW}{judgement}", f"{HIGH}{judgement}"


def judgements_of(columns: Iterable[str]) -> list[str]:
    """Return the judgements whose probabilities are among the columns of scores, in order."""
    return [name.removeprefix(PROBABILITY) for name in columns if name.startswith(PROBABILITY)]


def scores_table(
    rows: pd.DataFrame,
    clusters: np.ndarray,
    probabilities: Mapping[str, np.ndarray | Chances],
    log_density: np.ndarray,
) -> pd.DataFrame:
    """Return scores: id, rotation, is_lens, weight, cluster, p_lens_<judgement>..., log_density.

    Where a judgement has an error, p_low_<judgement> and p_high_<judgement> follow its p_lens;
    where p_lens is combined of several, p_clusters_<judgement>; then log_odds_<judgement>.

    Parameters
    ----------
    rows : DataFrame of n rows
        Columns id, rotation, is_lens.
    clusters : ndarray of int, shape (n,)
        Most probable cluster.
    probabilities : mapping of str to ndarray of shape (n,) or Chances
        Lens probability by judgement.
    log_density : ndarray of shape (n,)
        Natural logarithm of the density under the mixture; low values are unusual objects.
    """
    columns = {}
    for name, values in probabilities.items():
        columns |= probability_columns(name, values)
    return rows.assign(weight=1, cluster=clusters, **columns, log_density=log_density)


def write_scores(path: Path, blocks: Iterable[pd.DataFrame]) -> None:
    """Write scores as CSV, block by block, under one header.

    Raises
    ------
    ArtifactError
        When a number is missing or not finite.
    """
    with (
        writing.replacing(path) as partial,
        partial.open("w", newline="", encoding="utf-8") as out,
    ):
        for number, block in enumerate(blocks):
            check_finite(block.select_dtypes("number").to_numpy(), block["id"], path)
            block.to_csv(out, index=False, header=number == 0, lineterminator="\n")


def ranks(
    values: np.ndarray, log_odds: np.ndarray | None, log_density: np.ndarray, ids: np.ndarray
) -> np.ndarray:
    """Return the place of each object in the list of candidates, the last one's being 0: (n,).

    Higher values come first; of equal ones higher log-odds, which still differ where a probability
    is 0 or 1; then lower density, unusual objects; then the identifier, as text. So there are no
    ties, and none of it needs a label.

    Parameters
    ----------
    values : ndarray of shape (n,)
        A lens probability, or any score that grows with it.
    log_odds : ndarray of shape (n,) or None
    log_density : ndarray of shape (n,)
    ids : array-like of str, shape (n,)
        All different.
    """
    by_id = np.argsort(np.argsort(np.asarray(ids, dtype=str), kind="stable"))
    keys = [-by_id, -log_density, *([] if log_odds is None else [log_odds]), values]
    places = np.empty(len(values))
    places[np.lexsort(keys)] = np.arange(len(values))
    return places


def read_scores(path: Path, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Return scores, whole or some columns of them; an identifier is text whatever it looks like.

    Raises
    ------
    LabelError
        When a column is missing.
    """
    provenance.verify(path)
    wanted = _checked(path, columns)
    return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, usecols=wanted)


def columns_of(path: Path) -> list[str]:
    """Return the names of the columns of scores."""
    return list(pd.read_csv(path, nrows=0))


def iterate_scores(
    path: Path, columns: Iterable[str] | None, length: int
) -> Iterator[pd.DataFrame]:
    """Yield all or some columns of scores in blocks of ``length`` rows; raises as `read_scores`."""
    options = {"dtype": {"id": str}, "keep_default_na": False, "usecols": _checked(path, columns)}
    with pd.read_csv(path, chunksize=length, **options) as blocks:
        yield from blocks


def _checked(path: Path, columns: Iterable[str] | None) -> list[str] | None:
    if columns is None:
        return None
    columns, present = list(columns), columns_of(path)
    if missing := [name for name in columns if name not in present]:
        raise LabelError(
            f"{path} has no column {missing[0]!r}; it has the judgements {judgements_of(present)}. "
            "Add the judgement to the experiment's labels in config.yaml."
        )
    return columns


def merge_scores(shards: Iterable[Path], output: Path) -> None:
    """Concatenate the scores of shards, line by line, under one header.

    Raises
    ------
    ArtifactError
        When their columns differ.
    """
    header = None
    with writing.replacing(output) as partial, partial.open("w", encoding="utf-8") as merged:
        for shard in shards:
            with open(shard, encoding="utf-8") as lines:
                columns = next(lines)
                if header is not None and columns != header:
                    raise ArtifactError(
                        f"{shard} has the columns {columns.strip()!r}, the shards before it "
                        f"{header.strip()!r}. Delete the shards and run again."
                    )
                merged.write(columns if header is None else "")
                header = columns
                shutil.copyfileobj(lines, merged)
