"""Tables that say of each cluster how lens-like it is (paper section 3.3).

A table is a CSV that a person can edit: one row a cluster, ``probability`` in [0, 1] (the paper
uses 0, 0.5 and 1), optionally a ``non_lens_probability``, who judged, when and why, and the hash of
the mixture that it judges, so that a table is never applied to another mixture. One table may judge
the clusters of several mixtures: each takes its own rows. Where ``probability`` is empty and
``n_lenses`` says how many of the ``n_inspected`` are lenses, the probability is the mean of what
these say (`lensflow.cluster.posterior`), and has an error.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.cluster.judgements import N_INSPECTED
from lensflow.cluster.posterior import JEFFREYS, beta_posterior
from lensflow.errors import LabelError
from lensflow.files import tables, writing

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

MOST_INSPECTED = 1e9
"""More members nobody has looked at."""

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
    with writing.replacing(path) as partial:
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
    """Read what a table of cluster labels says of one mixture.

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
        When the file is missing, judges other mixtures only, misses or repeats a cluster, has an
        unknown column, a probability outside [0, 1], neither a probability nor a number of lenses,
        or counts that cannot be.
    """
    everything = tables.read_edited(
        path, [*COLUMNS, N_LENSES], ["cluster", "probability", "mixture_hash"]
    )
    table = _of_mixture(everything, path, mixture_hash)
    table["cluster"] = _numbers(table, "cluster", path)
    _check_clusters(table, path, n_components)
    _check_inspected(table, path)
    table = table.sort_values("cluster", ignore_index=True).astype({"cluster": np.int64})
    counted = _is_counted(table)
    mean, variance = _posterior(table[counted], path, prior)
    table.loc[counted, "probability"] = list(map(repr, mean.tolist()))
    table["variance"] = 0.0
    table.loc[counted, "variance"] = variance
    table["probability"] = _probabilities(table, "probability", path)
    table["non_lens_probability"] = _non_lens(table, path)
    return table


def _of_mixture(table: pd.DataFrame, path: str | Path, mixture_hash: str) -> pd.DataFrame:
    own = table["mixture_hash"] == mixture_hash
    if not own.any():
        found = ", ".join(sorted(set(table["mixture_hash"]) - {""}))
        raise LabelError(
            f"{path}: the table judges the mixture {found or '(none)'}, but is applied "
            f"to {mixture_hash}; it was made for another mixture, before images, encoder or "
            "settings changed: put it away, run again, and judge the new clusters; or go back to "
            "what was judged"
        )
    return table[own].copy()


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


def _check_inspected(table: pd.DataFrame, path: str | Path) -> None:
    """Refuse what is no number of members that somebody can have looked at; none may be given."""
    numbers = pd.to_numeric(table["n_inspected"], errors="coerce")
    can_be = (numbers % 1 == 0) & numbers.between(0, MOST_INSPECTED)
    wrong = table[~can_be & (table["n_inspected"] != "")]
    if len(wrong):
        row = wrong.iloc[0]
        raise LabelError(
            f"{path}: n_inspected {row['n_inspected']} of cluster {row['cluster']}; whole numbers "
            "are expected, from 0 on: how many of its members were looked at. Or leave it empty"
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
    return (table["probability"] == "") & (table[N_LENSES] != "")


def _posterior(
    table: pd.DataFrame, path: str | Path, prior: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of the lens fractions of clusters that have counts."""
    n_lenses, n_inspected = _numbers(table, N_LENSES, path), _numbers(table, "n_inspected", path)
    wrong = (n_lenses % 1 != 0) | (n_lenses < 0) | (n_lenses > n_inspected)
    if wrong.any():
        row = table[wrong].iloc[0]
        raise LabelError(
            f"{path}: n_lenses {row[N_LENSES]} among n_inspected {row['n_inspected']} of cluster "
            f"{row['cluster']}; whole numbers are expected, from 0 to n_inspected"
        )
    both = table["non_lens_probability"] != ""
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
    empty = table["non_lens_probability"] == ""
    default = (1.0 - table["probability"]).map(repr)
    filled = table["non_lens_probability"].where(~empty, default)
    return _probabilities(table.assign(non_lens_probability=filled), "non_lens_probability", path)
