"""What a polar encoder is fitted to: objects drawn from a sample, and magnitudes of their views.

Of an object there are the polar Fourier magnitudes (`lensflow.prepare.polar_grid`) of its image,
and those of altered views of it (`lensflow.prepare.views`).
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

import numpy as np

from lensflow.embed.fitted import check_computed, single
from lensflow.errors import ConfigError, TrainingError
from lensflow.prepare.polar_grid import magnitudes
from lensflow.prepare.views import SIDE, Neighbours, altered, cut_neighbours
from lensflow.seeds import rng

OBJECTS_AT_MOST = 8192
"""Objects that determine the encoder: 330 MB of images, however large the sample."""

BATCH = 32
"""Images that are transformed together: few enough for the cache of a core."""


def drawn_objects(
    blocks: Iterable[tuple[np.ndarray, Sequence[str]]], seed: int
) -> tuple[list[str], list[np.ndarray]]:
    """Return ids, sorted, and images of the objects drawn, in one pass.

    Each object draws a lot from the seed and its id, and those with the lowest lots stay, at most
    `OBJECTS_AT_MOST`.

    Parameters
    ----------
    blocks : iterable of (images of shape (m, 101, 101) or (m, n_bands, 101, 101), m ids)
        Of an id that comes again only the first image counts.
    seed : int
        Seed of the configuration.

    Raises
    ------
    ConfigError, TrainingError
        As `check_images`.
    """
    lots, kept = [], {}
    for images, ids in blocks:
        check_images(images)
        for image, name in zip(images, map(str, ids), strict=True):
            if name not in kept:
                kept[name] = np.array(image, dtype=np.float32)
                heappush(lots, (-rng(seed, "drawn", name).random(), name))
            if len(lots) > OBJECTS_AT_MOST:
                del kept[heappop(lots)[1]]
    names = sorted(kept)
    return names, [kept[name] for name in names]


def check_images(images: np.ndarray) -> None:
    """Refuse images that have no magnitudes.

    Raises
    ------
    ConfigError
        When they have another size.
    TrainingError
        When one is not finite in single precision.
    """
    if np.ndim(images) not in (3, 4) or np.shape(images)[-2:] != (SIDE, SIDE):
        raise ConfigError(
            f"the polar encoder takes cutouts (n, {SIDE}, {SIDE}), received the shape "
            f"{np.shape(images)}; give them as ingestion stores them, before binning"
        )
    bad = ~np.isfinite(single(images)).all(axis=tuple(range(1, np.ndim(images))))
    if bad.any():
        raise TrainingError(
            f"{bad.sum()} of {bad.size} images are not finite, the first in row {bad.argmax()}; "
            "finite pixels in units of a positive sky noise were expected: ingest them again"
        )


def own_and_altered(
    images: Sequence[np.ndarray], ids: Sequence[str], seed: int, n_views: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the magnitudes of objects, and those of altered views of each.

    Parameters
    ----------
    images : sequence of n ndarrays of shape (101, 101) or (n_bands, 101, 101)
        In units of their sky noise. Views are pasted with neighbours from the same images.
    ids : sequence of n str
    seed : int
        Seed of the configuration.
    n_views : int

    Returns
    -------
    own : ndarray of shape (n, p)
    altered : ndarray of shape (n_views, n, p)

    Raises
    ------
    TrainingError
        When a magnitude is not finite.
    """
    own = np.concatenate([magnitudes(np.stack(batch)) for batch, _ in _batches(images, ids)])
    pool = cut_neighbours(images, ids, seed)
    views = np.stack([_of_view(images, ids, pool, seed, view) for view in range(n_views)])
    check_computed(own)
    check_computed(np.moveaxis(views, 1, 0))
    return own, views


def _of_view(
    images: Sequence[np.ndarray], ids: Sequence[str], pool: Neighbours, seed: int, view: int
) -> np.ndarray:
    """Return the magnitudes of one view of every object; they may not be finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.concatenate(
            [
                magnitudes(altered(np.stack(batch), names, pool, seed, view))
                for batch, names in _batches(images, ids)
            ]
        )


def _batches(images: Sequence, ids: Sequence) -> Iterator[tuple[Sequence, Sequence]]:
    for start in range(0, len(ids), BATCH):
        yield images[start : start + BATCH], ids[start : start + BATCH]
