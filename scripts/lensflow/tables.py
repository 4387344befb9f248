"""Tables in CSV: how they are written, and how their rows are chosen."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import ArtifactError

TEXTS = ("id", "path")
COUNTS = ("n_lens", "n_nonlens", "tp", "fp", "fn", "tn")


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table: whole counts as integers, other numbers with nine digits."""
    table = table.copy()
    for name in COUNTS:
        if name in table and np.array_equal(table[name], np.round(table[name].astype(float))):
            table[name] = table[name].astype(np.int64)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format="%.9g", lineterminator="\n")


def read_objects(path: str | Path) -> pd.DataFrame:
    """Return a table of objects: columns ``id`` and ``path`` are text whatever they look like.

    Parameters
    ----------
    path : path-like
        CSV. An object may be called NA; of other columns what is empty is missing.
    """
    others = [name for name in pd.read_csv(path, nrows=0) if name not in TEXTS]
    options = {"keep_default_na": False, "na_values": {name: [""] for name in others}}
    return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), **options)


def rows_where(table: pd.DataFrame, where: Mapping[str, object]) -> pd.DataFrame:
    """Return the rows whose columns have the given values.

    Parameters
    ----------
    table : DataFrame
        Any table of the workflow.
    where : mapping of column to value, or to a list of values
        What to keep; empty keeps all.

    Returns
    -------
    DataFrame
        Possibly empty.

    Raises
    ------
    ArtifactError
        If the table lacks a column.
    """
    missing = sorted(set(where) - set(table.columns))
    if missing:
        raise ArtifactError(
            f"The table has no column {missing}; it has {list(table.columns)}. "
            "Choose rows by columns that it has."
        )
    keep = pd.Series(True, index=table.index)
    for column, value in where.items():
        values = value if isinstance(value, list | tuple) else [value]
        keep &= table[column].isin(values)
    return table[keep]


def metric_row(summary: pd.DataFrame, metric: str, where: Mapping[str, object]) -> pd.Series | None:
    """Return the one row of a metrics summary for a metric, or None where there is none.

    Parameters
    ----------
    summary : DataFrame
        Content of ``metrics_summary.csv``.
    metric : str
        Value of the column ``metric``.
    where : mapping
        The other columns that single the row out.

    Returns
    -------
    Series or None
        The first such row.
    """
    rows = rows_where(summary, {**where, "metric": metric})
    return rows.iloc[0] if len(rows) else None


def describe_rows(where: Mapping[str, object]) -> str:
    """Say in words which rows were asked for: for a figure that found none."""
    return ", ".join(f"{column} {value}" for column, value in where.items()) or "any"
