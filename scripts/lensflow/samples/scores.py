"""Scores: the lens probabilities of the rows of a sample, as CSV."""

import shutil
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from lensflow import tables
from lensflow.errors import ArtifactError, LabelError
from lensflow.samples.rows import Path

PROBABILITY = "p_lens_"
"""Columns of lens probabilities are called ``p_lens_<judgement>``."""

LOW, HIGH = "p_low_", "p_high_"
"""The ends of their 68 % intervals, ``p_low_<judgement>`` and ``p_high_<judgement>``."""


def probability_column(judgement: str) -> str:
    """Return the column of scores that holds the lens probability by a judgement."""
    return f"{PROBABILITY}{judgement}"


def interval_columns(judgement: str) -> tuple[str, str]:
    """Return the columns of scores that hold the ends of a judgement's interval."""
    return f"{LOW}{judgement}", f"{HIGH}{judgement}"


def judgements_of(columns: Iterable[str]) -> list[str]:
    """Return the judgements whose probabilities are among the columns of scores, in order."""
    return [name.removeprefix(PROBABILITY) for name in columns if name.startswith(PROBABILITY)]


def scores_table(
    rows: pd.DataFrame,
    clusters: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
    log_density: np.ndarray,
    intervals: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
) -> pd.DataFrame:
    """Return scores: id, rotation, is_lens, weight, cluster, p_lens_<judgement>..., log_density.

    Where a judgement has an error, p_low_<judgement> and p_high_<judgement> follow its p_lens.

    Parameters
    ----------
    rows : DataFrame of n rows
        Columns id, rotation, is_lens.
    clusters : ndarray of int, shape (n,)
        Most probable cluster.
    probabilities : mapping of str to ndarray of shape (n,)
        Lens probability by judgement.
    log_density : ndarray of shape (n,)
        Natural logarithm of the density under the mixture; low values are unusual objects.
    intervals : mapping of str to pair of ndarray of shape (n,), optional
        Ends of the 68 % interval by those judgements that have an error.
    """
    columns = {}
    for name, p_lens in probabilities.items():
        columns[probability_column(name)] = p_lens
        if name in (intervals or {}):
            columns |= dict(zip(interval_columns(name), intervals[name], strict=True))
    return rows.assign(weight=1, cluster=clusters, **columns, log_density=log_density)


def write_scores(path: Path, blocks: Iterable[pd.DataFrame]) -> None:
    """Write scores as CSV, block by block, under one header."""
    with (
        tables.replacing(path) as partial,
        partial.open("w", newline="", encoding="utf-8") as out,
    ):
        for number, block in enumerate(blocks):
            block.to_csv(out, index=False, header=number == 0, lineterminator="\n")


def read_scores(path: Path, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Return scores, whole or some columns of them; an identifier is text whatever it looks like.

    Raises
    ------
    LabelError
        When a column is missing.
    """
    tables.verify(path)
    wanted = _checked(path, columns)
    return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, usecols=wanted)


def columns_of(path: Path) -> list[str]:
    """Return the names of the columns of scores."""
    return list(pd.read_csv(path, nrows=0))


def iterate_scores(path: Path, columns: Iterable[str], length: int) -> Iterator[pd.DataFrame]:
    """Yield some columns of scores in blocks of ``length`` rows; raises as `read_scores`."""
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
    with tables.replacing(output) as partial, partial.open("w", encoding="utf-8") as merged:
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
