"""Files that a stage makes: written whole or not at all, with a record of what they are.

An HDF5 artifact says itself where it comes from and carries its checksums (`lensflow.artifacts`). A
table, a picture or a page cannot: its record lies beside it, in the folder ``.origin``. Then tables
in CSV: how they are written, how a person's are read, and how rows are chosen.
"""

import contextlib
import contextvars
import csv
import dataclasses
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import ArtifactError, LabelError

TEXTS = ("id", "path")
COUNTS = ("n_lens", "n_nonlens", "tp", "fp", "fn", "tn")
RECORDS = ".origin"
RECORD_FORMAT = "lensflow-record"
RECORD_VERSION = 1
LARGEST_UNKNOWN = 64 << 20
SEPARATORS = ",;\t"
"""What may part the cells of a table that a person has edited: spreadsheets differ."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Signs that no text holds; a note may have several lines."""

MAKE_AGAIN = "Delete it and run the rule that makes it again."

logger = logging.getLogger(__name__)


# --- where a file comes from ----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where what a job makes comes from: no times and no host, so that bytes are reproducible.

    Attributes
    ----------
    parents : mapping of str to str
        What the job reads: by the name of the input, the hash of its content (of several files, of
        their hashes in order).
    config : str
        Hash of the job's parameters.
    code : str
        Hash of its code, see `lensflow.workflow.code_hash`.
    """

    parents: Mapping[str, str] = dataclasses.field(default_factory=dict)
    config: str = ""
    code: str = ""

    def named(self) -> dict[str, str]:
        """Return all of it by name, without what is not known."""
        found = {**self.parents, "config": self.config, "code": self.code}
        return {name: found[name] for name in sorted(found) if found[name]}


_ORIGIN: contextvars.ContextVar[Origin | None] = contextvars.ContextVar("origin", default=None)


@contextlib.contextmanager
def made_by(origin: Origin) -> Iterator[None]:
    """Say of all that is written in the ``with`` block where it comes from."""
    token = _ORIGIN.set(origin)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


def current_origin() -> Origin | None:
    """Return what `made_by` says; None outside of it, as in a notebook."""
    return _ORIGIN.get()


def place(path: str | os.PathLike) -> str:
    """Return a path from its last ``results/`` on, by which a file is known wherever that is.

    Empty for a path that has none.
    """
    text = f"/{Path(path).as_posix()}"
    start = text.rfind("/results/")
    return text[start + 1 :] if start >= 0 else ""


def check_place(path: str | os.PathLike, made_as: str) -> None:
    """Refuse a file that was made under another name than it is read by.

    Parameters
    ----------
    path : path-like
    made_as : str
        Its `place` when it was made; empty where that is not known.

    Raises
    ------
    ArtifactError
    """
    if made_as and place(path) and made_as != place(path):
        raise ArtifactError(
            f"{path} was made as {made_as} and lies in another's place. Put it back, or delete "
            "both and run the rules that make them again."
        )


# --- files that are whole -------------------------------------------------------------------------


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Write a file under another name; it replaces ``path`` when the block ends without an error.

    Yields
    ------
    Path
        The name to write to, in the same folder and with the same suffixes.

    Raises
    ------
    ArtifactError
        When the file cannot be written: the disk is full, the folder read-only.
    """
    path = Path(path)
    partial = path.with_name(f".partial.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        put_in_place(partial, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, ArtifactError):
            raise ArtifactError(not_written(path, error)) from error
        raise


def put_in_place(partial: Path, path: Path) -> None:
    """Give a complete file its name, after its bytes are on the disk."""
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(partial, path)


def not_written(path: str | os.PathLike, error: Exception | str) -> str:
    """Say that a file could not be written, and why."""
    return (
        f"{path} cannot be written: {error}. A folder that can be written to, on a disk with room, "
        "was expected; what was there before is as it was."
    )


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; errors are those of `replacing`."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


# --- records of files -----------------------------------------------------------------------------


def record_path(path: str | os.PathLike) -> Path:
    """Return where the record of a file lies."""
    path = Path(path)
    return path.parent / RECORDS / f"{path.name}.json"


def record(path: str | os.PathLike) -> None:
    """Write the record of a file that a job has made: its hash, and where it comes from."""
    origin = current_origin() or Origin()
    content = {
        "format": RECORD_FORMAT,
        "format_version": RECORD_VERSION,
        "made_as": place(path),
        "bytes": os.path.getsize(path),
        "sha256": file_hash(path),
        "origin": origin.named(),
    }
    with replacing(record_path(path)) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_record(path: str | os.PathLike) -> dict | None:
    """Return the record of a file, or None where there is none.

    Raises
    ------
    ArtifactError
        When the record is damaged, or of a newer version.
    """
    try:
        content = json.loads(record_path(path).read_text(encoding="utf-8"))
        version = content["format_version"], content["format"]
        known = {"made_as": str, "bytes": int, "sha256": str, "origin": dict}
        damaged = any(not isinstance(content[name], kind) for name, kind in known.items())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(_bad_record(path, f"it cannot be read ({error})")) from error
    if version != (RECORD_VERSION, RECORD_FORMAT):
        wanted = f"{RECORD_FORMAT} {RECORD_VERSION}"
        raise ArtifactError(_bad_record(path, f"it is {version[1]} {version[0]}, not {wanted}"))
    if damaged:
        raise ArtifactError(_bad_record(path, "something of it is missing"))
    return content


def verify(path: str | os.PathLike) -> str:
    """Check a file against its record; return the hash of its content.

    Without a record nothing is known and nothing is refused: a person's table has none. A large
    file without one, such as a survey's images, is not read for it: its hash is empty.

    Raises
    ------
    ArtifactError
        When the file is missing, damaged, truncated or edited, or lies in another's place.
    """
    content = read_record(path)
    if content is None and os.path.isfile(path) and os.path.getsize(path) > LARGEST_UNKNOWN:
        return ""
    found = file_hash(path)
    if content is None:
        return found
    check_place(path, content["made_as"])
    if found != content["sha256"]:
        raise ArtifactError(
            f"{path} is not what was written: {os.path.getsize(path)} bytes of another content "
            f"where {record_path(path)} says {content['bytes']}. It is damaged, truncated or "
            f"edited. {MAKE_AGAIN} To use a table of your own, save it under another name and name "
            "it in config.yaml."
        )
    return found


def file_hash(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's bytes."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error}. {MAKE_AGAIN}") from error


def joined_hash(hashes: list[str]) -> str:
    """Return the hash of several hashes in their order; of one or none itself."""
    if len(hashes) <= 1:
        return "".join(hashes)
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _bad_record(path: str | os.PathLike, problem: str) -> str:
    return (
        f"{record_path(path)}, the record of {path}, is no record of this version: {problem}. "
        "Delete both and run the rule that makes the file again."
    )


# --- tables ---------------------------------------------------------------------------------------


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table: whole counts as integers, other numbers with nine digits."""
    table = table.copy()
    for name in COUNTS:
        if name in table and np.array_equal(table[name], np.round(table[name].astype(float))):
            table[name] = table[name].astype(np.int64)
    with replacing(path) as partial:
        table.to_csv(partial, index=False, float_format="%.9g", lineterminator="\n")


def read_objects(path: str | Path) -> pd.DataFrame:
    """Return a table of objects: columns ``id`` and ``path`` are text whatever they look like.

    Parameters
    ----------
    path : path-like
        CSV. An object may be called NA; of other columns what is empty is missing.

    Raises
    ------
    ArtifactError
        When it is not what was written, see `verify`.
    """
    verify(path)
    others = [name for name in pd.read_csv(path, nrows=0) if name not in TEXTS]
    options = {"keep_default_na": False, "na_values": {name: [""] for name in others}}
    return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), **options)


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
