"""Tables of objects, in whatever format surveys hand them out, a block of rows at a time.

CSV, Parquet and FITS are read in blocks, so that memory does not grow with them; ECSV and VOTable
are read as a whole, as their readers want it.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import CatalogueError
from lensflow.ingest.catalogue_files import (
    expect_degrees,
    plain_column,
    read_table,
    text_blocks,
    text_header,
)
from lensflow.ingest.names import column_called
from lensflow.ingest.positions import position_columns

BLOCK_ROWS = 100_000
PARQUET = (".parquet", ".pq")
FITS = (".fits", ".fit", ".fits.gz", ".fits.fz")
VOTABLE = (".vot", ".xml")
WHOLE = (".ecsv", *VOTABLE)
COUNTED_BYTES = 1 << 20


def read_columns(path: str | os.PathLike, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a whole table; see `read_blocks`."""
    return pd.concat(list(read_blocks(path, columns)), ignore_index=True)


def column_names(path: str | os.PathLike) -> list[str]:
    """Return the names of the columns of a table that hold one value a row."""
    return list(next(read_blocks(path, rows=1)).columns)


def check_degrees(path: str | os.PathLike, names: Sequence[str]) -> None:
    """Refuse columns of a position whose unit, where the file says one, is not the degree.

    Parameters
    ----------
    path : path-like
        As in `read_blocks`; of a text and of Parquet no units are known.
    names : sequence of str
        Its columns of right ascension and declination.

    Raises
    ------
    CatalogueError
        That names column and unit.
    """
    for name, unit in _units(Path(path)).items():
        if name in names:
            expect_degrees(path, name, unit)


def _units(path: Path) -> dict[str, object]:
    """Return the unit that a file says of each column, as astropy has it; None for none."""
    name = path.name.lower()
    if name.endswith(WHOLE):
        table = read_table(path)
        return {column: getattr(table[column], "unit", None) for column in table.colnames}
    if not name.endswith(FITS):
        return {}
    from astropy import units
    from astropy.io import fits

    with _damage_named(path), fits.open(path) as file:
        table = next((hdu for hdu in file if isinstance(hdu, fits.BinTableHDU)), None)
        said = [] if table is None else [(each.name, each.unit) for each in table.columns]
    return {column: text and units.Unit(text, parse_strict="silent") for column, text in said}


def object_columns(
    present: Sequence[str], given: Mapping[str, str], ids: Sequence[str]
) -> dict[str, str | None]:
    """Return which columns of a table hold identifier, right ascension and declination.

    Parameters
    ----------
    present : sequence of str
        The columns of the table.
    given : mapping of str to str
        Those of ``id``, ``ra`` and ``dec`` that the dataset names.
    ids : sequence of str
        What a column of identifiers may be called, in small letters, in order of preference.

    Returns
    -------
    dict of str to str or None
        ``id``, ``ra`` and ``dec``; None where there is no such column.

    Raises
    ------
    CatalogueError
        When columns that may be meant differ by upper and lower case alone.
    """
    # What is named is not looked for: columns that cannot be told apart do not matter then.
    label = given["id"] if "id" in given else column_called(present, ids)
    found = None if {"ra", "dec"} <= set(given) else position_columns(present)
    ra, dec = found or (None, None)
    return {"id": label, "ra": given.get("ra", ra), "dec": given.get("dec", dec)}


