"""Open an HDF5 file and find what is in it; whatever fails names the file and the key."""

from pathlib import Path

import h5py
import numpy as np

from lensflow.artifacts.failures import damage_named, explain, missing
from lensflow.errors import ArtifactError


def open_file(path: Path) -> h5py.File:
    """Open a file for reading, whatever it holds."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ArtifactError(explain(error, path, "opened")) from error


def root_attribute(file: h5py.File, name: str):
    """Return an attribute of the file itself; None where it has none of that name."""
    with damage_named(file, name):
        return file.attrs.get(name)


def names(file: h5py.File) -> list[str]:
    """Return the names of all groups and datasets, sorted; the root is the empty one."""
    found = [""]
    file.visit(found.append)
    return sorted(found)


def found_at(file: h5py.File, key: str):
    """Return the group or dataset of a name; None where there is none."""
    with damage_named(file, key):
        return file.get(key)


def dataset_at(file: h5py.File, key: str) -> h5py.Dataset:
    """Return the dataset of a name."""
    dataset = found_at(file, key)
    if not isinstance(dataset, h5py.Dataset):
        raise missing(file, key, "dataset")
    return dataset


def n_rows(dataset: h5py.Dataset) -> int:
    """Return the length of a dataset; a scalar is one row."""
    return len(dataset) if dataset.ndim else 1


def read_rows(dataset: h5py.Dataset, rows) -> np.ndarray:
    """Return some rows; of a scalar an array of one."""
    reader = dataset if h5py.check_string_dtype(dataset.dtype) is None else dataset.asstr()
    if dataset.ndim == 0:
        return np.array([reader[()]], dtype=reader.dtype if reader is dataset else object)
    return reader[rows]
