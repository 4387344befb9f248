"""Catalogues of cutouts, read tolerantly into one table with the workflow's own column names.

Columns of the result: ``id`` (str), ``is_lens`` (int8; 1, 0, -1 unknown), ``einstein_area_sr``,
``einstein_radius_arcsec`` (``sqrt(area / pi)``), ``numb_pix_lensed_image`` and
``flux_lensed_image_in_sigma`` (float64, NaN unknown), then whatever else the file has.
"""

import csv
import difflib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import CatalogueError

ALIASES = {
    "id": "id",
    "is_lens": "is_lens",
    "einstein_area": "einstein_area_sr",
    "einstein_area_sr": "einstein_area_sr",
    "einstein_radius_arcsec": "einstein_radius_arcsec",
    "numb_pix_lensed_image": "numb_pix_lensed_image",
    "numb_pix_lensimage": "numb_pix_lensed_image",
    "flux_lensed_image_in_sigma": "flux_lensed_image_in_sigma",
    "flux_lensimage_in_sigma": "flux_lensed_image_in_sigma",
}
# The challenge's columns in the challenge's order; a file without a header is read as these.
CHALLENGE_COLUMNS = (
    "id",
    "is_lens",
    "einstein_area_sr",
    "numb_pix_lensed_image",
    "flux_lensed_image_in_sigma",
)
NUMBERS = ("einstein_area_sr", "einstein_radius_arcsec", *CHALLENGE_COLUMNS[3:])
UNITS = {"einstein_area_sr": "sr", "einstein_radius_arcsec": "arcsec"}
UNITS["flux_lensed_image_in_sigma"] = "sky sigma"
UNITS["numb_pix_lensed_image"] = "pixel"
DESCRIPTIONS = {
    "is_lens": "1 lens, 0 non-lens, -1 unknown",
    "einstein_area_sr": "area inside the critical curve",
    "einstein_radius_arcsec": "sqrt(area / pi)",
    "numb_pix_lensed_image": "pixels of the lensed source above one sky sigma",
    "flux_lensed_image_in_sigma": "flux in these pixels",
}
ARCSEC_PER_RADIAN = 180 * 3600 / np.pi
CHUNK_ROWS = 100_000

_DECIMAL_ID = re.compile(r"\d+\.\d*(?:[eE][+-]?\d+)?")
_TABLE_SUFFIXES = (".fits", ".fit", ".fits.gz", ".ecsv", ".vot", ".xml")


def read_catalogue(
    path: str | os.PathLike, required: Sequence[str] = CHALLENGE_COLUMNS
) -> pd.DataFrame:
    """Read a catalogue of cutouts.

    A text file is comma- or blank-separated; its header may be quoted, unquoted, behind a ``#``, or
    absent (then the five columns of the challenge are assumed); other lines beginning with ``#``
    are comments. Both spellings of the lensed-image columns are known. FITS, ECSV and VOTable files
    are recognised by their suffix.

    Parameters
    ----------
    path : str or path-like
        The file.
    required : sequence of str
        Columns that must be there; the challenge's five, or ("id",) for other cutouts.

    Returns
    -------
    pandas.DataFrame
        The columns named in the module's docstring, absent ones unknown, in the file's row order.

    Raises
    ------
    CatalogueError
        When the file is missing or empty, lacks columns, repeats an identifier, or holds text where
        numbers belong.
    """
    path = Path(path)
    is_table = path.name.lower().endswith(_TABLE_SUFFIXES)
    parts = [_read_table(path)] if is_table else list(_read_text(path))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        raise CatalogueError(f"{path} has no rows; a catalogue with one row an image was expected.")
    _require(path, table, required)
    table["id"] = _clean_ids(table["id"])
    _refuse_duplicates(path, table["id"])
    return _complete(path, table)


def unknown(ids: Sequence[str]) -> pd.DataFrame:
    """Return the table of objects of which nothing is known."""
    return _complete(Path(), pd.DataFrame({"id": np.asarray(ids, dtype=object)}))


