"""Images: cutouts as they were ingested, in shards that an index lists."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.artifacts import ALL_ROWS
from lensflow.errors import ArtifactError
from lensflow.files import provenance
from lensflow.samples.bands import bands_attribute, bands_of, spread
from lensflow.samples.rows import Path

IMAGES = "images_sha256"
"""Root attribute of an index that names the content of the shards that it lists."""

IDS = 100_000
"""Identifiers in memory at a time where an index is looked through."""


@dataclass(frozen=True)
class Images:
    """An open image shard of a dataset.

    Attributes
    ----------
    file : h5py.File
    """

    file: h5py.File

    def __len__(self) -> int:
        return self.file["id"].shape[0]

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands, in order; none where there is a single one."""
        return bands_of(self.file.attrs)

    @property
    def are_denoised(self) -> bool:
        """Whether the images came denoised, and so carry no sky noise."""
        return self.file.attrs["state"] == "denoised"

    def ids(self) -> np.ndarray:
        """Return the identifier of every image."""
        return artifacts.read_strings(self.file, "id")

    def rows(self) -> pd.DataFrame:
        """Return id, rotation (0: as ingested), and the catalogue's columns, of every image."""
        table = artifacts.read_table(self.file, "catalogue")
        return table.assign(id=self.ids(), rotation=0)

    def flux(self, rows: slice | int = ALL_ROWS, layer: str = "flux") -> np.ndarray:
        """Return images (n, side, side) float32, [y, x], or one of them (side, side).

        Of several bands they are (n, band, side, side).

        Parameters
        ----------
        rows : slice or int
        layer : {"flux", "source_flux"}
            The cutouts, or the lensed sources alone where they are kept.
        """
        return artifacts.read(self.file, layer, rows)

    def sky_sigma(self, rows: slice = ALL_ROWS) -> np.ndarray:
        """Return the noise of the sky (n,), or (n, band), in the unit of the flux."""
        return artifacts.read(self.file, "sky_sigma", rows)

    @property
    def unit(self) -> str:
        """Unit of the flux."""
        return str(self.file["flux"].attrs["units"])

    def wcs(self, rows: slice | int = ALL_ROWS) -> np.ndarray | None:
        """Return the tangential projections (n, 6), or (6,) of one image; None without any.

        Right ascension and declination of the central pixel (degrees), then CD1_1, CD1_2, CD2_1
        and CD2_2 (degrees a pixel); NaN where unknown.
        """
        return artifacts.read(self.file, "wcs", rows) if "wcs" in self.file else None


@contextlib.contextmanager
def open_images(path: Path) -> Iterator[Images]:
    """Open an image shard for reading; see `lensflow.artifacts.open` for what it raises."""
    with artifacts.open(path, "images") as file:
        yield Images(file)


def images_hash(image_paths: Iterable[Path]) -> str:
    """Return what names the content of the shards of a dataset, in their order."""
    return provenance.joined_hash([artifacts.content_of(path) for path in image_paths])


def check_images(index_path: Path, image_paths: Iterable[Path]) -> None:
    """Refuse shards that are not, one and all, those that an index lists.

    Raises
    ------
    ArtifactError
    """
    with artifacts.peek(index_path) as file:
        listed = file.attrs.get(IMAGES)
    if listed is not None and listed != images_hash(image_paths):
        raise ArtifactError(
            f"{index_path} lists other images than are given, or in another order. Give all shards "
            "of its dataset in order, or delete the index and run the rule that makes it again."
        )


def index_bands(path: Path) -> dict[str, str]:
    """Return what the index of a dataset says of its bands, as attributes of what is made of it."""
    with artifacts.peek(path) as file:
        return bands_attribute(bands_of(file.attrs))


def listed_ids(path: Path, ids: Iterable[str]) -> set[str]:
    """Return which of some identifiers a dataset's index lists, read a block at a time."""
    wanted, found = set(ids), set()
    with artifacts.open(path, "index") as file:
        for start in range(0, len(file["id"]) if wanted else 0, IDS):
            block = artifacts.read_strings(file, "id", slice(start, start + IDS))
            found |= wanted.intersection(block)
    return found


def read_index(
    path: Path,
    columns: Iterable[str] = (),
    catalogue: Iterable[str] | None = (),
    optional: Iterable[str] = (),
) -> pd.DataFrame:
    """Return id and some columns of a dataset's index, one row an object.

    Parameters
    ----------
    path : path-like
    columns : iterable of {"shard", "row", "sky_sigma"}
        Where the image is, and the noise of its sky; of several bands a column each, as
        `lensflow.samples.bands.spread` makes them.
    catalogue : iterable of str, optional
        Columns of the catalogue; None takes all of them.
    optional : iterable of {"sky_correlation", "ra", "dec"}
        What not every dataset has; taken where it is there.

    Raises
    ------
    ArtifactError
        When a column is missing; see `lensflow.artifacts.open` for the rest.
    """
    with artifacts.open(path, "index") as file:
        found = {"id": artifacts.read_strings(file, "id")}
        there = [*columns, *(name for name in optional if name in file)]
        for name in there:
            found |= spread(name, artifacts.read(file, name))
        if catalogue is None:
            return pd.DataFrame(found).join(artifacts.read_table(file, "catalogue"))
        found |= {name: artifacts.read(file, f"catalogue/{name}") for name in catalogue}
    return pd.DataFrame(found)
