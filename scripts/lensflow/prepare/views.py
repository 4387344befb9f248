"""Altered copies of images, for learning without labels what of an image is the object.

What differs between the views of one object is not what it is: which neighbours stand around it,
how noisy the sky is, where exactly the pixel grid lies. Turns and mirror images are not among them:
`lensflow.prepare.augmentation` has those.

Images are cutouts of `SIDE` pixels of 0.1 arcsec, as ingestion makes them, in units of their sky
noise. The lengths below are lengths on the sky, so that images binned for a network are refused
rather than given neighbours of twice the size.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lensflow.errors import ConfigError
from lensflow.seeds import rng

SIDE = 101
"""Side of the images, pixels."""

MEAN_NEIGHBOURS = 0.9
"""Mean of the Poisson distribution of the number of neighbours pasted into a view."""

SHIFT_PX = 0.6
"""Root mean square of the shift along each axis."""

MOST_NOISE = 0.7
"""Upper end of the uniform distribution of the extra noise, in units of the sky noise."""

PASTED_PX = (8.0, 48.0)
"""Least and greatest distance of a pasted neighbour from the centre; uniform between them."""

DISC_PX, SOFT_PX = 14, 5.0
"""Radius of the disc that is cut out around a neighbour, and the width of its soft edge."""

CUT_BEYOND_PX = 24
"""Neighbours are cut out this far from the centre, where the object itself is faint."""

N_BRIGHTEST = 60
"""A neighbour is centred on one of so many brightest pixels of the outskirts."""

BACKGROUND_PERCENTILE = 20

_CENTRE = SIDE // 2
_OFFSET = np.arange(-DISC_PX, DISC_PX + 1)
_DISC = np.clip((DISC_PX + 1 - np.hypot(*np.meshgrid(_OFFSET, _OFFSET))) / SOFT_PX, 0, 1)
_DISC = _DISC.astype(np.float32)


def _outskirts() -> np.ndarray:
    """Return the flat indices of pixels on which a whole disc can be centred."""
    y, x = np.mgrid[:SIDE, :SIDE] - _CENTRE
    fits = np.maximum(abs(x), abs(y)) <= _CENTRE - DISC_PX
    return np.flatnonzero(fits & (np.hypot(x, y) > CUT_BEYOND_PX))


_OUTSKIRTS = _outskirts()


class Neighbours(NamedTuple):
    """What can be pasted into other images, one an object of the pool.

    Attributes
    ----------
    ids : tuple of str
        The objects, in the order of their names.
    patches : ndarray of shape (n, 29, 29) or (n, n_bands, 29, 29), float32
        The disc around a neighbour of each, less its background, 0 outside; sky sigma.
    """

    ids: tuple[str, ...]
    patches: np.ndarray


def cut_neighbours(images: Sequence[np.ndarray], ids: Sequence[str], seed: int) -> Neighbours:
    """Cut one neighbour from the outskirts of each image of a pool.

    Parameters
    ----------
    images : sequence of n ndarrays of shape (101, 101) or (n_bands, 101, 101)
        In units of their sky noise; finite. A neighbour is one that is bright in the first band.
    ids : sequence of n str
        All different. The patch of an object depends on the seed, its id and its image alone.
    seed : int
        Seed of the configuration.

    Returns
    -------
    Neighbours
        The same whatever the order of the pool.

    Raises
    ------
    ConfigError
        When the images have another size.
    """
    order = sorted(range(len(ids)), key=lambda row: ids[row])
    names = tuple(str(ids[row]) for row in order)
    found = [
        _neighbour(images[row], rng(seed, "neighbour", name))
        for row, name in zip(order, names, strict=True)
    ]
    shape = found[0].shape if found else _DISC.shape
    return Neighbours(names, np.array(found, dtype=np.float32).reshape(-1, *shape))


def joined(pools: Iterable[Neighbours]) -> Neighbours:
    """Return one pool of several, which share no object; the same whatever their order."""
    ids, patches = zip(*pools, strict=True)
    names, stacked = sum(ids, ()), np.concatenate(patches)
    order = sorted(range(len(names)), key=names.__getitem__)
    return Neighbours(tuple(names[row] for row in order), stacked[order])


def _neighbour(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the soft disc around one of the brightest pixels of the outskirts."""
    _check_side(image)
    values = image.reshape(-1, SIDE * SIDE)[0, _OUTSKIRTS]
    # Sorted, since the order in which a partition leaves them differs between machines.
    brightest = np.sort(np.argpartition(values, -N_BRIGHTEST)[-N_BRIGHTEST:])
    y, x = divmod(int(_OUTSKIRTS[brightest[random.integers(N_BRIGHTEST)]]), SIDE)
    patch = image[..., y - DISC_PX : y + DISC_PX + 1, x - DISC_PX : x + DISC_PX + 1]
    background = np.percentile(patch, BACKGROUND_PERCENTILE, axis=(-2, -1), keepdims=True)
    return (patch - background) * _DISC