def _read_text(path: Path) -> Iterator[pd.DataFrame]:
    """Read a text file in blocks of rows, so that only the result is ever whole in memory."""
    names, skipped, separator = _find_header(path)
    options = {"sep": separator, "header": None, "names": names, "skiprows": skipped, "dtype": str}
    # An identifier may be called "NA"; an empty field is what is missing.
    options |= {"skipinitialspace": True, "keep_default_na": False, "na_values": [""]}
    try:
        with pd.read_csv(path, chunksize=CHUNK_ROWS, index_col=False, **options) as chunks:
            for chunk in chunks:
                rows = chunk[~chunk.iloc[:, 0].astype(str).str.startswith("#")]
                yield _convert_numbers(path, rows)
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise CatalogueError(
            f"{path} cannot be read as a table: {str(error).strip()}. Every row must have the "
            f"{len(names)} columns {names}."
        ) from error


def _find_header(path: Path) -> tuple[list[str], int, str]:
    """Return the column names, the number of lines before the data, and the separator."""
    comments: list[str] = []
    for line in _first_lines(path):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        comments.append(line)
    else:
        raise CatalogueError(f"{path} has no rows; a catalogue with one row an image was expected.")
    separator = "," if "," in line else r"\s+"
    first = _fields(line, separator)
    if "id" in _internal(first):
        return _internal(first), len(comments) + 1, separator
    for comment in reversed(comments):
        names = _internal(_fields(comment.lstrip(" #"), separator))
        if "id" in names and len(names) == len(first):
            return names, len(comments), separator
    if len(first) == len(CHALLENGE_COLUMNS) and all(_is_number(field) for field in first):
        return list(CHALLENGE_COLUMNS), len(comments), separator
    raise CatalogueError(
        f"{path} has no column called id: its first line is {line.strip()[:200]!r}. Expected a "
        f"header, or five columns of numbers: {list(CHALLENGE_COLUMNS)}.{_hint('id', first)}"
    )


def _first_lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CatalogueError(
            f"{path} is not a text file ({error.reason}); a catalogue in CSV was expected, or FITS "
            f"or ECSV with one of the suffixes {', '.join(_TABLE_SUFFIXES)}."
        ) from error


def _fields(line: str, separator: str) -> list[str]:
    if separator != ",":
        return [field.strip("\"'") for field in line.split()]
    return [field.strip().strip("\"'") for field in next(csv.reader([line.strip()]), [])]


def _internal(names: Sequence[str]) -> list[str]:
    return [ALIASES.get(name.strip().lower(), name.strip()) for name in names]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_table(path: Path) -> pd.DataFrame:
    # Imported when needed: most catalogues are CSV.
    from astropy.table import Table

    try:
        table = Table.read(path)
    except Exception as error:  # damaged files raise almost anything
        raise CatalogueError(
            f"{path} cannot be read as a table ({type(error).__name__}: {error}); expected a "
            "table that astropy.table.Table.read understands."
        ) from error
    columns = {
        name: _plain_column(column)
        for name, column in zip(_internal(table.colnames), table.itercols(), strict=True)
        if column.ndim == 1
    }
    return _convert_numbers(path, pd.DataFrame(columns))


def _plain_column(column) -> np.ndarray:
    """Turn a column of astropy into text or numbers, with what is masked missing."""
    values = np.ma.asarray(getattr(column, "value", column))
    if values.dtype.kind in "biuf":
        # Integers stay integers: an identifier may have more digits than a float64 holds.
        whole = values.dtype.kind != "f" and not np.ma.is_masked(values)
        return np.asarray(values) if whole else values.astype(float).filled(np.nan)
    texts = [v.decode() if isinstance(v, bytes) else str(v) for v in values.filled("").tolist()]
    return np.array([text.strip() or None for text in texts], dtype=object)


