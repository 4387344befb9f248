"""Tiles: large images with a WCS, and which of them an object is cut from.

astropy.wcs does the geometry. Pixels are counted from 0; pixel (x, y) covers x - 1/2 to x + 1/2. An
object is on a tile when its position is within the outermost edges of the tile's pixels. One
that is on several is taken from that in which it is farthest from an edge, in arcseconds; of equals
the first counts.
"""

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lensflow.errors import CutoutError

ARCSEC = 3600.0
MARGIN_ARCSEC = 1.0
"""Added to the radius within which objects may be on a tile."""


@dataclass(frozen=True)
class Tile:
    """One tile.

    Attributes
    ----------
    key : str
        What its name says that it is.
    path : str
        Its image, relative to the dataset's folder.
    rms_path, flag_path : str
        Maps of noise and flags, relative to the folder; "" without.
    header : str
        The header of its image.
    shape : (int, int)
        Height and width, in pixels.
    """

    key: str
    path: str
    rms_path: str
    flag_path: str
    header: str
    shape: tuple[int, int]

    @functools.cached_property
    def wcs(self):
        """The celestial WCS."""
        from astropy.io import fits
        from astropy.wcs import WCS

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = WCS(fits.Header.fromstring(self.header)).celestial
        if wcs.naxis != 2:
            raise CutoutError("its header has no WCS on the sky (CTYPE1 and CTYPE2)")
        return wcs

    @functools.cached_property
    def frame(self):
        """The frame of its coordinates; None for ICRS."""
        from astropy.wcs.utils import wcs_to_celestial_frame

        frame = wcs_to_celestial_frame(self.wcs)
        return None if frame.name == "icrs" else frame

    @functools.cached_property
    def scale(self) -> float:
        """Side of a pixel (arcsec): the root of its area."""
        from astropy.wcs.utils import proj_plane_pixel_area

        return float(np.sqrt(proj_plane_pixel_area(self.wcs))) * ARCSEC

    def sky(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the sky (n, 2), ICRS in degrees, of pixels."""
        place = self.wcs.all_pix2world(np.stack([x, y], axis=1).astype(float), 0)
        return place if self.frame is None else _to_icrs(place, self.frame)

    def pixels(self, sky: np.ndarray) -> np.ndarray:
        """Return the pixels (n, 2), x and y, of positions within a right angle of the tile."""
        place = sky if self.frame is None else _from_icrs(sky, self.frame)
        if not self.wcs.has_distortion:
            return self.wcs.wcs_world2pix(place, 0)
        return self.wcs.all_world2pix(place, 0, quiet=True)

    @functools.cached_property
    def circle(self) -> tuple[np.ndarray, float]:
        """Centre, as a unit vector, and the radius that holds the tile (radians)."""
        height, width = self.shape
        x, y = np.linspace(-0.5, width - 0.5, 9), np.linspace(-0.5, height - 0.5, 9)
        edge = np.concatenate([
            np.stack([x, np.full(9, y[0])], 1), np.stack([x, np.full(9, y[-1])], 1),
            np.stack([np.full(9, x[0]), y], 1), np.stack([np.full(9, x[-1]), y], 1),
        ])  # fmt: skip
        centre = vectors(self.sky(np.array([(width - 1) / 2]), np.array([(height - 1) / 2])))[0]
        chords = np.linalg.norm(vectors(self.sky(*edge.T)) - centre, axis=1)
        # Between the points an edge bulges by far less than this.
        radius = 2 * np.arcsin(np.clip(chords.max() / 2, 0, 1)) * 1.02
        return centre, float(radius + np.radians(MARGIN_ARCSEC / ARCSEC))

    def edge_distance(self, sky: np.ndarray) -> np.ndarray:
        """Return how far positions (n, 2) are from the nearest edge (arcsec); negative outside."""
        height, width = self.shape
        x, y = self.pixels(sky).T
        inside = np.minimum.reduce([x + 0.5, width - 0.5 - x, y + 0.5, height - 0.5 - y])
        return np.where(np.isfinite(inside), inside, -np.inf) * self.scale


def choose_tiles(tiles: Sequence[Tile], sky: np.ndarray) -> np.ndarray:
    """Return which tile each object is taken from; -1 for none.

    Parameters
    ----------
    tiles : sequence of Tile
    sky : ndarray of shape (n, 2)
        Right ascension and declination (degrees, ICRS); none is on a tile where it is not finite.

    Returns
    -------
    ndarray of shape (n,), int
    """
    from scipy.spatial import cKDTree

    chosen, best = np.full(len(sky), -1), np.full(len(sky), 0.0)
    placed = np.flatnonzero(np.isfinite(sky).all(axis=1))
    if not len(placed):
        return chosen
    objects = cKDTree(vectors(sky[placed]))
    for number, tile in enumerate(tiles):
        centre, radius = tile.circle
        found = objects.query_ball_point(centre, 2 * np.sin(min(radius, np.pi) / 2))
        rows = placed[np.array(found, int)]
        if not len(rows):
            continue
        distance = tile.edge_distance(sky[rows])
        # A position on the very edge is on the tile.
        is_better = (distance > best[rows]) | ((distance >= 0) & (chosen[rows] < 0))
        chosen[rows[is_better]] = number
        best[rows[is_better]] = distance[is_better]
    return chosen


def vectors(sky: np.ndarray) -> np.ndarray:
    """Return positions (n, 2) in degrees as unit vectors (n, 3)."""
    ra, dec = np.radians(sky).T
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def _to_icrs(place: np.ndarray, frame) -> np.ndarray:
    from astropy.coordinates import ICRS, SkyCoord

    moved = SkyCoord(*place.T, unit="deg", frame=frame).transform_to(ICRS())
    return np.stack([moved.ra.deg, moved.dec.deg], axis=1)


def _from_icrs(sky: np.ndarray, frame) -> np.ndarray:
    from astropy.coordinates import SkyCoord

    moved = SkyCoord(*sky.T, unit="deg").transform_to(frame).spherical
    return np.stack([moved.lon.deg, moved.lat.deg], axis=1)
