"""Catalogues of cutouts, read tolerantly into one table with the workflow's own column names.

Columns of the result: ``id`` (str), ``is_lens`` (int8; 1, 0, -1 unknown), ``einstein_area_sr``,
``einstein_radius_arcsec`` (``sqrt(area / pi)``), ``numb_pix_lensed_image`` and
``flux_lensed_image_in_sigma`` (float64, NaN unknown), then whatever else the file has.
"""

import os
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import CatalogueError
from lensflow.ingest.catalogue_files import hint, read_file

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
EXACT_FLOAT = 2**53
LONGEST_NUMBER = 40

_DECIMAL_ID = re.compile(r"\d+\.\d*(?:[eE][+-]?\d+)?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_INTEGER = re.compile(r"[+-]?\d+")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_TRUTH = {"True": "1", "False": "0", "true": "1", "false": "0"}


def read_catalogue(
    path: str | os.PathLike, required: Sequence[str] = CHALLENGE_COLUMNS
) -> pd.DataFrame:
    """Read a catalogue of cutouts.

    A text file is separated by commas, tabs, semicolons or blanks; its header may be quoted,
    unquoted, behind a ``#``, or absent (then the five columns of the challenge are assumed); other
    lines beginning with ``#`` are comments. Both spellings of the lensed-image columns are known.
    FITS, ECSV and VOTable files are recognised by their suffix.

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
        `left_out` says which of the file's columns are not among them.

    Raises
    ------
    CatalogueError
        When the file is missing or empty, lacks columns, repeats an identifier, or holds text where
        numbers belong.
    """
    path = Path(path)
    blocks, left_out = read_file(path, _internal, CHALLENGE_COLUMNS)
    parts = [_convert_numbers(path, block) for block in blocks]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        raise CatalogueError(f"{path} has no rows; a catalogue with one row an image was expected.")
    _require(path, table, required)
    table["id"] = clean_ids(path, table["id"])
    _refuse_duplicates(path, table["id"])
    table, unprintable = _without_control_signs(_complete(path, table))
    table.attrs["left_out"] = [*left_out, *unprintable]
    return table


def left_out(table: pd.DataFrame | None) -> list[str]:
    """Return a sentence for each column of the file that a catalogue lacks, and why."""
    return [] if table is None else table.attrs.get("left_out", [])


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the workflow's own columns, absent ones unknown, before its others.

    Parameters
    ----------
    table : DataFrame
        With a column id (str) and any others.
    """
    return _without_control_signs(_complete(Path(), _convert_numbers(Path(), table)))[0]


def _internal(names: Sequence[str]) -> list[str]:
    return [ALIASES.get(name.strip().lower(), name.strip()) for name in names]


def unknown(ids: Sequence[str]) -> pd.DataFrame:
    """Return the table of objects of which nothing is known."""
    return _complete(Path(), pd.DataFrame({"id": np.asarray(ids, dtype=object)}))


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
        column = column.map(_TRUTH).where(column.isin(_TRUTH), column)
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
        hints = "".join(hint(name, list(table.columns)) for name in missing)
        raise CatalogueError(
            f"{path} lacks the column(s) {missing}; it has {list(table.columns)}.{hints} "
            "Rename or add them."
        )


def clean_ids(path: Path, column: pd.Series) -> np.ndarray:
    """Return identifiers as text; a column of floats (100000.0, 1.00000e+05) becomes integers."""
    return id_cleaner(path)(column)


def id_cleaner(path: Path) -> Callable[[pd.Series], np.ndarray]:
    """Return what does `clean_ids` to one block of a table after the other.

    It raises `CatalogueError` where 7.0 became 7 in one block, and would not have in the whole.
    """
    examples: dict[str, str] = {}

    def clean(column: pd.Series) -> np.ndarray:
        if column.dtype.kind == "f":
            return _whole_numbers(path, column.to_numpy())
        texts = ["" if pd.isna(value) else str(value).strip() for value in column]
        others = (text for text in texts if not _is_decimal(text))
        if (other := next(others, None)) is not None:
            examples.setdefault("text", other)
        else:
            whole = [_without_fraction(text) for text in texts]
            changed = (old for old, new in zip(texts, whole, strict=True) if old != new)
            if (number := next(changed, None)) is not None:
                examples.setdefault("number", number)
            texts = whole
        if len(examples) > 1:
            raise CatalogueError(
                f"{path}: ids are numbers such as {examples['number']} and texts such as "
                f"{examples['text']!r}; expected whole numbers, or texts alone. Write them "
                "without fractions."
            )
        return np.array(texts, dtype=object)

    return clean


def _is_decimal(text: str) -> bool:
    return len(text) <= LONGEST_NUMBER and _DECIMAL_ID.fullmatch(text) is not None


def _whole_numbers(path: Path, values: np.ndarray) -> np.ndarray:
    """Write identifiers that a table holds as floats, where they are certain to the last digit."""
    limit = 2.0 ** (np.finfo(values.dtype).nmant + 1)
    with np.errstate(invalid="ignore"):
        exact = np.isnan(values) | ((values == np.floor(values)) & (np.abs(values) < limit))
    if not exact.all():
        raise CatalogueError(
            f"{path}: id is {float(values[~exact][0])!r}, in a column of {values.dtype}; expected "
            f"whole numbers below {limit:.0f}, which it holds exactly. Store the ids as "
            "integers or as text."
        )
    return np.array(["" if np.isnan(v) else str(int(v)) for v in values], dtype=object)


def _without_fraction(text: str) -> str:
    number = float(text)
    return str(int(Decimal(text))) if number < 1e30 and number.is_integer() else text


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


def _without_control_signs(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leave out columns of text with signs that would break the rows of a CSV."""
    bad = [
        name
        for name in table.columns.drop("id")
        if table[name].dtype.kind not in "biuf" and table[name].map(_CONTROL.search).notna().any()
    ]
    sentences = [
        f"column {name!a} of the catalogue is left out: some of its cells have control characters"
        for name in bad
    ]
    return table.drop(columns=bad), sentences


def _number_or_text(column: pd.Series) -> np.ndarray:
    """Return a column as numbers where every cell says one exactly, else as it is written."""
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    texts = column.dropna().astype(str)
    is_finite = texts.map(_is_finite_number) if len(texts) else pd.Series([], dtype=bool)
    if is_finite.any() and texts[~is_finite].map(_is_no_number).all():
        return _numbers_of(column, texts)
    if len(texts) == 0:
        return np.full(len(column), np.nan)
    return column.fillna("").astype(str).to_numpy(dtype=object)


def _is_finite_number(text: str) -> bool:
    """Say whether a text is a number that can be written back: 007 and 1e400 cannot."""
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text) or _LEADING_ZERO.match(text):
        return False
    return bool(np.isfinite(float(text)))


def _is_no_number(text: str) -> bool:
    return text.lower().lstrip("+-") in ("nan", "inf")


def _numbers_of(column: pd.Series, texts: pd.Series) -> np.ndarray:
    if not all(_INTEGER.fullmatch(text) for text in texts):
        return column.astype(float).to_numpy()
    numbers = [int(text) for text in texts]
    if max(map(abs, numbers)) < EXACT_FLOAT:
        return column.astype(float).to_numpy()
    if len(texts) == len(column) and all(abs(number) < 2**63 for number in numbers):
        return np.array(numbers, dtype=np.int64)
    return column.fillna("").astype(str).to_numpy(dtype=object)
