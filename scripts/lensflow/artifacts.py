"""Read and write every HDF5 file of the workflow.

Each file says what it is in its root attributes (``format``, ``format_version``, ``creator``,
``creator_version``), each dataset carries ``units`` (ASCII, "1" when it has none) and a
``description``, and nothing depends on the time or the host: the same content gives the same bytes.
Only basic HDF5 is used, so ``h5ls -r`` and TOPCAT open the files too.

A file appears under its name when it is complete: it is written as ``.<name>.partial`` in the same
folder and renamed. Whatever goes wrong is an `ArtifactError` that names the file and the key.

Every byte that means something is checked. A dataset carries ``checksums``, one a block of rows,
that the readers compare with what they read; the root attribute ``content_sha256`` is a hash over
all names, types, shapes, attributes and checksums, compared when a file is opened. It names the
content too: ``origin_<input>`` says by it what an artifact was made of, ``origin_config`` and
``origin_code`` by which parameters and code, ``made_as`` under which name.

    python -m lensflow.artifacts FILE...

says what files hold, where they come from and whether they are intact.
"""

import argparse
import contextlib
import contextvars
import fcntl
import hashlib
import logging
import os
import re
import sys
import weakref
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

import lensflow
from lensflow import tables
from lensflow.errors import ArtifactError

FORMAT_VERSION = 2
UNVERIFIED_VERSION = 1
"""Files of this version carry no checksums; they are read all the same."""
CHUNK_BYTES = 512 * 1024
# Of a column: a chunk is compressed and read as a whole, however few of its rows are there.
COLUMN_ROWS = 2048
WRITER_PRESENT = 11
NO_LOCKS = (37, 524)
ALL_ROWS = slice(None)
CHECKSUMS = "checksums"
CONTENT = "content_sha256"
ORIGIN = "origin_"
# An attribute holds at most 64 KiB.
MOST_CHECKSUMS = 8192
# Rows that are in memory together where a whole file is checked.
READ_ROWS = 1024
# Rows as few as one in so many are read one by one.
SPARSE = 4
ANCESTORS = ("index", "denoiser", "encoder")
"""What artifacts that are read together must all descend from: one each."""
IDENTITY = ("dataset", "sample", "shard", "n_shards", "scale")
"""Root attributes that tell an artifact from its neighbours."""
# What a damaged file makes h5py raise, where it is not seen before.
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)

logger = logging.getLogger(__name__)


class Writer:
    """What `create` yields: it puts described datasets in the h5py file ``file``."""

    def __init__(self, file: h5py.File, path: Path):
        self.file, self.path = file, path
        # A dataset opened anew has lost how it is to be cached, and closing it writes its cache.
        self._growing: dict[str, Filling] = {}
        self._filling: dict[str, Filling] = {}

    def dataset(
        self, name: str, data, units: str = "1", description: str = "", compress: bool = True
    ) -> h5py.Dataset:
        """Store a whole numeric array (or scalar); booleans become 0 and 1 (int8)."""
        data = np.asarray(data)
        if data.dtype == bool:
            data = data.astype(np.int8)
        dataset = self._fixed(name, data.shape, data.dtype, units, description, compress)
        with _writing_to(self.path):
            dataset[...] = data
        return dataset

    def fixed(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype,
        units: str = "1",
        description: str = "",
        compress: bool = True,
    ) -> "Filling":
        """Return a dataset of a known shape, to be filled by the caller in blocks of rows.

        Without compression it is contiguous, which reads fastest in any order.
        """
        dataset = self._fixed(name, shape, dtype, units, description, compress)
        self._filling[name] = Filling(dataset, self.path)
        return self._filling[name]

    def _fixed(self, name, shape, dtype, units, description, compress) -> h5py.Dataset:
        storage = {}
        if compress and np.prod(shape, dtype=np.int64) > 0 and len(shape) > 0:
            chunks = _chunk_shape(shape, dtype, limit=shape[0])
            storage = {"chunks": chunks, **_filters(dtype)}
        dataset = self.file.create_dataset(name, shape=shape, dtype=_stored(dtype), **storage)
        return _describe(dataset, units, description)

    def growable(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype,
        units: str = "1",
        description: str = "",
        compress: bool = True,
    ) -> h5py.Dataset:
        """Return a chunked dataset that `append` adds rows to; ``dtype=str`` holds strings."""
        chunks = _chunk_shape(shape, dtype)
        # Rows come in order: only the chunk that is being filled is worth keeping, and where there
        # are no filters blocks go straight to the file.
        cached = _item_bytes(dtype) * int(np.prod(chunks))
        dataset = self.file.create_dataset(
            name,
            shape=shape,
            maxshape=(None, *shape[1:]),
            chunks=chunks,
            dtype=_stored(dtype),
            rdcc_nbytes=cached if compress else 0,
            **(_filters(dtype) if compress else {}),
        )
        _describe(dataset, units, description)
        self._growing[name] = self._filling[name] = Filling(dataset, self.path)
        return dataset

    def append(self, name: str, rows) -> None:
        """Add ``rows`` at the end of a growable dataset."""
        self._growing[name].append(rows)

    def strings(self, name: str, values: Iterable[str], description: str = "") -> h5py.Dataset:
        """Store strings as variable-length UTF-8."""
        values = np.array([str(value) for value in values], dtype=object)
        with _writing_to(self.path):
            dataset = self.file.create_dataset(name, data=values, dtype=h5py.string_dtype())
        return _describe(dataset, "1", description)

    def text(self, name: str, value: str, description: str = "") -> h5py.Dataset:
        """Store one long string, such as a configuration in YAML."""
        with _writing_to(self.path):
            dataset = self.file.create_dataset(name, data=value, dtype=h5py.string_dtype())
        return _describe(dataset, "1", description)

    def seal(self) -> None:
        """Write the checksums, and the hash over everything; nothing may be written after it."""
        known = {name: filled.checksums() for name, filled in self._filling.items()}
        with _writing_to(self.path):
            _seal(self.file, known)


