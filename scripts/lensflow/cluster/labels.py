"""Tables that say of each cluster how lens-like it is (paper section 3.3).

A table is a CSV that a person can edit: one row a cluster, ``probability`` in [0, 1] (the paper
uses 0, 0.5 and 1), optionally a ``non_lens_probability``, who judged, when and why, and the hash of
the mixture that it judges, so that a table is never applied to another mixture. Where
``probability`` is empty and ``n_lenses`` says how many of the ``n_inspected`` are lenses, the
probability is the mean of what these say (`lensflow.cluster.posterior`), and has an error.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import tables
from lensflow.cluster.judgements import N_INSPECTED
from lensflow.cluster.posterior import JEFFREYS, beta_posterior
from lensflow.errors import LabelError

COLUMNS = (
    "cluster",
    "probability",
    "non_lens_probability",
    "n_members",
    "n_inspected",
    "who",
    "when",
    "note",
    "mixture_hash",
)
N_LENSES = "n_lenses"
"""A column that only tables with counts have."""

_OR_COUNTS = f", or leave it empty and say in {N_LENSES} how many of n_inspected are lenses"


def write(
    path: str | Path,
    probability: np.ndarray,
    mixture_hash: str,
    *,
    n_members: np.ndarray,
    n_inspected: np.ndarray,
    who: str,
    note: str = "",
    n_lenses: np.ndarray | None = None,
) -> None:
    """Write a table of cluster labels; ``when`` stays empty, so equal content gives equal bytes.

    Parameters
    ----------
    path : str or Path
    probability : array-like of shape (K,)
        NaN is written as an empty cell, for a person to fill.
    mixture_hash : str
        ``MixtureParameters.hash`` of the mixture that is judged.
    n_members, n_inspected : array-like of int, shape (K,)
    who, note : str
    n_lenses : array-like of shape (K,), optional
        Lenses among the inspected, as an additional column; NaN is written as an empty cell.
    """
    table = pd.DataFrame(index=range(len(probability)), columns=list(COLUMNS))
    table["cluster"] = table.index
    table["probability"] = probability
    table["n_members"] = np.asarray(n_members)
    table["n_inspected"] = np.asarray(n_inspected)
    table["who"], table["note"], table["mixture_hash"] = who, note, mixture_hash
    if n_lenses is not None:
        counts = pd.Series(n_lenses, dtype="Float64").astype("Int64")
        table.insert(table.columns.get_loc("n_inspected"), N_LENSES, counts)
    with tables.replacing(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def write_template(path: str | Path, n_members: np.ndarray, mixture_hash: str) -> None:
    """Write a table for a person to fill: probabilities, or numbers of lenses, are empty."""
    n_members = np.asarray(n_members)
    write(
        path,
        np.full(n_members.size, np.nan),
        mixture_hash,
        n_members=n_members,
        n_inspected=np.minimum(n_members, N_INSPECTED),
        who="",
        note="",
        n_lenses=np.full(n_members.size, np.nan),
    )


def read(
    path: str | Path,
    mixture_hash: str,
    n_components: int,
    prior: tuple[float, float] = JEFFREYS,
) -> pd.DataFrame:
    """Read a table of cluster labels and check that it judges this mixture.

    Parameters
    ----------
    path : str or Path
    mixture_hash : str
        Hash of the mixture that the table will be applied to.
    n_components : int
        Number of clusters, each of which must have one row.
    prior : pair of float
        Of the lens fraction of a cluster that counts stand for, see
        `lensflow.cluster.posterior.beta_posterior`.

    Returns
    -------
    pandas.DataFrame
        Sorted by cluster, with all of ``COLUMNS``, ``n_lenses``, and the ``variance`` of the
        probability: that of the posterior where counts stand for it, 0 where it was given.
        ``non_lens_probability`` is one minus ``probability`` where it was left empty.

    Raises
    ------
    LabelError
        When the file is missing, was made for another mixture, misses or repeats a cluster, has an
        unknown column, a probability outside [0, 1], neither a probability nor a number of lenses,
        or counts that cannot be.
    """
    table = _read_csv(path)
    _check_columns(table, path)
    _check_hash(table, path, mixture_hash)
    table["cluster"] = _numbers(table, "cluster", path)
    _check_clusters(table, path, n_components)
    table = table.sort_values("cluster", ignore_index=True).astype({"cluster": np.int64})
    counted = _is_counted(table)
    mean, variance = _posterior(table[counted], path, prior)
    table.loc[counted, "probability"] = list(map(repr, mean.tolist()))
    table["variance"] = 0.0
    table.loc[counted, "variance"] = variance
    table["probability"] = _probabilities(table, "probability", path)
    table["non_lens_probability"] = _non_lens(table, path)
    return table


def _read_csv(path: str | Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise LabelError(
            f"{path}: the table of cluster labels cannot be read ({error}); expected is a CSV with "
            f"the columns {', '.join(COLUMNS)}"
        ) from error


def _check_columns(table: pd.DataFrame, path: str | Path) -> None:
    unknown = [name for name in table.columns if name not in (*COLUMNS, N_LENSES)]
    missing = [n for n in ("cluster", "probability", "mixture_hash") if n not in table.columns]
    if unknown or missing:
        raise LabelError(
            f"{path}: unknown columns {unknown}, missing columns {missing}; "
            f"the columns are {', '.join((*COLUMNS, N_LENSES))}, parted by commas"
        )
    for name in (*COLUMNS, N_LENSES):
        if name not in table.columns:
            table[name] = ""


def _check_hash(table: pd.DataFrame, path: str | Path, mixture_hash: str) -> None:
    found = sorted(set(table["mixture_hash"].str.strip()))
    if found != [mixture_hash]:
        raise LabelError(
            f"{path}: the table judges the mixture {', '.join(found) or '(none)'}, but is applied "
            f"to {mixture_hash}; its cluster sheets were made for another mixture, before images, "
            "encoder or settings changed: put it away, run again, and judge the new sheets in the "
            "new template; or go back to what was judged"
        )


def _check_clusters(table: pd.DataFrame, path: str | Path, n_components: int) -> None:
    found = table["cluster"].tolist()
    missing = sorted(set(range(n_components)) - set(found))
    surplus = sorted(set(found) - set(range(n_components)))
    repeated = sorted({k for k in found if found.count(k) > 1})
    if missing or surplus or repeated:
        raise LabelError(
            f"{path}: one row for each cluster 0 to {n_components - 1} expected; missing "
            f"{missing}, unknown {surplus}, repeated {repeated}"
        )


def _numbers(table: pd.DataFrame, column: str, path: str | Path) -> pd.Series:
    numbers = pd.to_numeric(table[column], errors="coerce")
    if numbers.isna().any():
        wrong = table[numbers.isna()]
        raise LabelError(
            f"{path}: {column} {wrong[column].iloc[0]!r} of cluster {wrong['cluster'].iloc[0]} is "
            f"not a number ({len(wrong)} of {len(table)} rows); fill in every row, with a decimal "
            f"point{_OR_COUNTS if column == 'probability' else ''}"
        )
    return numbers


def _is_counted(table: pd.DataFrame) -> pd.Series:
    """Return for which clusters counts stand for the probability: what is given stays."""
    return (table["probability"].str.strip() == "") & (table[N_LENSES].str.strip() != "")


def _posterior(
    table: pd.DataFrame, path: str | Path, prior: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the lens fractions of clusters that have counts."""
    n_lenses, n_inspected = _numbers(table, N_LENSES, path), _numbers(table, "n_inspected", path)
    wrong = (n_lenses < 0) | (n_lenses > n_inspected) | (n_lenses % 1 > 0) | (n_inspected % 1 > 0)
    if wrong.any():
        row = table[wrong].iloc[0]
        raise LabelError(
            f"{path}: n_lenses {row[N_LENSES]} among n_inspected {row['n_inspected']} of cluster "
            f"{row['cluster']}; whole numbers are expected, from 0 to n_inspected"
        )
    both = table["non_lens_probability"].str.strip() != ""
    if both.any():
        raise LabelError(
            f"{path}: cluster {table['cluster'][both].iloc[0]} has n_lenses and a "
            "non_lens_probability, which the counts say already; leave the latter empty, or give "
            "the probability too"
        )
    return beta_posterior(n_lenses.to_numpy(), n_inspected.to_numpy(), prior)


def _probabilities(table: pd.DataFrame, column: str, path: str | Path) -> pd.Series:
    numbers = _numbers(table, column, path).astype(np.float64)
    outside = ~numbers.between(0.0, 1.0)
    if outside.any():
        raise LabelError(
            f"{path}: {column} must lie in [0, 1], received {numbers[outside].tolist()} for the "
            f"clusters {table['cluster'][outside].tolist()}"
        )
    return numbers


def _non_lens(table: pd.DataFrame, path: str | Path) -> pd.Series:
    """Return the non-lens probabilities; an empty cell means what the lens probability leaves."""
    empty = table["non_lens_probability"].str.strip() == ""
    default = (1.0 - table["probability"]).map(repr)
    filled = table["non_lens_probability"].where(~empty, default)
    return _probabilities(table.assign(non_lens_probability=filled), "non_lens_probability", path)
