"""The checksums of a dataset: one a unit of rows, or one a group of units where there are many.

A unit is an image, or the rows of a column that are read together anyway.
"""

import zlib

import h5py
import numpy as np

from lensflow.artifacts.files import n_rows, read_rows
from lensflow.artifacts.layout import CHUNK_BYTES, COLUMN_ROWS

# An attribute holds at most 64 KiB.
MOST_CHECKSUMS = 8192
# Rows that are in memory together where a whole file is checked.
READ_ROWS = 1024


class RunningChecksums:
    """The checksums of a dataset whose rows come in order, in blocks of any length."""

    def __init__(self, dataset: h5py.Dataset):
        self.dataset = dataset
        self.is_images, self.unit = _is_images(dataset), unit_rows(dataset)
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

    def checksums(self) -> np.ndarray:
        """Return the checksums of the rows so far, which begin where a group of units does."""
        return _grouped(self._units(), _units_together(self.dataset))

    def _units(self) -> np.ndarray:
        rest = [] if self.is_images or self.n_rows % self.unit == 0 else [[self._open]]
        parts = [np.array(part, np.uint32) for part in [*self._done, *rest]]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint32)


def checksums_of(dataset: h5py.Dataset, values: np.ndarray) -> np.ndarray:
    """Return the checksums of rows that begin where a group of units does."""
    running = RunningChecksums(dataset)
    running.add(values)
    return running.checksums()


def all_checksums(dataset: h5py.Dataset) -> np.ndarray:
    """Return the checksums of a dataset, read block by block."""
    step = rows_together(dataset)
    step *= max(1, READ_ROWS // step)
    starts = range(0, n_rows(dataset), step)
    parts = [checksums_of(dataset, read_rows(dataset, slice(i, i + step))) for i in starts]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint32)


def unit_rows(dataset: h5py.Dataset) -> int:
    """Return how many rows a unit has: one of images, which are read one by one."""
    if _is_images(dataset) or dataset.ndim == 0:
        return 1
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return COLUMN_ROWS
    row_bytes = dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64))
    return min(COLUMN_ROWS, max(1, CHUNK_BYTES // max(1, row_bytes)))


def rows_together(dataset: h5py.Dataset) -> int:
    """Return how many rows share a checksum that is stored."""
    return unit_rows(dataset) * _units_together(dataset)


def _is_images(dataset: h5py.Dataset) -> bool:
    return dataset.ndim == 3 and dataset.dtype.itemsize == 4 and dataset.dtype.kind in "fiu"


def _units_together(dataset: h5py.Dataset) -> int:
    """Return how many units share a checksum, so that all fit in an attribute."""
    n_units = -(-n_rows(dataset) // unit_rows(dataset))
    return max(1, -(-n_units // MOST_CHECKSUMS))


def _grouped(units: np.ndarray, together: int) -> np.ndarray:
    """Return the checksums of groups of units: of their own checksums, where there are several."""
    if together == 1:
        return units
    starts = range(0, len(units), together)
    return np.array([zlib.crc32(units[i : i + together].tobytes()) for i in starts], np.uint32)


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
