"""Put described datasets in a file that is being written, and take their checksums on the way."""

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from lensflow.artifacts.checksums import RunningChecksums
from lensflow.artifacts.content import seal_content
from lensflow.artifacts.failures import writing_to
from lensflow.artifacts.layout import CHUNK_BYTES, COLUMN_ROWS


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
        with writing_to(self.path):
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
        with writing_to(self.path):
            dataset = self.file.create_dataset(name, data=values, dtype=h5py.string_dtype())
        return _describe(dataset, "1", description)

    def text(self, name: str, value: str, description: str = "") -> h5py.Dataset:
        """Store one long string, such as a configuration in YAML."""
        with writing_to(self.path):
            dataset = self.file.create_dataset(name, data=value, dtype=h5py.string_dtype())
        return _describe(dataset, "1", description)

    def seal(self) -> None:
        """Write the checksums, and the hash over everything; nothing may be written after it."""
        known = {name: filled.checksums() for name, filled in self._filling.items()}
        with writing_to(self.path):
            seal_content(self.file, known)


class Filling:
    """A dataset that is filled block by block, with the checksums of what it was given."""

    def __init__(self, dataset: h5py.Dataset, path: Path):
        self.dataset, self.path = dataset, path
        self.shape, self.ndim, self.dtype = dataset.shape, dataset.ndim, dataset.dtype
        self._checked = RunningChecksums(dataset)

    def __len__(self) -> int:
        return len(self.dataset)

    def __setitem__(self, rows: slice, values: np.ndarray) -> None:
        """Put a block in its place; blocks come in order."""
        values = np.ascontiguousarray(values, self.dtype)
        with writing_to(self.path):
            self.dataset[rows] = values
        self._checked.add(values)

    def append(self, rows) -> None:
        """Add rows at the end of a dataset that grows."""
        dataset, start = self.dataset, len(self.dataset)
        rows = np.ascontiguousarray(rows, dtype=self.dtype)
        with writing_to(self.path):
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
        return self._checked.checksums()


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
