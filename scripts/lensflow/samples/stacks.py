"""Stacks: images of a sample as the networks see them."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.artifacts import ALL_ROWS
from lensflow.samples.bands import band_axes, bands_of
from lensflow.samples.rows import BLOCK, Path, fill, read_rows, write_rows

PREPARED, DENOISED = "stacks", "denoised"
"""Stages that images of a stack are at: on their scale, or denoised too."""


@dataclass(frozen=True)
class Stack:
    """An open stack.

    Attributes
    ----------
    file : h5py.File
    """

    file: h5py.File

    def __len__(self) -> int:
        return self.file["image"].shape[0]

    @property
    def size(self) -> int:
        """Side of the images (pixels)."""
        return self.file["image"].shape[-1]

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands, in order; none where there is a single one."""
        return bands_of(self.file.attrs)

    @property
    def scale(self) -> str:
        """Scale of the images, a key of `lensflow.prepare.scaling.SCALES`."""
        return self.file.attrs["scale"]

    def rows(self) -> pd.DataFrame:
        """Return id, rotation and is_lens of every image."""
        return read_rows(self.file)

    def images(self, rows: slice | np.ndarray = ALL_ROWS) -> np.ndarray:
        """Return images (n, size, size) float32, [y, x], of a slice or ascending rows.

        Of several bands they are (n, band, size, size).
        """
        return artifacts.read(self.file, "image", rows)

    def blocks(self, length: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield all images in blocks of at most ``length``."""
        for start in range(0, len(self), length):
            yield self.images(slice(start, start + length))


@contextlib.contextmanager
def open_stack(path: Path, stage: str | None = None) -> Iterator[Stack]:
    """Open a stack for reading; see `lensflow.artifacts.open` for what it raises.

    Parameters
    ----------
    path : path-like
    stage : {"stacks", "denoised"}, optional
        The stage that its images must be at.
    """
    with artifacts.open(path, "stack") as file:
        if stage is not None:
            artifacts.expect(file, stage=stage)
        yield Stack(file)


def write_stack(
    path: Path,
    rows: pd.DataFrame,
    blocks: Iterable[np.ndarray],
    size: int,
    scale: str,
    description: str,
    attrs: Mapping[str, object] | None = None,
) -> None:
    """Write a stack block by block, so that its images are never in memory together.

    Parameters
    ----------
    path : path-like
    rows : DataFrame of n rows
        Columns id, rotation, is_lens.
    blocks : iterable of ndarray of shape (m, size, size)
        Images, n together, in the order of the rows; (m, band, size, size) of several bands.
    size : int
        Side of the images (pixels).
    scale : str
        Their scale, a key of `lensflow.prepare.scaling.SCALES`.
    description : str
        What the images are.
    attrs : mapping, optional
        Root attributes beside ``scale``; `lensflow.samples.bands.bands_attribute` of several bands.

    Raises
    ------
    ArtifactError
        When there are more or fewer images than rows, or one has a pixel that is not finite.
    """
    with artifacts.create(path, "stack", {**(attrs or {}), "scale": scale}) as writer:
        shape = (len(rows), *band_axes(bands_of(attrs or {})), size, size)
        dataset = writer.fixed("image", shape, np.float32, description=description, compress=False)
        fill(dataset, blocks, rows["id"], path)
        write_rows(writer, rows)