def altered(
    images: np.ndarray, ids: Sequence[str], neighbours: Neighbours, seed: int, view: int
) -> np.ndarray:
    """Return one altered copy of each image.

    It is shifted by a fraction of a pixel (bilinear, the border continued), gets a Poisson number
    of neighbours of other objects of the pool (each turned and mirrored at random), and then noise.

    Parameters
    ----------
    images : ndarray of shape (n_images, 101, 101) or (n_images, n_bands, 101, 101)
        In units of their sky noise. All bands are shifted, and get neighbours, alike.
    ids : sequence of n_images str
        The objects.
    neighbours : Neighbours
        The pool that is pasted from. An object never gets a neighbour of its own image.
    seed : int
        Seed of the configuration.
    view : int
        Number of the copy. All that is drawn for an image is drawn from (seed, view, id), and the
        rest depends on the image and the pool: neither on the other images given, nor on their
        order, nor on how they are spread over shards.

    Returns
    -------
    ndarray of the shape of the images, float32
        In the same units; the noise of the sky is up to 22 % larger.

    Raises
    ------
    ConfigError
        When the images have another size, or the pool has no neighbour from another object.
    """
    _check_side(images)
    _check_pool(neighbours)
    place = {name: row for row, name in enumerate(neighbours.ids)}
    changed = np.empty(np.shape(images), dtype=np.float32)
    for out, image, name in zip(changed, images, ids, strict=True):
        random = rng(seed, "view", view, str(name))
        out[...] = _shifted(image, random.normal(0, SHIFT_PX, 2))
        for _ in range(random.poisson(MEAN_NEIGHBOURS)):
            _paste(
                out, neighbours.patches[_other(random, neighbours, place.get(str(name)))], random
            )
        level = np.float32(random.uniform(0, MOST_NOISE))
        out += level * random.standard_normal(out.shape, np.float32)
    return changed


def _other(random: np.random.Generator, neighbours: Neighbours, own: int | None) -> int:
    """Draw a row of the pool, but not an object's own."""
    if own is None:
        return int(random.integers(len(neighbours.ids)))
    row = int(random.integers(len(neighbours.ids) - 1))
    return row + (row >= own)


def _paste(image: np.ndarray, patch: np.ndarray, random: np.random.Generator) -> None:
    """Add a patch to an image, in a random orientation at a random place."""
    patch = np.rot90(patch, random.integers(4), axes=(-2, -1))
    patch = patch[..., ::-1] if random.random() < 0.5 else patch
    radius, angle = random.uniform(*PASTED_PX), random.uniform(0, 2 * np.pi)
    rows, patch_rows = _overlap(_CENTRE + round(radius * np.sin(angle)))
    columns, patch_columns = _overlap(_CENTRE + round(radius * np.cos(angle)))
    image[..., rows, columns] += patch[..., patch_rows, patch_columns]


def _overlap(centre: int) -> tuple[slice, slice]:
    """Return which pixels of the image, and of the patch, lie in both along one axis."""
    first, last = max(centre - DISC_PX, 0), min(centre + DISC_PX + 1, SIDE)
    start = centre - DISC_PX
    return slice(first, last), slice(first - start, last - start)


def _shifted(image: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Move an image by ``offset`` (y, x) pixels, with linear interpolation."""
    for axis, step in zip((-2, -1), offset, strict=True):
        whole, fraction = divmod(float(step), 1)
        near, far = (np.clip(np.arange(SIDE) - int(whole) - extra, 0, SIDE - 1) for extra in (0, 1))
        image = (1 - fraction) * image.take(near, axis) + fraction * image.take(far, axis)
    return image


def _check_side(images: np.ndarray) -> None:
    if np.shape(images)[-2:] != (SIDE, SIDE):
        raise ConfigError(
            f"views are made of cutouts of {SIDE} x {SIDE} pixels, received the shape "
            f"{np.shape(images)}; give them as ingestion stores them, before binning"
        )


def _check_pool(neighbours: Neighbours) -> None:
    if len(neighbours.ids) < 2:
        raise ConfigError(
            f"views need neighbours from at least 2 objects, the pool has {len(neighbours.ids)}; "
            "give more images"
        )