class Filling:
    """A dataset that is filled block by block, with the checksums of what it was given."""

    def __init__(self, dataset: h5py.Dataset, path: Path):
        self.dataset, self.path = dataset, path
        self.shape, self.ndim, self.dtype = dataset.shape, dataset.ndim, dataset.dtype
        self._checked = _RunningChecksums(dataset)

    def __len__(self) -> int:
        return len(self.dataset)

    def __setitem__(self, rows: slice, values: np.ndarray) -> None:
        """Put a block in its place; blocks come in order."""
        values = np.ascontiguousarray(values, self.dtype)
        with _writing_to(self.path):
            self.dataset[rows] = values
        self._checked.add(values)

    def append(self, rows) -> None:
        """Add rows at the end of a dataset that grows."""
        dataset, start = self.dataset, len(self.dataset)
        rows = np.ascontiguousarray(rows, dtype=self.dtype)
        with _writing_to(self.path):
            dataset.resize(start + len(rows), axis=0)
            if dataset.compression is None and dataset.ndim > 1:
                _append_images(dataset, start, rows)
            else:
                dataset[start:] = rows
        self._checked.add(rows)

    def checksums(self) -> np.ndarray | None:
        """Return the checksums of the whole dataset; None where not all of it was seen."""
        if self._checked.n_rows != len(self.dataset):
            return None
        return _grouped(self._checked.units(), _units_together(self.dataset))


