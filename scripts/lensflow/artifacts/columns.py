"""Tables in an artifact: a group with one dataset a column."""

from collections.abc import Mapping

import h5py
import numpy as np
import pandas as pd

from lensflow.artifacts.failures import damage_named, missing
from lensflow.artifacts.files import dataset_at
from lensflow.artifacts.layout import ALL_ROWS
from lensflow.artifacts.reading import read, read_strings
from lensflow.artifacts.writer import Writer
from lensflow.errors import ArtifactError


def write_table(
    writer: Writer,
    group: str,
    table: pd.DataFrame,
    units: Mapping[str, str] | None = None,
    descriptions: Mapping[str, str] | None = None,
) -> None:
    """Store a table as a group of one dataset a column; the index is not stored."""
    units, descriptions = units or {}, descriptions or {}
    writer.file.require_group(group).attrs["columns"] = [str(name) for name in table.columns]
    for name, column in table.items():
        key, text = f"{group}/{name}", descriptions.get(name, "")
        if pd.api.types.is_numeric_dtype(column.dtype):
            writer.dataset(key, column.to_numpy(), units.get(name, "1"), text)
        else:
            writer.strings(key, column, text)


def grow_table(
    writer: Writer,
    group: str,
    table: pd.DataFrame,
    units: Mapping[str, str] | None = None,
    descriptions: Mapping[str, str] | None = None,
) -> None:
    """Begin a table that `append_table` adds rows to; ``table`` gives its columns, not its rows."""
    units, descriptions = units or {}, descriptions or {}
    writer.file.require_group(group).attrs["columns"] = [str(name) for name in table.columns]
    for name, column in table.items():
        dtype = column.dtype if pd.api.types.is_numeric_dtype(column.dtype) else str
        text = descriptions.get(name, "")
        writer.growable(f"{group}/{name}", (0,), dtype, units.get(name, "1"), text)


def append_table(writer: Writer, group: str, table: pd.DataFrame) -> None:
    """Add the rows of ``table`` to a table begun by `grow_table`.

    Numbers that are all NaN are empty cells of a column of texts.

    Raises
    ------
    ArtifactError
        When a column goes on with texts, or numbers of another kind, than it began with: they would
        be stored as others.
    """
    for name, column in table.items():
        key, values = f"{group}/{name}", column.to_numpy()
        stored = writer.file[key].dtype
        if _is_text(stored) and not _is_text(values.dtype) and pd.isna(values).all():
            values = np.full(len(values), "", object)
        is_alike = _is_text(stored) == _is_text(values.dtype)
        if not is_alike or not np.can_cast(values.dtype, stored, "same_kind"):
            raise ArtifactError(
                f"{writer.path}: the column {name!r} began with {_kind(stored)} and goes on with "
                f"{_kind(values.dtype)}. Write all its cells alike, or leave the column out."
            )
        writer.append(key, values)


def _is_text(dtype: np.dtype) -> bool:
    return dtype.kind == "O"


def _kind(dtype: np.dtype) -> str:
    return "texts" if _is_text(dtype) else f"numbers ({dtype})"


def read_table(file: h5py.File, group: str, rows: slice = ALL_ROWS) -> pd.DataFrame:
    """Return the columns stored by `write_table`, or some rows of them, in the order written.

    Raises
    ------
    ArtifactError
        When the group or one of its columns is missing or damaged.
    """
    if not isinstance(file.get(group), h5py.Group):
        raise missing(file, group, "group")
    with damage_named(file, group):
        names = file[group].attrs.get("columns", sorted(file[group]))
    return pd.DataFrame({name: _column(file, f"{group}/{name}", rows) for name in names})


def _column(file: h5py.File, key: str, rows: slice) -> np.ndarray:
    if h5py.check_string_dtype(dataset_at(file, key).dtype) is not None:
        return read_strings(file, key, rows)
    return read(file, key, rows)
