"""Where figures take their images from: the rows of sharded HDF5 files that they ask for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from lensflow.errors import ArtifactError
from lensflow.figures.colour import shown_images
from lensflow.ingest.positions import pixel_scales
from lensflow.prepare.scaling import shown
from lensflow.samples.bands import first_band, first_of_bands
from lensflow.samples.images import open_images
from lensflow.samples.rows import BLOCK
from lensflow.samples.stacks import Stack, open_stack

Key = tuple[str, int]


def stack_images(paths: Sequence[Path | str], wanted: Sequence[Key]) -> np.ndarray:
    """Return the images of a sharded stack that belong to ``(id, rotation)`` keys.

    Parameters
    ----------
    paths : sequence of path-like
        The shards of one sample, prepared or denoised.
    wanted : sequence of (str, int)
        Identifier and number of quarter turns of each image, in the order of the result.

    Returns
    -------
    ndarray of shape (n, size, size), float32
        In [0, 1], as they are shown; of several bands the first.

    Raises
    ------
    ArtifactError
        If a key is in none of the shards.
    """
    return np.array(_collect(paths, wanted, open_stack, _shown_images))


def _shown_images(stack: Stack, rows: slice) -> np.ndarray:
    return shown(first_band(stack.images(rows)), stack.scale)


def dataset_images(
    paths: Sequence[Path | str], ids: Sequence[str], layer: str = "flux", all_bands: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of a dataset that belong to identifiers, with their sky noise.

    Parameters
    ----------
    paths : sequence of path-like
        The image shards of one dataset.
    ids : sequence of str
        Objects wanted, in the order of the result.
    layer : {"flux", "source_flux"}
        The whole cutout or the lensed source alone.
    all_bands : bool
        Whether all bands are returned where there are several; otherwise the first.

    Returns
    -------
    images : ndarray of shape (n, size, size) or (n, n_bands, size, size), float32
        Flux in maggies.
    sky_sigma : ndarray of shape (n,) or (n, n_bands), float32
        Maggies.
    """

    def read(shard, rows):
        return zip(shard.flux(rows, layer), shard.sky_sigma(rows), strict=True)

    found = _collect(paths, [(object_id, 0) for object_id in ids], open_images, read)
    images, sky_sigma = (np.array(each) for each in zip(*found, strict=True))
    return (images, sky_sigma) if all_bands else (first_band(images), first_of_bands(sky_sigma))


def dataset_pictures(paths: Sequence[Path | str], ids: Sequence[str], scaling: str) -> np.ndarray:
    """Return the images of a dataset as `lensflow.figures.colour.shown_images` shows them.

    Parameters are those of `dataset_images`, and the scale of what has one band.
    """
    return shown_images(*dataset_images(paths, ids, all_bands=True), scaling)


def measured_pictures(
    paths: Sequence[Path | str], ids: Sequence[str], scaling: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `dataset_pictures` does, and how large the pixels are, read in one go.

    Returns
    -------
    pictures : ndarray of shape (n, size, size) or (n, size, size, 3)
    scales : ndarray of shape (n,)
        Sides of the pixels (arcsec); NaN where that is not known.
    """

    def read(shard, rows):
        flux, wcs = shard.flux(rows), shard.wcs(rows)
        scales = np.full(len(flux), np.nan) if wcs is None else pixel_scales(wcs)
        return zip(flux, shard.sky_sigma(rows), scales, strict=True)

    found = _collect(paths, [(object_id, 0) for object_id in ids], open_images, read)
    images, sky_sigma, scales = (np.array(each) for each in zip(*found, strict=True))
    return shown_images(images, sky_sigma, scaling), scales


def _collect(
    paths: Sequence[Path | str],
    wanted: Sequence[Key],
    open_shard: Callable,
    read: Callable[[object, slice], Iterable],
) -> list:
    """Read the rows of ``wanted`` from whichever shard holds them; only those rows are read."""
    found: dict[Key, object] = {}
    needed = set(wanted)
    for path in paths:
        with open_shard(path) as shard:
            rows = shard.rows()
            keys = list(zip(rows["id"], rows["rotation"], strict=True))
            for part in _in_sequence([row for row, key in enumerate(keys) if key in needed]):
                found |= zip(keys[part], read(shard, part), strict=True)
    missing = sorted(needed - found.keys())
    if missing:
        raise ArtifactError(
            f"{len(missing)} images (first: id {missing[0][0]}, rotation {missing[0][1]}) are in "
            f"none of {len(paths)} files. Give all shards of the sample that was embedded."
        )
    return [found[key] for key in wanted]


def _in_sequence(rows: Sequence[int]) -> Iterator[slice]:
    """Yield slices of rows that follow each other, of `BLOCK` at most: a chunk is read once."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end] != rows[end - 1] + 1 or end - start == BLOCK:
            yield slice(rows[start], rows[end - 1] + 1)
            start = end