@contextlib.contextmanager
def create(
    path: str | os.PathLike, kind: str, attrs: Mapping[str, object] | None = None
) -> Iterator[Writer]:
    """Write a new artifact; it replaces ``path`` when the ``with`` block ends without an error.

    Parameters
    ----------
    path : str or path-like
        The file to write; missing folders are made.
    kind : str
        What it holds: "manifest", "images", "index", "stack", "embeddings", "mixture", ...
    attrs : mapping, optional
        Root attributes beside the format's own. No times, no host names.

    Yields
    ------
    Writer

    Raises
    ------
    ArtifactError
        When the file cannot be created or written, or another process is writing it.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    file = _create_partial(path, partial)
    try:
        writer = Writer(file, path)
        with _closing(writer):
            _set_root_attributes(file, kind, path, attrs or {})
            yield writer
            writer.seal()
        with _writing_to(path):
            tables.put_in_place(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def seal(path: str | os.PathLike, kind: str, made_as: str | os.PathLike, attrs: Mapping) -> None:
    """Make an artifact of an HDF5 file that another library wrote: networks' weights.

    Parameters
    ----------
    path : path-like
        The file; what is in it stays as it is.
    kind : str
        What it holds, as for `create`.
    made_as : path-like
        The name that it will have.
    attrs : mapping
        Root attributes beside the format's own.
    """
    with _writing_to(made_as), h5py.File(path, "r+") as file:
        _set_root_attributes(file, kind, Path(made_as), attrs)
        _seal(file, {})


@contextlib.contextmanager
def open(path: str | os.PathLike, kind: str) -> Iterator[h5py.File]:
    """Open an artifact for reading after checking that it is the right kind and version.

    Use `read`, `read_strings` and `read_table` on the file that it yields: their errors name the
    file and the key.

    Raises
    ------
    ArtifactError
        When the file is missing, damaged, locked, or not a ``lensflow-<kind>`` of this version.
    """
    file = _open_file(Path(path))
    with file:
        _check_format(file, kind)
        _check_content(file)
        yield file


@contextlib.contextmanager
def peek(path: str | os.PathLike) -> Iterator[h5py.File]:
    """Open an HDF5 file for a look at its attributes: its kind and content are not checked.

    Raises
    ------
    ArtifactError
        When the file is missing, locked, or damaged where one looks.
    """
    with _open_file(Path(path)) as file, _damage_named(file, ""):
        yield file


def verify(file: h5py.File) -> None:
    """Read everything of an open artifact, for whoever reads it past `read`.

    Raises
    ------
    ArtifactError
        When something is damaged.
    """
    for key in _names(file):
        if isinstance(_found(file, key), h5py.Dataset):
            _verified(file, key, ALL_ROWS)


def read(file: h5py.File, key: str, rows: slice = ALL_ROWS) -> np.ndarray:
    """Return a numeric dataset, or some rows of it, in the machine's byte order.

    Raises
    ------
    ArtifactError
        When the key is missing or its bytes are damaged.
    """
    return _verified(file, key, rows)


class Rows:
    """A dataset of an open artifact, read like an array in blocks of rows, and checked.

    Parameters
    ----------
    file : h5py.File
        What `open` yields.
    key : str
    """

    def __init__(self, file: h5py.File, key: str):
        self.file, self.key = file, key
        self.shape, self.dtype = _dataset(file, key).shape, _dataset(file, key).dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        return read(self.file, self.key, rows)


def read_strings(file: h5py.File, key: str, rows: slice = ALL_ROWS) -> np.ndarray:
    """Return a dataset of strings as an object array of `str` (a single `str` for a scalar).

    Raises
    ------
    ArtifactError
        When the key is missing, damaged, or does not hold strings.
    """
    dataset = _dataset(file, key)
    if h5py.check_string_dtype(dataset.dtype) is None:
        raise ArtifactError(
            f"{file.filename}: /{key} holds {dataset.dtype}, strings were expected."
        )
    return _verified(file, key, rows)


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
        raise ArtifactError(_missing(file, group, "group"))
    with _damage_named(file, group):
        names = file[group].attrs.get("columns", sorted(file[group]))
    return pd.DataFrame({name: _column(file, f"{group}/{name}", rows) for name in names})


def _column(file: h5py.File, key: str, rows: slice) -> np.ndarray:
    if h5py.check_string_dtype(_dataset(file, key).dtype) is not None:
        return read_strings(file, key, rows)
    return read(file, key, rows)


def _append_images(dataset: h5py.Dataset, start: int, rows: np.ndarray) -> None:
    """Write rows into an uncompressed dataset, past HDF5's selections where they fill a chunk."""
    length = dataset.chunks[0]
    first = min(-start % length, len(rows))
    last = first + (len(rows) - first) // length * length
    if first > 0:
        dataset[start : start + first] = rows[:first]
    origin = (0,) * (dataset.ndim - 1)
    for row in range(first, last, length):
        dataset.id.write_direct_chunk((start + row, *origin), rows[row : row + length])
    if last < len(rows):
        dataset[start + last :] = rows[last:]


def _stored(dtype):
    return h5py.string_dtype() if dtype is str else dtype


