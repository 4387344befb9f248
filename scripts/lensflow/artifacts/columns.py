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
    """Add the rows of ``table`` to a table begun by `grow_table`."""
    for name, column in table.items():
        writer.append(f"{group}/{name}", column.to_numpy())


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
