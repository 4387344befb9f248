"""What the light of a galaxy says of it: how bright, how concentrated, how elongated."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from lensflow.simulate.camera import Camera

INNER_ARCSEC, OUTER_ARCSEC = 0.5, 1.5
"""Radii of the concentration; the first is the width of the moments' weight too."""


class Shape(NamedTuple):
    """The galaxy in the centre of a cutout.

    Attributes
    ----------
    flux : float
        Flux within `OUTER_ARCSEC`, in the unit of the image.
    concentration : float
        Share of it within `INNER_ARCSEC`; 0 where there is no flux.
    axis_ratio, angle : float
        Minor over major axis, and the direction of the latter (radians from x towards y), from the
        second moments; 1 and 0 where noise leaves none.
    """

    flux: float
    concentration: float
    axis_ratio: float
    angle: float


def measure(image: np.ndarray, camera: Camera) -> Shape:
    """Measure the galaxy in the central pixel.

    The moments have a Gaussian weight, whose own width is then taken out again, which is exact for
    a Gaussian galaxy. The point-spread function stays in.

    Parameters
    ----------
    image : numpy.ndarray of shape (side, side)
        Flux without its sky, an odd number of pixels wide.
    camera : Camera
    """
    image = np.asarray(image, dtype=float)
    x, y = _offsets(len(image), camera)
    radius = np.hypot(x, y)
    flux = float(image[radius <= OUTER_ARCSEC].sum())
    inner = float(image[radius <= INNER_ARCSEC].sum())
    axis_ratio, angle = _ellipse(image, x, y)
    return Shape(flux, inner / flux if flux > 0 else 0.0, axis_ratio, angle)


@cache
def _offsets(side: int, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of every pixel from the central one, arcsec."""
    line = (np.arange(side) - side // 2) * camera.pixel_arcsec
    return np.broadcast_arrays(line[None, :], line[:, None])


def _ellipse(image, x, y):
    weighted = image * np.exp(-0.5 * (x**2 + y**2) / INNER_ARCSEC**2)
    total = weighted.sum()
    xx, xy, yy = (np.sum(weighted * product) for product in (x * x, x * y, y * y))
    if not (total > 0 and xx > 0 and yy > 0 and xx * yy > xy**2):
        return 1.0, 0.0
    seen = np.array([[xx, xy], [xy, yy]]) / total
    narrow, wide = np.linalg.eigvalsh(np.linalg.inv(seen) - np.eye(2) / INNER_ARCSEC**2)
    if narrow <= 0:
        return 1.0, 0.0
    return float(np.sqrt(narrow / wide)), float(0.5 * np.arctan2(2.0 * xy, xx - yy))


def most_lens_like(shapes: Sequence[Shape]) -> int:
    """Return which galaxy is the most concentrated among the brighter half.

    Lens galaxies are mostly massive ellipticals: bright and concentrated for what a cutout shows.

    Parameters
    ----------
    shapes : sequence of Shape
        At least one.
    """
    by_flux = sorted(range(len(shapes)), key=lambda place: -shapes[place].flux)
    brighter = by_flux[: (len(shapes) + 1) // 2]
    return max(brighter, key=lambda place: shapes[place].concentration)