def _chunk_shape(shape: tuple[int, ...], dtype, limit: int | None = None) -> tuple[int, ...]:
    """Whole rows, about half a megabyte, so that one chunk fits in HDF5's default chunk cache."""
    row_bytes = _item_bytes(dtype) * int(np.prod(shape[1:], dtype=np.int64))
    rows = max(1, CHUNK_BYTES // max(1, row_bytes))
    if len(shape) == 1:
        rows = min(rows, COLUMN_ROWS)
    return (rows if limit is None else min(rows, limit), *shape[1:])


def _item_bytes(dtype) -> int:
    # Of a variable-length string a chunk holds its length and place in the heap.
    return 16 if dtype is str else np.dtype(dtype).itemsize


def _filters(dtype) -> dict:
    # Variable-length strings live in HDF5's heap, where filters do not reach.
    if dtype is str:
        return {}
    return {"compression": "gzip", "compression_opts": 4, "shuffle": True, "fletcher32": True}


def _describe(dataset: h5py.Dataset, units: str, description: str) -> h5py.Dataset:
    dataset.attrs["units"] = units
    dataset.attrs["description"] = description
    return dataset


def _set_root_attributes(
    file: h5py.File, kind: str, path: Path, attrs: Mapping[str, object]
) -> None:
    file.attrs["format"] = f"lensflow-{kind}"
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["creator"] = "lensflow"
    file.attrs["creator_version"] = lensflow.__version__
    known = tables.current_origin()
    if known is not None:
        made = {f"{ORIGIN}{name}": value for name, value in known.named().items()}
        attrs = {**made, "made_as": tables.place(path), **attrs}
    attrs = {**(_DESCENT.get(None) or {}), **attrs}
    for name in sorted(attrs):
        file.attrs[name] = attrs[name]


def _create_partial(path: Path, partial: Path) -> h5py.File:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftover(partial)
        return _new_file(partial)
    except OSError as error:
        raise ArtifactError(_explain(error, path, "created")) from error


def _new_file(partial: Path) -> h5py.File:
    try:
        return h5py.File(partial, "x")
    except FileExistsError:
        raise
    except OSError:
        # Made, but nothing could be written to it.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _remove_leftover(partial: Path) -> None:
    """Remove what a killed writer left; a writer that lives holds HDF5's lock on it (errno 11)."""
    if not partial.exists():
        return
    with partial.open("rb") as leftover:
        fcntl.flock(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB)
    partial.unlink()


def _open_file(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ArtifactError(_explain(error, path, "opened")) from error


def _explain(error: OSError, path: Path, verb: str) -> str:
    found = re.search(r"errno = (\d+)", str(error))
    number = int(found.group(1)) if found else error.errno
    if number == WRITER_PRESENT or isinstance(error, FileExistsError):
        return f"{path} cannot be {verb}: another process is writing it. Wait for it, or stop it."
    if number in NO_LOCKS:
        return (
            f"{path} cannot be {verb}: this file system has no file locks (errno {number}). "
            "Set HDF5_USE_FILE_LOCKING=BEST_EFFORT in the environment of the whole workflow."
        )
    if isinstance(error, FileNotFoundError):
        return f"{path} does not exist. Run the rule that makes it."
    if verb == "created":
        return tables.not_written(path, _reason(error))
    return (
        f"{path} cannot be {verb}: {_reason(error)}. A complete, readable HDF5 file was expected; "
        "when it is damaged or truncated, delete it and run the rule that makes it again."
    )


def _check_format(file: h5py.File, kind: str) -> None:
    for key, expected in {"format": f"lensflow-{kind}", "format_version": FORMAT_VERSION}.items():
        received = _root_attribute(file, key)
        if key == "format_version" and received == UNVERIFIED_VERSION:
            logger.info("%s is of format version 1, without checksums: not verified", file.filename)
        elif np.ndim(received) or received != expected:
            raise ArtifactError(
                f"{file.filename}: root attribute {key} is {received}, {expected} was "
                "expected. Give a file of that kind, or make this one again with this version."
            )


def _root_attribute(file: h5py.File, name: str):
    with _damage_named(file, name):
        return file.attrs.get(name)


def _found(file: h5py.File, key: str):
    with _damage_named(file, key):
        return file.get(key)


def _dataset(file: h5py.File, key: str) -> h5py.Dataset:
    dataset = _found(file, key)
    if not isinstance(dataset, h5py.Dataset):
        raise ArtifactError(_missing(file, key, "dataset"))
    return dataset


def _missing(file: h5py.File, key: str, what: str) -> str:
    parent = file.get(key.rpartition("/")[0] or "/")
    present = sorted(parent) if isinstance(parent, h5py.Group) else sorted(file)
    return f"{file.filename}: there is no {what} /{key}; beside it are {present}."


@contextlib.contextmanager
def _damage_named(file: h5py.File, key: str) -> Iterator[None]:
    try:
        yield
    except ArtifactError:
        raise
    except DAMAGE as error:
        raise _damaged(file, key, f"cannot be read ({error})") from error


def _damaged(file: h5py.File, key: str, problem: str) -> ArtifactError:
    return ArtifactError(
        f"{file.filename}: /{key} {problem}. The file is damaged: delete it and run the rule that "
        "makes it again."
    )


@contextlib.contextmanager
def _writing_to(path: str | os.PathLike) -> Iterator[None]:
    """Name the file that is written when that fails: its disk is full, say."""
    try:
        yield
    except ArtifactError:
        raise
    except (OSError, RuntimeError) as error:
        raise ArtifactError(tables.not_written(path, _reason(error))) from error


def _reason(error: Exception) -> str:
    """Return what the system says of a failure, out of HDF5's long text."""
    found = re.search(r"error message = '([^']*)'", str(error))
    return found[1] if found else str(error)


# HDF5 cannot close a file whose last bytes cannot be written, and crashes when it tries again.
_UNCLOSED: list[Writer] = []


@contextlib.contextmanager
def _closing(writer: Writer) -> Iterator[None]:
    """Close a file that was written; what fails only then is named too."""
    try:
        yield
    except BaseException:
        # What was to be written is given up, and with it whatever cannot be written.
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            _close(writer)
        raise
    with _writing_to(writer.path):
        _close(writer)


def _close(writer: Writer) -> None:
    try:
        writer.file.close()
    except BaseException:
        _UNCLOSED.append(writer)
        raise


# --- checksums ------------------------------------------------------------------------------------


class _RunningChecksums:
    """The checksums of a dataset whose rows come in order, in blocks of any length."""

    def __init__(self, dataset: h5py.Dataset):
        self.is_images, self.unit = _is_images(dataset), _unit_rows(dataset)
        self.n_rows, self._done, self._open = 0, [], 0

    def add(self, rows: np.ndarray) -> None:
        """Take note of the next rows."""
        if self.is_images:
            self._done.append(_image_checksums(rows))
        else:
            self._add_bytes(rows)
        self.n_rows += len(rows)

    def _add_bytes(self, rows: np.ndarray) -> None:
        start = 0
        while start < len(rows):
            room = self.unit - (self.n_rows + start) % self.unit
            part = rows[start : start + room]
            self._open = zlib.crc32(_row_bytes(part), self._open)
            start += len(part)
            if len(part) == room:
                self._done.append([self._open])
                self._open = 0

    def units(self) -> np.ndarray:
        """Return the checksum of each unit of rows."""
        rest = [] if self.is_images or self.n_rows % self.unit == 0 else [[self._open]]
        parts = [np.array(part, np.uint32) for part in [*self._done, *rest]]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint32)


def _is_images(dataset: h5py.Dataset) -> bool:
    return dataset.ndim == 3 and dataset.dtype.itemsize == 4 and dataset.dtype.kind in "fiu"


def _unit_rows(dataset: h5py.Dataset) -> int:
    """Return how many rows have a checksum: one of images, which are read one by one."""
    if _is_images(dataset) or dataset.ndim == 0:
        return 1
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return COLUMN_ROWS
    row_bytes = dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64))
    return min(COLUMN_ROWS, max(1, CHUNK_BYTES // max(1, row_bytes)))


def _units_together(dataset: h5py.Dataset) -> int:
    """Return how many units share a checksum, so that all fit in an attribute."""
    n_units = -(-_n_rows(dataset) // _unit_rows(dataset))
    return max(1, -(-n_units // MOST_CHECKSUMS))


def _n_rows(dataset: h5py.Dataset) -> int:
    return len(dataset) if dataset.ndim else 1


def _grouped(units: np.ndarray, together: int) -> np.ndarray:
    """Return the checksums of groups of units: of their own checksums, where there are several."""
    if together == 1:
        return units
    starts = range(0, len(units), together)
    return np.array([zlib.crc32(units[i : i + together].tobytes()) for i in starts], np.uint32)


def _checksums(dataset: h5py.Dataset, values: np.ndarray) -> np.ndarray:
    """Return the checksums of rows that begin where a group of units does."""
    running = _RunningChecksums(dataset)
    running.add(values)
    return _grouped(running.units(), _units_together(dataset))


def _row_bytes(rows: np.ndarray) -> bytes | np.ndarray:
    """Return rows as bytes: numbers in C order as they are stored, strings in UTF-8, each ended."""
    if rows.dtype == object:
        return "".join(f"{text}\0" for text in rows.ravel()).encode()
    return np.ascontiguousarray(rows).reshape(-1).view(np.uint8)


def _image_checksums(images: np.ndarray) -> np.ndarray:
    """Return the CRC-32 of the sums of the rows and then the columns of each image.

    The sums are of 32-bit words modulo 2**32: what changes fewer than four pixels changes them, and
    they cost a third of a CRC of the image.
    """
    words = np.ascontiguousarray(images).view("<u4")
    sums = np.concatenate(
        [np.einsum("ijk->ij", words), np.add.reduce(words, axis=1, dtype="<u4")], axis=1
    )
    return np.array([zlib.crc32(each) for each in sums], np.uint32)


def _read_rows(dataset: h5py.Dataset, rows) -> np.ndarray:
    """Return some rows; of a scalar an array of one."""
    reader = dataset if h5py.check_string_dtype(dataset.dtype) is None else dataset.asstr()
    if dataset.ndim == 0:
        return np.array([reader[()]], dtype=reader.dtype if reader is dataset else object)
    return reader[rows]


def _all_checksums(dataset: h5py.Dataset) -> np.ndarray:
    """Return the checksums of a dataset, read block by block."""
    step = _unit_rows(dataset) * _units_together(dataset)
    step *= max(1, READ_ROWS // step)
    starts = range(0, _n_rows(dataset), step)
    parts = [_checksums(dataset, _read_rows(dataset, slice(i, i + step))) for i in starts]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint32)


# The checksums of open files, read once.
_STORED: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def _stored_checksums(file: h5py.File, key: str, dataset: h5py.Dataset) -> np.ndarray | None:
    """Return a dataset's checksums; None where the file's version has none."""
    known = _STORED.setdefault(file, {})
    if key not in known:
        if _root_attribute(file, "format_version") == UNVERIFIED_VERSION:
            return None
        step = _unit_rows(dataset) * _units_together(dataset)
        with _damage_named(file, key):
            known[key] = dataset.attrs.get(CHECKSUMS)
        if np.shape(known[key]) != (-(-_n_rows(dataset) // step),):
            raise _damaged(file, key, "lacks its checksums")
    return known[key]


def _verified(file: h5py.File, key: str, rows):
    """Return rows of a dataset after comparing the checksums of all that share one with them."""
    dataset = _dataset(file, key)
    stored = _stored_checksums(file, key, dataset)
    with _damage_named(file, key):
        if dataset.ndim == 0:
            return _checked_rows(file, key, dataset, stored, 0, 1)[0]
        if stored is None:
            return _read_rows(dataset, rows)
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(dataset))
            return _checked_rows(file, key, dataset, stored, start, max(start, stop))
        wanted = np.arange(len(dataset))[rows]
        first, last = (int(wanted.min()), int(wanted.max()) + 1) if wanted.size else (0, 0)
        if wanted.size * SPARSE < last - first and _unit_rows(dataset) == 1:
            return _checked_singly(file, key, dataset, stored, wanted)
        return _checked_rows(file, key, dataset, stored, first, last)[wanted - first]


def _checked_singly(file, key, dataset, stored, wanted: np.ndarray) -> np.ndarray:
    each = [_checked_rows(file, key, dataset, stored, int(i), int(i) + 1) for i in wanted]
    return np.concatenate(each)


def _checked_rows(file, key: str, dataset, stored, start: int, stop: int) -> np.ndarray:
    """Return the rows from ``start`` to ``stop``, read from where a checksum begins and ends."""
    if stored is None or start == stop:
        return _read_rows(dataset, slice(start, stop))
    step = _unit_rows(dataset) * _units_together(dataset)
    first, last = start // step, -(-stop // step)
    values = _read_rows(dataset, slice(first * step, last * step))
    if not np.array_equal(_checksums(dataset, values), stored[first:last]):
        raise _damaged(file, key, f"is not what was written (rows {start} to {stop - 1})")
    return values[start - first * step : stop - first * step]


def _names(file: h5py.File) -> list[str]:
    """Return the names of all groups and datasets, sorted; the root is the empty one."""
    names = [""]
    file.visit(names.append)
    return sorted(names)


def _content_hash(file: h5py.File) -> str:
    """Return the SHA-256 over all names, types, shapes and attributes, checksums among these."""
    digest = hashlib.sha256()
    for name in _names(file):
        item = file[name or "/"]
        digest.update(f"{name}\0{_type_of(item)}\0".encode())
        for attribute in sorted(item.attrs):
            if name or attribute != CONTENT:
                value = item.attrs[attribute]
                digest.update(f"{attribute}\0{_type_of(value)}\0".encode() + _bytes_of(value))
    return digest.hexdigest()


def _type_of(value) -> str:
    if not isinstance(value, h5py.Dataset):
        return "" if isinstance(value, h5py.Group | str) else str(np.asarray(value).dtype)
    text = h5py.check_string_dtype(value.dtype) is not None
    return f"{'str' if text else value.dtype.str}{value.shape}"


def _bytes_of(value) -> bytes:
    if isinstance(value, str):
        return f"{value}\0".encode()
    value = np.asarray(value)
    head = f"{value.shape}\0".encode()
    if value.dtype == object:
        return head + b"".join(_bytes_of(str(each)) for each in value.ravel())
    return head + value.tobytes()


def _seal(file: h5py.File, known: Mapping[str, np.ndarray | None]) -> None:
    """Write the checksums of every dataset, ``known`` or read again, and the hash over it all."""
    for name in _names(file):
        item = file[name or "/"]
        if isinstance(item, h5py.Dataset):
            found = known.get(name)
            item.attrs[CHECKSUMS] = _all_checksums(item) if found is None else found
    file.attrs[CONTENT] = _content_hash(file)


# Files whose hash was compared in this process, by what tells that they are still the same.
_COMPARED: set[tuple] = set()


def _check_content(file: h5py.File) -> None:
    """Compare the hash over a file's names, attributes and checksums."""
    if _root_attribute(file, "format_version") == UNVERIFIED_VERSION:
        return
    status = os.stat(file.filename)
    seen = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    if seen in _COMPARED:
        return
    with _damage_named(file, ""):
        stored, found = file.attrs.get(CONTENT), _content_hash(file)
    if stored != found:
        raise _damaged(file, "", f"is not what was written ({CONTENT} does not fit)")
    _COMPARED.add(seen)


# --- origins --------------------------------------------------------------------------------------


def content_id(file: h5py.File) -> str:
    """Return what names the content of an open artifact; empty for one without checksums."""
    return str(file.attrs.get(CONTENT, ""))


def content_of(path: str | os.PathLike) -> str:
    """Return what names the content of any file: that of an artifact, else a hash of its bytes."""
    if not h5py.is_hdf5(path):
        return tables.file_hash(path)
    with peek(path) as file:
        return content_id(file) or tables.file_hash(path)


def origin(file: h5py.File) -> dict[str, str]:
    """Return what an open artifact was made of: hashes by what they are of."""
    found = {name: value for name, value in file.attrs.items() if name.startswith(ORIGIN)}
    return {name.removeprefix(ORIGIN): str(value) for name, value in found.items()}


def ancestors(*paths: str | os.PathLike, **parents: str | os.PathLike) -> dict[str, str]:
    """Return root attributes that name what an artifact descends from.

    Parameters
    ----------
    *paths : path-like
        Artifacts whose ancestors are its own too; they must agree.
    **parents : path-like
        Artifacts that are ancestors themselves, by what they are: one of `ANCESTORS`.

    Raises
    ------
    ArtifactError
        When two of the files descend from different ancestors of one name, or from another than
        is given: they do not belong together.
    """
    found = {name: (content_of(path), path) for name, path in parents.items()}
    for path in filter(h5py.is_hdf5, paths):
        with peek(path) as file:
            known = {name: value for name, value in origin(file).items() if name in ANCESTORS}
        for name, value in known.items():
            _agree(name, (value, path), found.setdefault(name, (value, path)))
    return {f"{ORIGIN}{name}": value for name, (value, _) in found.items()}


def _agree(name: str, one: tuple, other: tuple) -> None:
    if one[0] != other[0]:
        raise ArtifactError(
            f"{one[1]} and {other[1]} do not belong together: the one comes from the {name} "
            f"{one[0][:12]}, the other from {other[0][:12]}. Give files of one run, or delete both "
            "and run the rules that make them again."
        )


_DESCENT: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("descent")


@contextlib.contextmanager
def descending(*paths: str | os.PathLike, **parents: str | os.PathLike) -> Iterator[None]:
    """Give what is written in the ``with`` block the ancestors of some artifacts.

    Parameters and errors are those of `ancestors`.
    """
    token = _DESCENT.set(ancestors(*paths, **parents))
    try:
        yield
    finally:
        _DESCENT.reset(token)


def identity(file: h5py.File) -> dict[str, object]:
    """Return the root attributes that say which part of what an open artifact is."""
    return {name: file.attrs[name] for name in IDENTITY if name in file.attrs}


def expect_order(paths: Iterable[str | os.PathLike], **same: str | int) -> None:
    """Refuse shards that are not in order, or not all of one kind.

    Parameters
    ----------
    paths : iterable of path-like
        All shards, from the first.
    **same : str or int
        Root attributes that all must have, as for `expect`.
    """
    for shard, path in enumerate(paths):
        with peek(path) as file:
            expect(file, shard=shard, **same)


def expect(file: h5py.File, **identity: str | int) -> None:
    """Refuse an open artifact that is another than the one that is meant.

    Parameters
    ----------
    file : h5py.File
    **identity : str or int
        Root attributes and what they must be; one that the file lacks says nothing, and None asks
        nothing.

    Raises
    ------
    ArtifactError
    """
    for name, wanted in identity.items():
        received = file.attrs.get(name)
        if None not in (received, wanted) and received != wanted:
            raise ArtifactError(
                f"{file.filename} is of {name} {received}, {wanted} was expected. Give the file "
                f"of {name} {wanted}, or delete this one and run the rule that makes it again."
            )


# --- a file in words ------------------------------------------------------------------------------


def describe(path: str | os.PathLike) -> str:
    """Return what a file holds, where it comes from and whether it is intact, for a terminal.

    Parameters
    ----------
    path : path-like
        An artifact, or any other file that the workflow makes.
    """
    is_artifact = Path(path).is_file() and h5py.is_hdf5(path)
    return "\n".join([str(path), *(_describe_artifact if is_artifact else _describe_file)(path)])


def _describe_file(path: str | os.PathLike) -> Iterator[str]:
    try:
        tables.verify(path)
        known = tables.read_record(path)
    except ArtifactError as error:
        yield f"  DAMAGED: {error}"
        return
    if known is None:
        yield "  not verified: no record lies beside it, so it is a person's, or from elsewhere"
        return
    yield f"  intact: {known['bytes']} bytes as they were written"
    yield f"  made as {known['made_as']}"
    yield from (f"  origin {name}: {value}" for name, value in known["origin"].items())


def _describe_artifact(path: str | os.PathLike) -> Iterator[str]:
    try:
        with _open_file(Path(path)) as file, _damage_named(file, ""):
            own = {name: value for name, value in file.attrs.items() if name != CONTENT}
            yield from (f"  {name.replace('_', ' ', 1)}: {value}" for name, value in own.items())
            for name in _names(file):
                if isinstance(file[name or "/"], h5py.Dataset):
                    yield f"  /{name} {_words(file[name])}"
            yield f"  {_state(file)}"
    except ArtifactError as error:
        yield f"  DAMAGED: {error}"


def _words(dataset: h5py.Dataset) -> str:
    unit, text = (dataset.attrs.get(name, "") for name in ("units", "description"))
    return f"{_type_of(dataset)} {'' if unit == '1' else unit} {text}".strip()


def _state(file: h5py.File) -> str:
    """Return whether an artifact is intact, after reading all of it."""
    if not content_id(file):
        return "not verified: the file carries no checksums"
    _check_content(file)
    verify(file)
    return f"intact: {CONTENT} {content_id(file)}"


def main(arguments: list[str]) -> int:
    """Describe files; return 1 when one is not intact."""
    parser = argparse.ArgumentParser(
        description="Say what files hold, where they come from and whether they are intact."
    )
    parser.add_argument("file", nargs="+", help="an artifact, a table, or anything that a run made")
    texts = [describe(path) for path in parser.parse_args(arguments).file]
    print(*texts, sep="\n\n")
    return int(any("\n  DAMAGED: " in text for text in texts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
