"""Stamps from a tile: objects in the central pixel, as stored or on another pixel scale.

As stored, the pixel nearest to the object becomes the central one, number size // 2 from 0; nothing
is interpolated, and what lies beyond the tile is outside. Where a pixel scale is wanted that is not
the tile's, the stamp is resampled (`lensflow.ingest.resampling`): north up, east left, the object's
position in the centre of the central pixel, along the local affine transformation of the WCS. The
stamps of another band lie on the pixels of the first band's, copied where its grid is the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lensflow.ingest.layers import is_missing
from lensflow.ingest.noise import noise_of_maps
from lensflow.ingest.planes import Plane
from lensflow.ingest.positions import local_wcs
from lensflow.ingest.resampling import SAME_SCALE, resample
from lensflow.ingest.tiles import ARCSEC, Tile

SAME_PLACE_PX = 0.05
"""Distance from the centre of a pixel within which it is copied for another band."""
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
        (tall, wide), noise = self.image.shape, None
        rows = slice(max(0, y), max(0, min(y + height, tall)))
        columns = slice(max(0, x), max(0, min(x + width, wide)))
        frame = np.asarray(self.image.section(rows, columns)).astype(np.float32)
        if self.rms is not None or self.flags is not None:
            rms, flags = (
                None if plane is None else np.asarray(plane.section(rows, columns))
                for plane in (self.rms, self.flags)
            )
            missing = is_missing(rms, flags, self.flag_bits)
            frame[missing] = np.nan
            if rms is not None:
                noise = np.where(missing, np.nan, rms).astype(np.float32)
        if frame.shape == (height, width):
            return frame, noise, None
        inside = slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x)
        framed = (_framed(layer, (height, width), inside) for layer in (frame, noise))
        return *framed, inside

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


def _framed(layer: np.ndarray | None, shape: tuple[int, int], inside) -> np.ndarray | None:
    """Return pixels with NaN around them."""
    if layer is None:
        return None
    frame = np.full(shape, np.nan, np.float32)
    frame[inside] = layer
    return frame


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
    centres = pixels if resampled else np.floor(pixels + 0.5).astype(int)
    places = local_wcs(tile.sky, *centres.T)
    for centre, place in zip(centres, places, strict=True):
        if resampled:
            step = scale / ARCSEC
            wcs = np.array([*place[:2], -step, 0.0, 0.0, step])
            yield _resample(planes, centre, place, size, wcs)
        else:
            yield _copy(planes, centre, place, size)


def cut_like(tile: Tile, planes: Planes, places: np.ndarray, size: int) -> Iterator[Stamp]:
    """Cut the stamps of another band on the pixels of those of the first, one after the other.

    Parameters
    ----------
    tile : Tile
        Of the other band.
    planes : Planes
    places : ndarray of shape (n, 6)
        ``wcs`` of the first band's stamps.
    size : int
        Side of the stamps, in pixels.
    """
    centres = tile.pixels(places[:, :2])
    own = local_wcs(tile.sky, *centres.T)
    for centre, place, wanted in zip(centres, own, places, strict=True):
        nearest = np.floor(centre + 0.5)
        if _is_same_grid(place, wanted) and np.abs(centre - nearest).max() < SAME_PLACE_PX:
            yield _copy(planes, nearest.astype(int), wanted, size)
        else:
            yield _resample(planes, centre, place, size, wanted)


def _is_same_grid(place: np.ndarray, wanted: np.ndarray) -> bool:
    """Say whether pixels around two places are alike in size and direction."""
    return np.abs(_steps(place, wanted) - np.eye(2)).max() < SAME_SCALE


def _steps(place: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the matrix from steps on the wanted pixels, x and y, to those around a place."""
    return np.linalg.inv(place[2:].reshape(2, 2)) @ wanted[2:].reshape(2, 2)


def _copy(planes: Planes, centre: np.ndarray, place: np.ndarray, size: int) -> Stamp:
    x, y = centre.tolist()
    half = size // 2
    frame, noise, inside = planes.section(x - half, y - half, size, size)
    covered = None
    if inside is not None:
        covered = np.zeros((size, size), bool)
        covered[inside] = True
    sigma = np.nan if noise is None else float(noise_of_maps(noise[None])[0])
    return Stamp(frame, sigma, covered, place)


def _resample(planes: Planes, pixel: np.ndarray, place, size: int, wcs: np.ndarray) -> Stamp:
    """Return the stamp on the pixels of a WCS, of what lies around a place of the tile."""
    affine = _steps(place, wcs)
    reach = int(np.ceil(np.abs(affine).sum(axis=1).max() * size / 2)) + MARGIN
    x, y = np.floor(pixel + 0.5).astype(int)
    side = 2 * reach + 1
    frame, noise, inside = planes.section(x - reach, y - reach, side, side)
    pixels, covered = resample(frame, affine, pixel - (x - reach, y - reach), size, inside)
    sigma = np.nan
    if noise is not None:
        area = abs(np.linalg.det(affine))
        sigma = float(noise_of_maps(noise[None])[0] * np.sqrt(area))
    return Stamp(pixels, sigma, covered, wcs)
