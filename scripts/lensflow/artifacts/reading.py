"""Open artifacts and read what is in them; every byte that is read is checked."""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from lensflow.artifacts.content import check_content
from lensflow.artifacts.failures import damage_named
from lensflow.artifacts.files import dataset_at, found_at, names, open_file, root_attribute
from lensflow.artifacts.layout import ALL_ROWS, FORMAT_VERSION, UNVERIFIED_VERSION
from lensflow.artifacts.verified import verified
from lensflow.errors import ArtifactError

logger = logging.getLogger(__name__)


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
    file = open_file(Path(path))
    with file:
        _check_format(file, kind)
        check_content(file)
        yield file


@contextlib.contextmanager
def peek(path: str | os.PathLike) -> Iterator[h5py.File]:
    """Open an HDF5 file for a look at its attributes: its kind and content are not checked.

    Raises
    ------
    ArtifactError
        When the file is missing, locked, or damaged where one looks.
    """
    with open_file(Path(path)) as file, damage_named(file, ""):
        yield file


def verify(file: h5py.File) -> None:
    """Read everything of an open artifact, for whoever reads it past `read`.

    Raises
    ------
    ArtifactError
        When something is damaged.
    """
    for key in names(file):
        if isinstance(found_at(file, key), h5py.Dataset):
            verified(file, key, ALL_ROWS)


def read(file: h5py.File, key: str, rows: slice = ALL_ROWS) -> np.ndarray:
    """Return a numeric dataset, or some rows of it, in the machine's byte order.

    Raises
    ------
    ArtifactError
        When the key is missing or its bytes are damaged.
    """
    return verified(file, key, rows)


def read_strings(file: h5py.File, key: str, rows: slice = ALL_ROWS) -> np.ndarray:
    """Return a dataset of strings as an object array of `str` (a single `str` for a scalar).

    Raises
    ------
    ArtifactError
        When the key is missing, damaged, or does not hold strings.
    """
    dataset = dataset_at(file, key)
    if h5py.check_string_dtype(dataset.dtype) is None:
        raise ArtifactError(
            f"{file.filename}: /{key} holds {dataset.dtype}, strings were expected."
        )
    return verified(file, key, rows)


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
        self.shape, self.dtype = dataset_at(file, key).shape, dataset_at(file, key).dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        return read(self.file, self.key, rows)


def _check_format(file: h5py.File, kind: str) -> None:
    for key, expected in {"format": f"lensflow-{kind}", "format_version": FORMAT_VERSION}.items():
        received = root_attribute(file, key)
        if key == "format_version" and received == UNVERIFIED_VERSION:
            logger.info("%s is of format version 1, without checksums: not verified", file.filename)
        elif np.ndim(received) or received != expected:
            raise ArtifactError(
                f"{file.filename}: root attribute {key} is {received}, {expected} was "
                "expected. Give a file of that kind, or make this one again with this version."
            )
