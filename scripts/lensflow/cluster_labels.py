"""Tables that say of each cluster how lens-like it is (paper section 3.3).

A table is a CSV that a person can edit: one row a cluster, ``probability`` in [0, 1] (the paper
uses 0, 0.5 and 1), optionally a ``non_lens_probability``, who judged, when and why, and the hash of
the mixture that it judges, so that a table is never applied to another mixture.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import LabelError
from lensflow.seeds import rng

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
N_INSPECTED = 25
LENS_FROM = 0.6
NON_LENS_UP_TO = 0.3
UNDECIDED = 0.5


def known_fractions(
    clusters: np.ndarray,
    is_lens: np.ndarray,
    n_components: int,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return the true fraction of lenses among each cluster's members (known P_len^k).

    Parameters
    ----------
    clusters : array-like of int, shape (n,)
        Most probable cluster of each image.
    is_lens : array-like of shape (n,)
        1, 0, or -1 for unknown, which is left out.
    n_components : int
        Number of clusters K.
    weight : array-like of shape (n,), optional

    Returns
    -------
    numpy.ndarray of shape (K,)
        A cluster without members of known class gets the fraction of the whole sample.

    Raises
    ------
    LabelError
        When no image has a known class.
    """
    clusters, is_lens = np.asarray(clusters), np.asarray(is_lens)
    weight = np.ones(is_lens.size) if weight is None else np.asarray(weight, dtype=np.float64)
    known = np.where(is_lens >= 0, weight, 0.0)
    if not known.sum() > 0:
        raise LabelError(
            f"known fractions need images of known class, received {is_lens.size} without; "
            "label the clusters by a person's table instead"
        )
    members = np.bincount(clusters, known, n_components)
    lenses = np.bincount(clusters, known * (is_lens == 1), n_components)
    overall = np.full(n_components, lenses.sum() / members.sum())
    return np.divide(lenses, members, out=overall, where=members > 0)


def representatives(
    clusters: np.ndarray,
    ids: np.ndarray,
    n_components: int,
    seed: int,
    n_inspected: int = N_INSPECTED,
) -> list[np.ndarray]:
    """Return the rows of the images that stand for each cluster on its sheet.

    They are drawn at random among the members (the images whose most probable cluster it is), as in
    the author's sheets: a cluster's core would be a biased sample of it. No object appears twice on
    one sheet, whichever way it is turned.

    Parameters
    ----------
    clusters : array-like of int, shape (n,)
    ids : array-like of str, shape (n,)
        Object of each row; rotations of an object share its id.
    n_components : int
    seed : int
        The draw depends on the seed and the rows alone.
    n_inspected : int
        Most images for one cluster.

    Returns
    -------
    list of numpy.ndarray of int
        One array of rows a cluster, empty where a cluster has no members.
    """
    order = rng(seed, "representatives").permutation(len(clusters))
    table = pd.DataFrame({"cluster": np.asarray(clusters)[order], "id": np.asarray(ids)[order]})
    first = table.drop_duplicates().groupby("cluster").head(n_inspected)
    rows, members = order[first.index], first["cluster"].to_numpy()
    return [rows[members == k] for k in range(n_components)]


def stand_in(is_lens: np.ndarray, sheets: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return a simulated expert's verdict on each cluster: 1, 0.5 or 0.

    The expert looks at the true labels of the representative images. A lens fraction of 0.6 or
    more gives 1, of 0.3 or less gives 0, anything between gives 0.5, and so does an empty sheet.
    This uses labels: it stands in for a person in unattended runs and says what a perfect eye
    would.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        1, 0, or -1 for unknown, which is skipped.
    sheets : list of numpy.ndarray
        Rows of the representatives of each cluster, from ``representatives``.

    Returns
    -------
    numpy.ndarray of shape (K,), numpy.ndarray of int, shape (K,)
        Probabilities, and how many images of known class were inspected.

    Raises
    ------
    LabelError
        When no representative has a known class.
    """
    is_lens = np.asarray(is_lens)
    seen = [is_lens[rows][is_lens[rows] >= 0] for rows in sheets]
    n_seen = np.array([labels.size for labels in seen])
    if n_seen.sum() == 0:
        raise LabelError(
            "the stand-in reads true labels and none of the representatives has one; "
            "let a person fill the template and name that file in the configuration"
        )
    fractions = np.array([labels.mean() if labels.size else UNDECIDED for labels in seen])
    verdicts = np.select(
        [fractions >= LENS_FROM, fractions <= NON_LENS_UP_TO], [1.0, 0.0], UNDECIDED
    )
    return verdicts, n_seen


def write(
    path: str | Path,
    probability: np.ndarray,
    mixture_hash: str,
    *,
    n_members: np.ndarray,
    n_inspected: np.ndarray,
    who: str,
    note: str = "",
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
    """
    table = pd.DataFrame(index=range(len(probability)), columns=list(COLUMNS))
    table["cluster"] = table.index
    table["probability"] = probability
    table["n_members"] = np.asarray(n_members)
    table["n_inspected"] = np.asarray(n_inspected)
    table["who"], table["note"], table["mixture_hash"] = who, note, mixture_hash
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n")


def write_template(path: str | Path, n_members: np.ndarray, mixture_hash: str) -> None:
    """Write a table with empty probabilities for a person to fill beside the cluster sheets."""
    n_members = np.asarray(n_members)
    write(
        path,
        np.full(n_members.size, np.nan),
        mixture_hash,
        n_members=n_members,
        n_inspected=np.minimum(n_members, N_INSPECTED),
        who="",
        note="",
    )


def read(path: str | Path, mixture_hash: str, n_components: int) -> pd.DataFrame:
    """Read a table of cluster labels and check that it judges this mixture.

    Parameters
    ----------
    path : str or Path
    mixture_hash : str
        Hash of the mixture that the table will be applied to.
    n_components : int
        Number of clusters, each of which must have one row.

    Returns
    -------
    pandas.DataFrame
        Sorted by cluster, with all of ``COLUMNS``; ``non_lens_probability`` is one minus
        ``probability`` where it was left empty.

    Raises
    ------
    LabelError
        When the file is missing, was made for another mixture, misses or repeats a cluster, has an
        unknown column, or a probability that is empty or outside [0, 1].
    """
    table = _read_csv(path)
    _check_columns(table, path)
    _check_hash(table, path, mixture_hash)
    table["cluster"] = _numbers(table, "cluster", path)
    _check_clusters(table, path, n_components)
    table = table.sort_values("cluster", ignore_index=True).astype({"cluster": np.int64})
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
    unknown = [name for name in table.columns if name not in COLUMNS]
    missing = [n for n in ("cluster", "probability", "mixture_hash") if n not in table.columns]
    if unknown or missing:
        raise LabelError(
            f"{path}: unknown columns {unknown}, missing columns {missing}; "
            f"the columns are {', '.join(COLUMNS)}"
        )
    for name in COLUMNS:
        if name not in table.columns:
            table[name] = ""


def _check_hash(table: pd.DataFrame, path: str | Path, mixture_hash: str) -> None:
    found = sorted(set(table["mixture_hash"].str.strip()))
    if found != [mixture_hash]:
        raise LabelError(
            f"{path}: the table judges the mixture {', '.join(found) or '(none)'}, but is applied "
            f"to {mixture_hash}; its cluster sheets were made for another mixture: make the sheets "
            "and the template again and judge those, or go back to the mixture that was judged"
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
        row = table[numbers.isna()].iloc[0]
        raise LabelError(
            f"{path}: {column} {row[column]!r} of cluster {row['cluster']} is not a number; "
            "fill in every row"
        )
    return numbers


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
