"""Catalogue files as tables of what stands in them: text by `csv`, everything else by astropy.

`csv` is told one dialect and read row by row, because pandas takes a row with too few cells, and
one of an index without a name, without a word. Cells are text here, or the numbers of the file.
"""

import csv
import difflib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lensflow.errors import CatalogueError
from lensflow.ingest.names import refused_columns
from lensflow.ingest.positions import position_columns

if TYPE_CHECKING:
    from astropy.table import Table

CHUNK_ROWS = 100_000
# A blank stands for any number of blanks and tabs.
DELIMITERS = (",", "\t", ";", " ")
VOTABLE_SUFFIXES = (".vot", ".xml")
BINARY_SUFFIXES = (".fits", ".fit", ".fits.gz", ".ecsv", *VOTABLE_SUFFIXES)

Names = Callable[[Sequence[str]], list[str]]


def read_file(
    path: Path, internal: Names, headerless: Sequence[str]
) -> tuple[Iterator[pd.DataFrame], list[str]]:
    """Read the columns of a catalogue file that can be carried along.

    Parameters
    ----------
    path : Path
        FITS, ECSV and VOTable files are recognised by their suffix; any other is text.
    internal : callable
        From the names of the file to those of the workflow.
    headerless : sequence of str
        The columns of a text file of as many numbers without a header.

    Returns
    -------
    blocks : iterator of pandas.DataFrame
        Parts of the table, in order; None where a text is missing.
    left_out : list of str
        A sentence for each column that is left out.

    Raises
    ------
    CatalogueError
        When the file cannot be read, two of its columns mean the same, or a row has more or fewer
        cells than there are columns. Of text files, while the blocks are taken.
    """
    if not path.is_file():
        reason = os.strerror(2) if not path.exists() else "it is no regular file"
        raise CatalogueError(f"{path} cannot be read: {reason}.")
    if path.name.lower().endswith(BINARY_SUFFIXES):
        return _read_table(path, internal)
    names, delimiter, skipped = _find_header(path, internal, headerless)
    kept, left_out = _choose(path, names)
    return text_blocks(path, names, delimiter, skipped, kept), left_out


