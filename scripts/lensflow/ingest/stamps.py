"""Stamps from a tile: objects in the central pixel, as stored or on another pixel scale.

As stored, the pixel nearest to the object becomes the central one, number size // 2 from 0; nothing
is interpolated, and what lies beyond the tile is outside. Where a pixel scale is wanted that is not
the tile's, the stamp is resampled: north up, east left, the object's position in the centre of the
central pixel, by cubic splines along the local affine transformation of the WCS. Flux is conserved:
a pixel holds the flux of its own area, and noise grows with the root of that area.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from lensflow.ingest.layers import is_missing
from lensflow.ingest.noise import noise_of_maps
from lensflow.ingest.planes import Plane
from lensflow.ingest.positions import local_wcs
from lensflow.ingest.tiles import ARCSEC, Tile

SAME_SCALE = 1e-3
"""Relative difference below which two pixel scales are the same: 0.1 pixels over 100."""
ORDER = 3
MISSING_SHARE = 0.01
"""Of a resampled pixel: from here on it is missing."""
MARGIN = 8
"""Pixels around what is resampled, for the splines."""


@dataclass(frozen=True)
class Planes:
    """The open layers of a tile: image, and maps of noise and flags where there are any."""

    image: Plane
    rms: Plane | None
    flags: Plane | None
    flag_bits: int | None

    def section(self, x: int, y: int, width: int, height: int):
        """Return pixels from (x, y) on, NaN where missing; their noise; and which are outside."""
        frame = np.full((height, width), np.nan, np.float32)
        noise = None if self.rms is None else frame.copy()
        rows, columns = (
            slice(max(0, start), max(0, min(start + length, limit)))
            for start, length, limit in zip((y, x), (height, width), self.image.shape, strict=True)
        )
        inside = slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x)
        frame[inside] = self.image.section(rows, columns)
        rms, flags = (
            None if plane is None else np.asarray(plane.section(rows, columns))
            for plane in (self.rms, self.flags)
        )
        missing = is_missing(rms, flags, self.flag_bits)
        if missing.any():
            frame[inside][missing] = np.nan
        if rms is not None:
            noise[inside] = np.where(missing, np.nan, rms)
        is_whole = frame[inside].shape == frame.shape
        return frame, noise, None if is_whole else inside

    def forget(self) -> None:
        """Give back the memory of what was read."""
        for plane in (self.image, self.rms, self.flags):
            if plane is not None:
                plane.forget()

    def close(self) -> None:
        """Close the files."""
        for plane in (self.image, self.rms, self.flags):
            if plane is not None:
                plane.close()


@dataclass(frozen=True)
class Stamp:
    """One stamp.

    Attributes
    ----------
    pixels : ndarray of shape (size, size), float32
        NaN where missing.
    noise : float
        By the noise map, in the unit of the pixels; NaN without one.
    inside : ndarray of bool, optional
        What the tile covers, where that is not all.
    wcs : ndarray of shape (6,)
        See `lensflow.ingest.positions.Positions`.
    """

    pixels: np.ndarray
    noise: float
    inside: np.ndarray | None
    wcs: np.ndarray


def is_resampled(tile: Tile, scale: float | None) -> bool:
    """Say whether stamps of a pixel scale (arcsec; None for the tile's own) are resampled."""
    return scale is not None and abs(scale / tile.scale - 1) > SAME_SCALE


def cut(
    tile: Tile, planes: Planes, pixels: np.ndarray, size: int, scale: float | None
) -> Iterator[Stamp]:
    """Cut the stamps of objects, one after the other.

    Parameters
    ----------
    tile : Tile
    planes : Planes
    pixels : ndarray of shape (n, 2)
        The objects' x and y in the tile.
    size : int
        Side of the stamps, in pixels.
    scale : float, optional
        Pixel scale wanted (arcsec); None, or the tile's own, leaves pixels as they are.
    """
    resampled = is_resampled(tile, scale)
    centres = pixels if resampled else np.floor(pixels + 0.5)
    places = local_wcs(tile.sky, *centres.T)
    for centre, place in zip(centres, places, strict=True):
        if resampled:
            yield _resample(planes, centre, place, size, scale)
        else:
            yield _copy(planes, centre.astype(int), place, size)


def _copy(planes: Planes, centre: np.ndarray, place: np.ndarray, size: int) -> Stamp:
    x, y = centre
    half = size // 2
    frame, noise, inside = planes.section(x - half, y - half, size, size)
    covered = None
    if inside is not None:
        covered = np.zeros((size, size), bool)
        covered[inside] = True
    sigma = np.nan if noise is None else float(noise_of_maps(noise[None])[0])
    return Stamp(frame, sigma, covered, place)


def _resample(planes: Planes, pixel: np.ndarray, place, size: int, scale: float) -> Stamp:
    step = scale / ARCSEC
    # From pixels of the stamp to pixels of the tile, x and y.
    affine = np.linalg.inv(place[2:].reshape(2, 2)) @ np.diag([-step, step])
    area = abs(np.linalg.det(affine))
    n_parts = int(np.ceil(np.sqrt(area) - SAME_SCALE))
    reach = int(np.ceil(np.abs(affine).sum(axis=1).max() * size / 2)) + MARGIN
    x, y = np.floor(pixel + 0.5).astype(int)
    side = 2 * reach + 1
    frame, noise, inside = planes.section(x - reach, y - reach, side, side)
    centre = pixel - (x - reach, y - reach)
    points = _grid(affine, centre, size, n_parts)
    is_bad = np.isnan(frame)
    known = np.where(is_bad, np.float32(0), frame)
    pixels = _averaged(ndimage.map_coordinates(known, points, order=ORDER, mode="nearest"), n_parts)
    bad = ndimage.map_coordinates(is_bad.astype("f4"), points, order=1, mode="nearest")
    pixels = (pixels * area).astype(np.float32)
    pixels[_averaged(bad, n_parts) > MISSING_SHARE] = np.nan
    sigma = np.nan
    if noise is not None:
        sigma = float(noise_of_maps(noise[None])[0] * np.sqrt(area))
    covered = None if inside is None else _covered(points, inside, n_parts)
    wcs = np.array([*place[:2], -step, 0.0, 0.0, step])
    return Stamp(pixels, sigma, covered, wcs)


def _grid(affine: np.ndarray, centre: np.ndarray, size: int, n_parts: int) -> np.ndarray:
    """Return (y, x) in the section of the parts of the stamp's pixels: (2, size n, size n)."""
    offsets = (np.arange(size * n_parts) + 0.5) / n_parts - 0.5 - size // 2
    x, y = np.meshgrid(offsets, offsets)
    moved = np.einsum("ij,jkl->ikl", affine, np.stack([x, y])) + centre[:, None, None]
    return moved[::-1]


def _averaged(values: np.ndarray, n_parts: int) -> np.ndarray:
    side = len(values) // n_parts
    return values.reshape(side, n_parts, side, n_parts).mean(axis=(1, 3))


def _covered(points: np.ndarray, inside: tuple[slice, slice], n_parts: int) -> np.ndarray:
    """Return which pixels of the stamp the tile covers with any of their parts."""
    within = [
        (axis >= part.start - 0.5) & (axis < part.stop - 0.5)
        for axis, part in zip(points, inside, strict=True)
    ]
    return _averaged((within[0] & within[1]).astype(float), n_parts) > 0