def read_blocks(
    path: str | os.PathLike,
    columns: Sequence[str] | None = None,
    rows: int = BLOCK_ROWS,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a table in blocks; one without rows gives one empty block.

    Parameters
    ----------
    path : path-like
        Text parted by commas, tabs, semicolons or blanks, whose cells are all texts; or by its
        suffix FITS, Parquet, ECSV or VOTable.
    columns : sequence of str, optional
        The columns wanted; None takes all that hold one value a row.
    rows : int
        Rows of a block.

    Raises
    ------
    CatalogueError
        When the file cannot be read or lacks a column.
    """
    path = Path(path)
    name = path.name.lower()
    if name.endswith(PARQUET):
        read = _read_parquet
    elif name.endswith(FITS):
        read = _read_fits
    else:
        read = _read_whole if name.endswith(WHOLE) else _read_csv
    with _damage_named(path):
        yield from read(path, columns, rows)


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except CatalogueError:
        raise
    except Exception as error:  # damaged files raise almost anything
        raise CatalogueError(
            f"{path} cannot be read as a table ({type(error).__name__}: {error}); expected CSV, or "
            "FITS, Parquet, ECSV or VOTable by its suffix."
        ) from error


def _check(path: Path, present: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    missing = [name for name in columns or () if name not in present]
    if missing:
        raise CatalogueError(
            f"{path} lacks the column(s) {missing}; it has {list(present)}. Name the right ones "
            "under the dataset's columns."
        )
    wanted = list(dict.fromkeys(present) if columns is None else columns)
    if twice := sorted({name for name in wanted if list(present).count(name) > 1}):
        raise CatalogueError(f"{path} has several columns {twice}; rename or remove the others.")
    return wanted


def _read_parquet(path: Path, columns, rows: int) -> Iterator[pd.DataFrame]:
    from pyarrow import parquet, types

    # Else all row groups that were read stay in memory until the file is closed.
    with parquet.ParquetFile(path, pre_buffer=False) as file:
        schema = file.schema_arrow
        plain = [field.name for field in schema if not types.is_nested(field.type)]
        # What pandas keeps of an index is no column of the table.
        plain = [name for name in plain if not name.startswith("__index_level_")]
        wanted = _check(path, plain, columns)
        if not file.metadata.num_rows:
            yield schema.empty_table().select(wanted).to_pandas()
        for batch in file.iter_batches(rows, columns=wanted):
            yield batch.to_pandas(ignore_metadata=True)[wanted]


def _read_fits(path: Path, columns, rows: int) -> Iterator[pd.DataFrame]:
    from astropy.io import fits

    with fits.open(path) as file:
        table = next((hdu for hdu in file if isinstance(hdu, fits.BinTableHDU)), None)
        if table is None:
            raise CatalogueError(f"{path} has no table; a binary table was expected.")
        plain = [name for name in table.columns.names if table.data[name].ndim == 1]
        wanted = _check(path, plain, columns)
        for start in range(0, max(len(table.data), 1), rows):
            part = table.data[start : start + rows]
            yield pd.DataFrame({name: _native(table.columns[name], part[name]) for name in wanted})


def _native(column, values) -> np.ndarray:
    """Return values of a column of a FITS table; an integer that stands for none is none."""
    values = np.asarray(values)
    if column.null not in (None, "") and values.dtype.kind in "iu":
        values = np.ma.masked_equal(values, column.null)
    return plain_column(values)


def _read_csv(path: Path, columns, rows: int) -> Iterator[pd.DataFrame]:
    names, delimiter = text_header(path)
    kept = {name: names.index(name) for name in _check(path, names, columns)}
    blocks = text_blocks(path, names, delimiter, 1, kept, rows)
    first = next(blocks, None)
    yield pd.DataFrame(columns=list(kept), dtype=object) if first is None else first
    yield from blocks


def _read_whole(path: Path, columns, rows: int) -> Iterator[pd.DataFrame]:
    table = read_table(path)
    plain = {name: plain_column(table[name]) for name in table.colnames}
    known = [name for name, values in plain.items() if values is not None]
    whole = pd.DataFrame({name: plain[name] for name in _check(path, known, columns)})
    for start in range(0, max(len(whole), 1), rows):
        yield whole.iloc[start : start + rows].reset_index(drop=True)


# --- how many -------------------------------------------------------------------------------------


def count_rows(path: str | os.PathLike) -> int:
    """Return about how many rows a table has, without its rows in memory.

    FITS and Parquet say it themselves. Of a text it is the number of lines but one, of a VOTable
    that of the rows that stand in it as text.

    Parameters
    ----------
    path : path-like
        As in `read_blocks`.

    Raises
    ------
    CatalogueError
        When the file cannot be read.
    """
    path = Path(path)
    name = path.name.lower()
    with _damage_named(path):
        if name.endswith(PARQUET):
            from pyarrow import parquet

            return parquet.read_metadata(path).num_rows
        if name.endswith(FITS):
            return _fits_rows(path)
        if name.endswith(VOTABLE):
            return _occurrences(path, b"<TR")
        return max(_occurrences(path, b"\n") - 1, 0)


def _fits_rows(path: Path) -> int:
    """Return the number of rows that the header of the first table says."""
    from astropy.io import fits

    with fits.open(path) as file:
        tables = (hdu.header for hdu in file if isinstance(hdu, fits.BinTableHDU))
        return next((header["NAXIS2"] for header in tables), 0)


def _occurrences(path: Path, mark: bytes) -> int:
    """Count a mark in the bytes of a file, also where it stands across two blocks."""
    found, rest = 0, b""
    with path.open("rb") as file:
        while block := file.read(COUNTED_BYTES):
            found += (rest + block).count(mark)
            rest = block[len(block) - len(mark) + 1 :]
    return found
