"""The rows of stacks, embeddings and scores: one an image.

Each has the object's ``id``, its ``rotation`` in quarter turns, and ``is_lens``. Stages read and
write them by this package and name no key, unit or column of their own.
"""

from collections.abc import Iterable, Sequence
from os import PathLike

import h5py
import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.artifacts import ALL_ROWS
from lensflow.errors import ArtifactError

Path = str | PathLike

RADIUS = "einstein_radius_arcsec"
"""Column of the catalogue that says how large a lens is."""

MEASURES = {
    "numb_pix_lensed_image": ("pix", "lensed pixels above 1 sigma"),
    "flux_lensed_image_in_sigma": ("sky sigma", "flux of those pixels"),
}
"""Columns of the catalogue that embeddings carry along, with units and descriptions."""

BLOCK = 1024
"""Images that are in memory together where a stage goes through all of them."""


def write_rows(writer: artifacts.Writer, rows: pd.DataFrame) -> None:
    """Write id, rotation and is_lens of a file's rows."""
    writer.strings("id", rows["id"], "identifier of the object")
    writer.dataset("rotation", rows["rotation"].to_numpy(np.int8), description="quarter turns")
    text = "1 lens, 0 non-lens, -1 unknown"
    writer.dataset("is_lens", rows["is_lens"].to_numpy(np.int8), description=text)


def read_rows(file: h5py.File, rows: slice = ALL_ROWS) -> pd.DataFrame:
    """Return id, rotation and is_lens of a file's rows, or of some of them."""
    return pd.DataFrame(
        {
            "id": artifacts.read_strings(file, "id", rows),
            "rotation": artifacts.read(file, "rotation", rows),
            "is_lens": artifacts.read(file, "is_lens", rows),
        }
    )


def fill(
    dataset: artifacts.Filling, blocks: Iterable[np.ndarray], ids: Sequence[str], path: Path
) -> None:
    """Put blocks into a dataset one after the other; they must fill it exactly.

    Parameters
    ----------
    dataset : Filling of shape (n, ...)
    blocks : iterable of ndarray of shape (m, ...)
        Rows of the dataset's shape, n together; finite also as the dataset's type.
    ids : sequence of str, of length n
        Objects of the rows, for messages.
    path : path-like
        The file, for messages.

    Raises
    ------
    ArtifactError
        When there are more or fewer rows, rows of another shape, or one that is not finite.
    """
    start = 0
    for block in blocks:
        _check_shape(dataset, np.shape(block), path)
        stop = start + len(block)
        if stop <= len(dataset):
            with np.errstate(over="ignore"):
                values = np.asarray(block, dataset.dtype)
            check_finite(values, ids[start:stop], path)
            dataset[start:stop] = values
        start = stop
    if start != len(dataset):
        raise ArtifactError(
            f"{path}: {start} rows came for {len(dataset)} expected. This is a mistake of the "
            "code that made them; nothing was written."
        )


def check_finite(values: np.ndarray, ids: Sequence[str], path: Path) -> None:
    """Refuse rows with a value that is not finite: no stage takes it from another.

    Parameters
    ----------
    values : ndarray of shape (n, ...)
    ids : sequence of str, of length n
        Objects of the rows.
    path : path-like
        The file that they are for.

    Raises
    ------
    ArtifactError
        That names the first object.
    """
    bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if bad.any():
        raise ArtifactError(
            f"{path}: {np.count_nonzero(bad)} of {bad.size} rows have values that are not finite, "
            f"the first for object {list(ids)[bad.argmax()]}; finite numbers were expected, and "
            "nothing was written. Look at that object's image; where many have none, train the "
            "network that made them again."
        )


def _check_shape(dataset: artifacts.Filling, received: tuple[int, ...], path: Path) -> None:
    """Refuse rows of another shape, which h5py would repeat until they fit."""
    if len(received) != dataset.ndim or received[1:] != dataset.shape[1:]:
        raise ArtifactError(
            f"{path}: a block of the shape {received} came, rows of the shape {dataset.shape[1:]} "
            "were expected. This is a mistake of the code that made it, or of a file that it was "
            "made with; nothing was written."
        )
