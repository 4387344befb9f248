"""The smooth light of a galaxy: elliptical rings around its centre, each with one brightness.

What an arc or a companion adds stands out where that light is subtracted. The brightness of a ring
is the median of its pixels, so that what covers less than half of a ring does not enter.
"""

from typing import NamedTuple

import numpy as np

WINDOW_PX = 6.0
"""Standard deviation of the Gaussian window in which centre and shape are measured (pixels)."""

ITERATIONS = 4
LARGEST_SHIFT_PX = 3.0
"""A centre farther from the middle of the image is another object's."""

LEAST_RATIO = 0.3


class SymmetricLight(NamedTuple):
    """The symmetric model of one image of ``size`` pixels a side.

    Attributes
    ----------
    x, y : float
        Centre: column and row, pixels.
    axis_ratio : float
        Minor over major axis of the rings, in [0.3, 1].
    angle : float
        Direction of the major axis from the columns' towards the rows', radians.
    profile : numpy.ndarray of shape (size // 2 + 1,)
        Brightness of the rings at the radii 0, 1, 2... pixels, in the unit of the image; between
        them it is linear, and beyond the last it stays.
    """

    x: float
    y: float
    axis_ratio: float
    angle: float
    profile: np.ndarray


def symmetric_light(image: np.ndarray) -> SymmetricLight:
    """Return the symmetric model of an image.

    Parameters
    ----------
    image : ndarray of shape (size, size)
        Finite, of any unit, the galaxy in the middle.

    Returns
    -------
    SymmetricLight
    """
    x, y, axis_ratio, angle = _shape(image)
    radius = elliptical_radius(image.shape[0], x, y, axis_ratio, angle)
    return SymmetricLight(x, y, axis_ratio, angle, _ring_medians(image, radius))


def elliptical_radius(size: int, x: float, y: float, axis_ratio: float, angle: float) -> np.ndarray:
    """Return the radius of the ring of every pixel: the geometric mean of the ring's half axes.

    Parameters
    ----------
    size : int
        Side of the image (pixels).
    x, y, axis_ratio, angle : float
        See `SymmetricLight`.

    Returns
    -------
    ndarray of shape (size, size)
        Pixels.
    """
    rows, columns = np.mgrid[:size, :size]
    along = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
    across = (rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)
    return np.sqrt(along**2 * axis_ratio + across**2 / axis_ratio)


def _ring_medians(image: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return the median of the pixels of each ring, one pixel wide; an empty one repeats."""
    n_rings = image.shape[0] // 2 + 1
    rings = np.rint(radius).astype(int).ravel()
    order = np.argsort(rings, kind="stable")
    edges = np.searchsorted(rings[order], np.arange(n_rings + 1))
    sorted_pixels, profile = image.ravel()[order], np.zeros(n_rings)
    for ring in range(n_rings):
        pixels = sorted_pixels[edges[ring] : edges[ring + 1]]
        profile[ring] = np.median(pixels) if pixels.size else profile[max(ring - 1, 0)]
    return profile


def _shape(image: np.ndarray) -> tuple[float, float, float, float]:
    """Return centre, axis ratio and angle from moments in a Gaussian window.

    The window narrows the moments: of a Gaussian galaxy with the moments M the windowed ones are
    (1/M + 1/W)^-1, which is undone.
    """
    size = image.shape[0]
    rows, columns = np.mgrid[:size, :size]
    middle = (size - 1) / 2
    x = y = middle
    flux = np.maximum(image - np.median(image), 0)
    moments = np.eye(2)
    for _ in range(ITERATIONS):
        window = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * WINDOW_PX**2))
        weight = flux * window
        total = weight.sum()
        if total <= 0:
            return middle, middle, 1.0, 0.0
        x, y = (weight * columns).sum() / total, (weight * rows).sum() / total
        offset = np.stack([columns - x, rows - y]).reshape(2, -1)
        moments = (weight.ravel() * offset) @ offset.T / total
    if np.hypot(x - middle, y - middle) > LARGEST_SHIFT_PX:
        x = y = middle
    return (float(x), float(y), *_axes(moments))


def _axes(moments: np.ndarray) -> tuple[float, float]:
    """Return axis ratio and angle of windowed second moments (pixels squared)."""
    values, vectors = np.linalg.eigh(moments)
    inverse = 1 / np.maximum(values, 1e-3) - 1 / WINDOW_PX**2
    values = 1 / np.maximum(inverse, 1e-3)
    ratio = np.sqrt(values[0] / values[1])
    return float(np.clip(ratio, LEAST_RATIO, 1.0)), float(np.arctan2(*vectors[::-1, 1]))
