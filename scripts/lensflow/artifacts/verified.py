"""Read rows of a dataset and compare their checksums with those that were written."""

import weakref

import h5py
import numpy as np

from lensflow.artifacts.checksums import checksums_of, rows_together, unit_rows
from lensflow.artifacts.failures import damage_named, damaged
from lensflow.artifacts.files import dataset_at, n_rows, read_rows, root_attribute
from lensflow.artifacts.layout import CHECKSUMS, UNVERIFIED_VERSION

# Rows as few as one in so many are read one by one.
SPARSE = 4
# The checksums of open files, read once.
_STORED: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def verified(file: h5py.File, key: str, rows):
    """Return rows of a dataset after comparing the checksums of all that share one with them."""
    dataset = dataset_at(file, key)
    stored = _stored_checksums(file, key, dataset)
    with damage_named(file, key):
        if dataset.ndim == 0:
            return _checked_rows(file, key, dataset, stored, 0, 1)[0]
        if stored is None:
            return read_rows(dataset, rows)
        if isinstance(rows, slice) and rows.step in (None, 1):
            start, stop, _ = rows.indices(len(dataset))
            return _checked_rows(file, key, dataset, stored, start, max(start, stop))
        wanted = np.arange(len(dataset))[rows]
        first, last = (int(wanted.min()), int(wanted.max()) + 1) if wanted.size else (0, 0)
        if wanted.size * SPARSE < last - first and unit_rows(dataset) == 1:
            return _checked_singly(file, key, dataset, stored, wanted)
        return _checked_rows(file, key, dataset, stored, first, last)[wanted - first]


def _stored_checksums(file: h5py.File, key: str, dataset: h5py.Dataset) -> np.ndarray | None:
    """Return a dataset's checksums; None where the file's version has none."""
    known = _STORED.setdefault(file, {})
    if key not in known:
        if root_attribute(file, "format_version") == UNVERIFIED_VERSION:
            return None
        step = rows_together(dataset)
        with damage_named(file, key):
            known[key] = dataset.attrs.get(CHECKSUMS)
        if np.shape(known[key]) != (-(-n_rows(dataset) // step),):
            raise damaged(file, key, "lacks its checksums")
    return known[key]


def _checked_singly(file, key, dataset, stored, wanted: np.ndarray) -> np.ndarray:
    each = [_checked_rows(file, key, dataset, stored, int(i), int(i) + 1) for i in wanted]
    return np.concatenate(each)


def _checked_rows(file, key: str, dataset, stored, start: int, stop: int) -> np.ndarray:
    """Return the rows from ``start`` to ``stop``, read from where a checksum begins and ends."""
    if stored is None or start == stop:
        return read_rows(dataset, slice(start, stop))
    step = rows_together(dataset)
    first, last = start // step, -(-stop // step)
    values = read_rows(dataset, slice(first * step, last * step))
    if not np.array_equal(checksums_of(dataset, values), stored[first:last]):
        raise damaged(file, key, f"is not what was written (rows {start} to {stop - 1})")
    return values[start - first * step : stop - first * step]
