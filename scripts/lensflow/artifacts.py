"""Read and write every HDF5 file of the workflow.

Each file says what it is in its root attributes (``format``, ``format_version``, ``creator``,
``creator_version``), each dataset carries ``units`` (ASCII, "1" when it has none) and a
``description``, and nothing depends on the time or the host: the same content gives the same bytes.
Only basic HDF5 is used, so ``h5ls -r`` and TOPCAT open the files too.

A file appears under its name when it is complete: it is written as ``.<name>.partial`` in the same
folder and renamed. Whatever goes wrong is an `ArtifactError` that names the file and the key.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

import lensflow
from lensflow.errors import ArtifactError

FORMAT_VERSION = 1
CHUNK_BYTES = 512 * 1024
# Of a column: a chunk is compressed and read as a whole, however few of its rows are there.
COLUMN_ROWS = 2048
WRITER_PRESENT = 11
NO_LOCKS = (37, 524)
ALL_ROWS = slice(None)


class Writer:
    """What `create` yields: it puts described datasets in the h5py file ``file``."""

    def __init__(self, file: h5py.File):
        self.file = file
        # A dataset opened anew has lost how it is to be cached, and closing it writes its cache.
        self._growing: dict[str, h5py.Dataset] = {}

    def dataset(
        self, name: str, data, units: str = "1", description: str = "", compress: bool = True
    ) -> h5py.Dataset:
        """Store a whole numeric array (or scalar); booleans become 0 and 1 (int8)."""
        data = np.asarray(data)
        if data.dtype == bool:
            data = data.astype(np.int8)
        dataset = self.fixed(name, data.shape, data.dtype, units, description, compress)
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
    ) -> h5py.Dataset:
        """Return a dataset of a known shape, to be filled by the caller in blocks of rows.

        Without compression it is contiguous, which reads fastest in any order.
        """
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
        self._growing[name] = dataset
        return dataset

    def append(self, name: str, rows) -> None:
        """Add ``rows`` at the end of a growable dataset."""
        dataset = self._growing[name]
        start = len(dataset)
        dataset.resize(start + len(rows), axis=0)
        if dataset.compression is None and dataset.ndim > 1:
            _append_images(dataset, start, np.ascontiguousarray(rows, dataset.dtype))
        else:
            dataset[start:] = rows

    def strings(self, name: str, values: Iterable[str], description: str = "") -> h5py.Dataset:
        """Store strings as variable-length UTF-8."""
        values = np.array([str(value) for value in values], dtype=object)
        dataset = self.file.create_dataset(name, data=values, dtype=h5py.string_dtype())
        return _describe(dataset, "1", description)

    def text(self, name: str, value: str, description: str = "") -> h5py.Dataset:
        """Store one long string, such as a configuration in YAML."""
        dataset = self.file.create_dataset(name, data=value, dtype=h5py.string_dtype())
        return _describe(dataset, "1", description)


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
        Root attributes beside the format's own, such as ``config_sha256``. No times, no host names.

    Yields
    ------
    Writer

    Raises
    ------
    ArtifactError
        When the file cannot be created, or another process is writing it.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    file = _create_partial(path, partial)
    try:
        with file:
            _set_root_attributes(file, kind, attrs or {})
            yield Writer(file)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


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
        yield file


def read(file: h5py.File, key: str, rows: slice = ALL_ROWS) -> np.ndarray:
    """Return a numeric dataset, or some rows of it, in the machine's byte order.

    Raises
    ------
    ArtifactError
        When the key is missing or its bytes are damaged.
    """
    dataset = _dataset(file, key)
    with _damage_named(file, key):
        return dataset[()] if dataset.ndim == 0 else dataset[rows]


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
    with _damage_named(file, key):
        return dataset.asstr()[()] if dataset.ndim == 0 else dataset.asstr()[rows]


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


def _set_root_attributes(file: h5py.File, kind: str, attrs: Mapping[str, object]) -> None:
    file.attrs["format"] = f"lensflow-{kind}"
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["creator"] = "lensflow"
    file.attrs["creator_version"] = lensflow.__version__
    for name in sorted(attrs):
        file.attrs[name] = attrs[name]


def _create_partial(path: Path, partial: Path) -> h5py.File:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftover(partial)
        return h5py.File(partial, "x")
    except OSError as error:
        raise ArtifactError(_explain(error, path, "created")) from error


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
    return (
        f"{path} cannot be {verb}: {error}. A complete, readable HDF5 file was expected; when it "
        "is damaged or truncated, delete it and run the rule that makes it again."
    )


def _check_format(file: h5py.File, kind: str) -> None:
    for key, expected in {"format": f"lensflow-{kind}", "format_version": FORMAT_VERSION}.items():
        with _damage_named(file, key):
            received = file.attrs.get(key)
        if received != expected:
            raise ArtifactError(
                f"{file.filename}: root attribute {key} is {received}, {expected} was "
                "expected. Give a file of that kind, or make this one again with this version."
            )


def _dataset(file: h5py.File, key: str) -> h5py.Dataset:
    with _damage_named(file, key):
        dataset = file.get(key)
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
    except (OSError, RuntimeError, KeyError, UnicodeDecodeError) as error:
        raise ArtifactError(
            f"{file.filename}: /{key} cannot be read ({error}). The file is damaged: delete it and "
            "run the rule that makes it again."
        ) from error
