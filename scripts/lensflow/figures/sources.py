"""Where figures take their images from: the rows of sharded HDF5 files that they ask for."""

from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np

from lensflow import artifacts
from lensflow.errors import ArtifactError

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
        Values in [0, 1].

    Raises
    ------
    ArtifactError
        If a key is in none of the shards.
    """
    return _collect(paths, "stack", "image", wanted, _stack_keys)


def dataset_images(
    paths: Sequence[Path | str], ids: Sequence[str], name: str = "flux"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of a dataset that belong to identifiers, with their sky noise.

    Parameters
    ----------
    paths : sequence of path-like
        The image shards of one dataset.
    ids : sequence of str
        Objects wanted, in the order of the result.
    name : {"flux", "source_flux"}
        The whole cutout or the lensed source alone.

    Returns
    -------
    images : ndarray of shape (n, size, size), float32
        Flux in maggies.
    sky_sigma : ndarray of shape (n,), float32
        Maggies.
    """
    wanted = [(object_id, 0) for object_id in ids]
    images = _collect(paths, "images", name, wanted, _image_keys)
    return images, _collect(paths, "images", "sky_sigma", wanted, _image_keys)


def has_dataset(paths: Sequence[Path | str], kind: str, name: str) -> bool:
    """Tell whether every shard holds a dataset of this name (and there is a shard at all)."""
    found = []
    for path in paths:
        with artifacts.open(path, kind) as file:
            found.append(name in file)
    return bool(found) and all(found)


def _stack_keys(file: h5py.File) -> list[Key]:
    rotation = artifacts.read(file, "rotation")
    return list(zip(artifacts.read_strings(file, "id"), rotation.tolist(), strict=True))


def _image_keys(file: h5py.File) -> list[Key]:
    return [(object_id, 0) for object_id in artifacts.read_strings(file, "id")]


def _collect(
    paths: Sequence[Path | str],
    kind: str,
    name: str,
    wanted: Sequence[Key],
    keys_of: Callable[[h5py.File], list[Key]],
) -> np.ndarray:
    """Read the rows of ``wanted`` from whichever shard holds them; only those rows are read."""
    found: dict[Key, np.ndarray] = {}
    needed = set(wanted)
    for path in paths:
        with artifacts.open(path, kind) as file:
            rows = [(row, key) for row, key in enumerate(keys_of(file)) if key in needed]
            for row, key in rows:
                found[key] = artifacts.read(file, name, slice(row, row + 1))[0]
    missing = sorted(needed - found.keys())
    if missing:
        raise ArtifactError(
            f"{len(missing)} images (first: id {missing[0][0]}, rotation {missing[0][1]}) are in "
            f"none of {len(paths)} {kind} files. Give all shards of the sample that was embedded."
        )
    return np.array([found[key] for key in wanted])
