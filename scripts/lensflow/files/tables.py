"""Tables in CSV: how they are written, how a person's are read, and how rows are chosen."""

import csv
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import ArtifactError, LabelError
from lensflow.files import provenance, writing

TEXTS = ("id", "path", "known_lens")
"""Columns of objects that are text: an object may be called 12, or NA."""
COUNTS = ("n_lens", "n_nonlens", "tp", "fp", "fn", "tn")
SEPARATORS = ",;\t"
"""What may part the cells of a table that a person has edited: spreadsheets differ."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Signs that no text holds; a note may have several lines."""


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table: whole counts as integers, other numbers with nine digits."""
    table = table.copy()
    for name in COUNTS:
        if name in table and np.array_equal(table[name], np.round(table[name].astype(float))):
            table[name] = table[name].astype(np.int64)
    with writing.replacing(path) as partial:
        table.to_csv(partial, index=False, float_format="%.9g", lineterminator="\n")


def read_objects(path: str | Path, texts: Iterable[str] = ()) -> pd.DataFrame:
    """Return a table of objects: columns of `TEXTS` are text whatever they look like.

    Parameters
    ----------
    path : path-like
        CSV. Of other columns what is empty is missing, and nothing else: NA is a text.
    texts : iterable of str
        Further columns that are text: 0012 is no number there.

    Raises
    ------
    ArtifactError
        When it is not what was written, see `lensflow.files.provenance.verify`.
    """
    provenance.verify(path)
    others = [name for name in pd.read_csv(path, nrows=0) if name not in TEXTS]
    options = {"keep_default_na": False, "na_values": {name: [""] for name in others}}
    return pd.read_csv(path, dtype=dict.fromkeys([*TEXTS, *texts], str), **options)


def read_edited(path: str | Path, columns: Sequence[str], required: Iterable[str]) -> pd.DataFrame:
    """Return a table that a person has filled or edited, and a spreadsheet saved, as text.

    Cells are parted by whichever of `SEPARATORS` the heading has most of. Space around them goes,
    and so do rows and columns that are empty.

    Parameters
    ----------
    path : path-like
        In UTF-8.
    columns : sequence of str
        Every column that it may have; those that it lacks are empty.
    required : iterable of str
        Those that it must have.

    Returns
    -------
    DataFrame
        By line of the file, the heading being line 1.

    Raises
    ------
    LabelError
        When it cannot be read, has an unknown column or one twice, lacks one, or has a row of
        another length than its heading; what was found and what was expected is said.
    """
    (_, heading), *rows = _lines(path, columns)
    known = ", ".join(columns)
    unknown = [name for name in heading if name not in columns]
    missing = [name for name in required if name not in heading]
    repeated = sorted({name for name in heading if heading.count(name) > 1})
    if unknown or missing or repeated:
        raise LabelError(
            f"{path}: unknown columns {unknown}, missing columns {missing}, repeated columns "
            f"{repeated}; the columns are {known}, parted by commas"
        )
    for line, cells in rows:
        if len(cells) != len(heading):
            raise LabelError(
                f"{path}, line {line}: {len(cells)} cells, but the heading has {len(heading)}; "
                "give every column one, and put a text that holds the separator in double quotes"
            )
        if bad := next((cell for cell in cells if _CONTROL.search(cell)), None):
            raise LabelError(f"{path}, line {line}: control characters in {bad!a}; remove them")
    index = pd.Index([line for line, _ in rows], dtype=int)
    table = pd.DataFrame([cells for _, cells in rows], index, heading, dtype=str)
    return table.reindex(columns=list(columns), fill_value="")


def _lines(path: str | Path, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Return the lines that hold anything: the number of each, and its cells."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise _unreadable(path, "it is no regular file", columns)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            separator = max(SEPARATORS, key=first.count)
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise _unreadable(path, error, columns) from error
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if not lines:
        raise _unreadable(path, "it is empty", columns)
    # A spreadsheet ends every line with the empty columns of its sheet.
    width = max(place + 1 for place, name in enumerate(lines[0][1]) if name)
    return [(n, cells if any(cells[width:]) else cells[:width]) for n, cells in lines]


def _unreadable(path: str | Path, reason: object, columns: Sequence[str]) -> LabelError:
    return LabelError(
        f"{path} cannot be read: {reason}; expected is a CSV in UTF-8 with the columns "
        f"{', '.join(columns)}"
    )


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