def _convert_numbers(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Turn the known columns of text into numbers; the others keep their text for now."""
    table = table.copy()
    for name in ("is_lens", *NUMBERS):
        if name in table:
            table[name] = _numbers(path, table, name)
    return table


def _numbers(path: Path, table: pd.DataFrame, name: str) -> np.ndarray:
    column = table[name]
    if name == "is_lens" and column.dtype.kind not in "biuf":
        column = column.replace({"True": "1", "False": "0", "true": "1", "false": "0"})
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    allowed = np.isfinite(numbers) | column.isna().to_numpy()
    if name == "is_lens":
        allowed &= np.isin(numbers, (0, 1)) | column.isna().to_numpy()
    if not allowed.all():
        bad = table[~allowed].iloc[0]
        raise CatalogueError(
            f"{path}: {name} is {bad[name]!r} for id {bad.get('id')}; expected "
            f"{'0 or 1' if name == 'is_lens' else 'a finite number'}, or nothing when unknown."
        )
    return numbers


def _require(path: Path, table: pd.DataFrame, required: Sequence[str]) -> None:
    missing = [name for name in required if name not in table]
    if missing:
        hints = "".join(_hint(name, list(table.columns)) for name in missing)
        raise CatalogueError(
            f"{path} lacks the column(s) {missing}; it has {list(table.columns)}.{hints} "
            "Rename or add them."
        )


def _hint(name: str, present: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.lower(), [p.lower() for p in present], n=2, cutoff=0.5)
    return f" Close to {name}: {', '.join(near)}." if near else ""


def _clean_ids(column: pd.Series) -> np.ndarray:
    """Return identifiers as text; a column of floats (100000.0, 1.00000e+05) becomes integers."""
    if column.dtype.kind == "f":
        return np.array([str(int(v)) if v == v else "" for v in column], dtype=object)
    texts = ["" if pd.isna(value) else str(value).strip() for value in column]
    if all(_DECIMAL_ID.fullmatch(text) for text in texts):
        texts = [str(int(float(text))) if float(text).is_integer() else text for text in texts]
    return np.array(texts, dtype=object)


def _refuse_duplicates(path: Path, ids: pd.Series) -> None:
    if (ids == "").any():
        rows = np.flatnonzero(ids == "")[:5] + 1
        raise CatalogueError(f"{path} has row(s) without an id: number {rows.tolist()}; add it.")
    duplicated = ids[ids.duplicated()].unique()
    if len(duplicated):
        raise CatalogueError(
            f"{path} repeats {len(duplicated)} id(s), the first being {list(duplicated[:5])}; "
            "expected one row an object. Remove the repeated rows."
        )


def _complete(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Add what is absent as unknown, and put the known columns first."""
    known = {"id": table["id"].to_numpy(dtype=object)}
    blank = np.full(len(table), np.nan)
    is_lens = np.asarray(table.get("is_lens", blank), dtype=float)
    known["is_lens"] = np.where(np.isnan(is_lens), -1, is_lens).astype(np.int8)
    for name in NUMBERS:
        known[name] = np.asarray(table.get(name, blank), dtype=float)
    if "einstein_radius_arcsec" not in table:
        area = known["einstein_area_sr"]
        if (area < 0).any():
            bad = known["id"][area < 0][0]
            raise CatalogueError(f"{path}: einstein_area is negative for id {bad}.")
        known["einstein_radius_arcsec"] = np.sqrt(area / np.pi) * ARCSEC_PER_RADIAN
    others = [name for name in table.columns if name not in known]
    return pd.DataFrame(known | {name: _number_or_text(table[name]) for name in others})


def _number_or_text(column: pd.Series) -> np.ndarray:
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    numbers = pd.to_numeric(column, errors="coerce")
    if (numbers.notna() | column.isna()).all():
        return numbers.to_numpy(dtype=float)
    return column.fillna("").astype(str).to_numpy(dtype=object)
