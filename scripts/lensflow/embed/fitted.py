"""What encoders that are fitted have in common: checks of their artifacts, and of overflow."""

import contextlib
from collections.abc import Iterator
from os import PathLike

import h5py
import numpy as np

from lensflow import artifacts
from lensflow.errors import ArtifactError, TrainingError

MEND = "Give a file of that encoder, or fit it again."


@contextlib.contextmanager
def open_encoder(path: str | PathLike, name: str) -> Iterator[h5py.File]:
    """Open the artifact of an encoder after checking which encoder it is.

    Parameters
    ----------
    path : path-like
    name : str
        Value of the root attribute ``encoder``.

    Raises
    ------
    ArtifactError
        When the file is damaged or missing, or holds another encoder.
    """
    with artifacts.open(path, "encoder") as file:
        received = file.attrs.get("encoder")
        if received != name:
            raise ArtifactError(
                f"{path} holds the encoder {received!r}, {name!r} was expected. {MEND}"
            )
        yield file


def read_array(file: h5py.File, key: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return an array of an encoder as it was written.

    Parameters
    ----------
    file : h5py.File
        What `open_encoder` yields.
    key : str
        Name of the dataset.
    shape : tuple of int or None
        What its shape must be; None where any length will do.

    Raises
    ------
    ArtifactError
        When it is missing, damaged, no real numbers, of another shape, or not finite.
    """
    array = artifacts.read(file, key)
    right = [wanted in (None, found) for wanted, found in zip(shape, array.shape, strict=False)]
    if array.dtype.kind not in "fiu" or array.ndim != len(shape) or not all(right):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ArtifactError(
            f"{file.filename}: /{key} holds {array.dtype} of the shape {array.shape}, real numbers "
            f"of the shape ({wanted}) were expected. {MEND}"
        )
    bad = np.count_nonzero(~np.isfinite(array))
    if bad:
        raise ArtifactError(
            f"{file.filename}: {bad} of {array.size} values of /{key} are not finite, finite "
            f"numbers were expected. {MEND}"
        )
    return array


def read_number(file: h5py.File, key: str) -> int:
    """Return a whole number among the root attributes of an encoder.

    Raises
    ------
    ArtifactError
        When it is missing, or no whole number.
    """
    received = file.attrs.get(key)
    if np.ndim(received) or np.asarray(received).dtype.kind not in "iu":
        raise ArtifactError(
            f"{file.filename}: root attribute {key} is {received!r}, a whole number was expected. "
            f"{MEND}"
        )
    return int(received)


def check_features(path: str | PathLike, received: int, expected: int) -> None:
    """Refuse an encoder of another number of features than the run's.

    Raises
    ------
    ArtifactError
    """
    if received != expected:
        raise ArtifactError(
            f"{path} makes {received} features, {expected} were expected. Give the encoder of a "
            f"run with {expected} features, or fit it again."
        )


def single(images: np.ndarray) -> np.ndarray:
    """Return images in single precision, in which what is too large is infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(images, dtype=np.float32)


def check_computed(values: np.ndarray) -> None:
    """Refuse images of which something computed is not finite.

    Parameters
    ----------
    values : ndarray of shape (n_images, ...)
        What was computed of finite images.

    Raises
    ------
    TrainingError
    """
    bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if bad.any():
        raise TrainingError(
            f"{bad.sum()} of {bad.size} images have pixels too large to make features of; pixels "
            "on the scale of the encoder were expected: ingest or prepare them again"
        )