def _choose(path: Path, names: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Return the columns that are kept, with their places, and why others are not."""
    given = [name for name in names if name]
    for name in given:
        if given.count(name) > 1:
            raise CatalogueError(
                f"{path} has {given.count(name)} columns that mean {name}, in whatever spelling; "
                "expected one. Remove or rename the others."
            )
    refused = dict(refused_columns([name for name in names if name != "id"]))
    kept = {name: place for place, name in enumerate(names) if name not in refused}
    sentences = [
        f"column {name!a} of the catalogue is left out: {why}" for name, why in refused.items()
    ]
    return kept, sentences


# --- text -----------------------------------------------------------------------------------------


def _lines(path: Path) -> Iterator[str]:
    try:
        # Lines end with any of the three signs, which csv expects to see.
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in file:
                if "\0" in line:
                    raise UnicodeDecodeError("utf-8", b"\0", 0, 1, "it holds zero bytes")
                yield line
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CatalogueError(
            f"{path} is not a text file ({error.reason}); a catalogue in CSV in UTF-8 was "
            f"expected, or FITS or ECSV with one of the suffixes {', '.join(BINARY_SUFFIXES)}."
        ) from error


def _first_row(path: Path, expected: str) -> tuple[str, list[str]]:
    """Return the first line that is neither empty nor a comment, and what stands before it."""
    comments: list[str] = []
    for line in _lines(path):
        if line.strip() and not line.lstrip().startswith("#"):
            return line, comments
        comments.append(line.lstrip(" \t#"))
    raise CatalogueError(f"{path} has no rows; {expected}.")


def _find_header(
    path: Path, internal: Names, headerless: Sequence[str]
) -> tuple[list[str], str, int]:
    """Return the column names, the delimiter, and the number of rows before the data."""
    line, comments = _first_row(path, "a catalogue with one row an image was expected")
    rows = {delimiter: _cells(line, delimiter) for delimiter in DELIMITERS}
    for delimiter, first in rows.items():
        if "id" in internal(first):
            return internal(first), delimiter, 1
        for comment in reversed(comments):
            names = internal(_cells(comment, delimiter))
            if "id" in names and len(names) == len(first):
                return names, delimiter, 0
    for delimiter, first in rows.items():
        if len(first) == len(headerless) and all(map(_is_number, first)):
            return list(headerless), delimiter, 0
    raise CatalogueError(
        f"{path} has no column called id: its first line is {line.strip()[:200]!r}. Expected a "
        f"header, or five columns of numbers: {list(headerless)}.{hint('id', rows[','])}"
    )


def hint(name: str, present: Sequence[str]) -> str:
    """Return a sentence on the columns that may have been meant by a name, or nothing.

    Parameters
    ----------
    name : str
        The column that is not there.
    present : sequence of str
        Those that are.
    """
    near = difflib.get_close_matches(name.lower(), [p.lower() for p in present], n=2, cutoff=0.5)
    return f" Close to {name}: {', '.join(near)}." if near else ""


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a header, which may be quoted in either way."""
    try:
        row = next(_rows(iter([line]), delimiter), (0, []))[1]
    except csv.Error:
        return []
    return [cell.strip("\"'").strip() for cell in row]


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the last line and the cells of each row that is no comment."""
    is_new = True

    def uncommented() -> Iterator[str]:
        nonlocal is_new
        for line in lines:
            if is_new and line.lstrip().startswith("#"):
                line = "\n"
            is_new = False
            yield line.expandtabs(1).strip() if delimiter == " " else line

    reader = csv.reader(uncommented(), delimiter=delimiter, skipinitialspace=True, strict=True)
    for row in reader:
        # The next line begins a row: csv asks for more of them only in the middle of a quotation.
        is_new = True
        if row and (len(row) > 1 or row[0].strip()):
            yield reader.line_num, [cell.strip() for cell in row]


def text_header(path: Path) -> tuple[list[str], str]:
    """Return the names in the first row of a text that is no comment, and what parts them.

    Raises
    ------
    CatalogueError
        When it is no text, or has no such row.
    """
    line, _ = _first_row(path, "expected a header with the names of the columns")
    rows = {delimiter: _cells(line, delimiter) for delimiter in DELIMITERS}
    parted = [(cells, delimiter) for delimiter, cells in rows.items() if len(cells) > 1]
    return parted[0] if parted else (rows[","], ",")


def text_blocks(
    path: Path,
    names: Sequence[str],
    delimiter: str,
    skipped: int,
    kept: Mapping[str, int],
    n_rows: int = CHUNK_ROWS,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a text in blocks, every cell a text, or None where it is empty.

    Parameters
    ----------
    path : Path
    names : sequence of str
        All columns: each row must have as many cells.
    delimiter : str
        One of `DELIMITERS`.
    skipped : int
        Rows before the first one, other than comments.
    kept : mapping of str to int
        What is taken, by what it is called, and its place among the columns.
    n_rows : int
        Rows of a block.

    Raises
    ------
    CatalogueError
        At a row with more or fewer cells, and a quotation without an end; the line is named.
    """
    rows = islice(_rows(_lines(path), delimiter), skipped, None)
    while block := list(islice(_checked(path, rows, names), n_rows)):
        columns = list(zip(*block, strict=True))
        yield pd.DataFrame(
            {
                name: np.array([cell or None for cell in columns[place]], dtype=object)
                for name, place in kept.items()
            }
        )


def _checked(path: Path, rows: Iterator, names: Sequence[str]) -> Iterator[list[str]]:
    try:
        for number, row in rows:
            if len(row) != len(names):
                raise CatalogueError(
                    f"{path}, line {number}: the row has {len(row)} cells. Every row must have the "
                    f"{len(names)} columns {names}; leave a cell empty where nothing is known."
                )
            yield row
    except csv.Error as error:
        raise CatalogueError(
            f"{path} cannot be read as a table: {error}. Every row must have the "
            f"{len(names)} columns {names}, and every quotation an end."
        ) from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# --- FITS, ECSV, VOTable --------------------------------------------------------------------------


def read_table(path: Path) -> "Table":
    """Return a FITS, ECSV or VOTable file as astropy reads it.

    Raises
    ------
    CatalogueError
        When it does not.
    """
    # Imported when needed: most catalogues are CSV.
    from astropy.table import Table

    try:
        with warnings.catch_warnings():
            # Of units that astropy does not know: the workflow carries none.
            warnings.simplefilter("ignore")
            # Of a VOTable by the names of its fields, not by what it calls them within the file.
            is_votable = path.name.lower().endswith(VOTABLE_SUFFIXES)
            return Table.read(path, **({"use_names_over_ids": True} if is_votable else {}))
    except Exception as error:  # damaged files raise almost anything
        raise CatalogueError(
            f"{path} cannot be read as a table ({type(error).__name__}: {error}); expected a "
            "table that astropy.table.Table.read understands."
        ) from error


def expect_degrees(path: str | os.PathLike, name: str, unit: object) -> None:
    """Refuse a column of a position that is said to be in another unit than degrees.

    Parameters
    ----------
    path : path-like
        The file, for the message.
    name : str
        The column.
    unit : astropy.units.UnitBase or None
        What the file says; one that astropy does not know may be a spelling of the degree.

    Raises
    ------
    CatalogueError
        That names column and unit.
    """
    if unit is None or unit == "deg" or unit.physical_type in ("unknown", "dimensionless"):
        return
    raise CatalogueError(
        f"{path}: the unit of its column {name} is {unit}; expected degrees. Convert it, with "
        f"astropy by table[{name!r}].convert_unit_to('deg')."
    )


def _read_table(path: Path, internal: Names) -> tuple[Iterator[pd.DataFrame], list[str]]:
    table = read_table(path)
    kept, left_out = _choose(path, internal(table.colnames))
    for name in position_columns([*kept]) or ():
        column = table.columns[kept[name]]
        # A text is no position here, whatever its unit.
        if column.dtype.kind in "fiu":
            expect_degrees(path, column.info.name, column.unit)
    columns = {}
    for name, place in kept.items():
        values = plain_column(table.columns[place])
        if values is None:
            left_out.append(
                f"column {name!a} of the catalogue is left out: expected a number or text a row"
            )
        else:
            columns[name] = values
    return iter([pd.DataFrame(columns)]), left_out


def plain_column(column) -> np.ndarray | None:
    """Turn a column of astropy, or an array, into text or numbers; None where it holds others."""
    values = np.ma.asarray(getattr(column, "value", column))
    if values.ndim != 1 or values.dtype.kind not in "biufSUO":
        return None
    # An identifier may have more digits than a float64 holds: masked integers become text.
    if values.dtype.kind == "f" or (values.dtype.kind in "biu" and not np.ma.is_masked(values)):
        missing = np.nan if values.dtype.kind == "f" else 0
        return values.filled(missing).astype(values.dtype.newbyteorder("="))
    cells = values.tolist()
    if values.dtype.kind == "O" and not all(isinstance(c, str | bytes | None) for c in cells):
        return None
    texts = [_text(cell).strip() or None for cell in cells]
    return np.array(texts, dtype=object)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else str(cell)
