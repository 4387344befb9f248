"""Images on another grid of pixels, by cubic splines, with their surface brightness kept.

A pixel holds the flux of its own area, so that a value grows with the area of its pixel, and noise
of independent pixels with the root of that area. Where the new pixels are larger, the mean of
several points in each is taken.
"""

import numpy as np

SAME_SCALE = 1e-3
"""Relative difference below which two pixel scales are the same: 0.1 pixels over 100."""
ORDER = 3
MISSING_SHARE = 0.01
"""Of a resampled pixel: from here on it is missing."""


def resample(
    pixels: np.ndarray,
    affine: np.ndarray,
    centre: np.ndarray,
    size: int,
    inside: tuple[slice, slice] | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Bring an image to a square grid.

    Parameters
    ----------
    pixels : ndarray of shape (height, width)
        NaN where missing.
    affine : ndarray of shape (2, 2)
        From steps of the new grid, x and y, to pixels of the image.
    centre : ndarray of shape (2,)
        Where in the image, x and y, the central pixel of the new grid is (size // 2 from 0).
    size : int
        Side of the new grid.
    inside : (slice, slice), optional
        Rows and columns that have an image; None: all that is looked at.

    Returns
    -------
    flux : ndarray of shape (size, size), float32
        NaN where missing.
    covered : ndarray of shape (size, size), bool, or None
        Where the image is, by any part of a pixel; None without ``inside``.
    """
    # The rules read the kinds of datasets, and these this, whenever Snakemake starts.
    from scipy import ndimage

    area = abs(np.linalg.det(affine))
    n_parts = int(np.ceil(np.sqrt(area) - SAME_SCALE))
    points = _grid(affine, centre, size, n_parts)
    is_bad = np.isnan(pixels)
    known = np.where(is_bad, np.float32(0), pixels)
    flux = _averaged(ndimage.map_coordinates(known, points, order=ORDER, mode="nearest"), n_parts)
    bad = ndimage.map_coordinates(is_bad.astype("f4"), points, order=1, mode="nearest")
    flux = (flux * area).astype(np.float32)
    flux[_averaged(bad, n_parts) > MISSING_SHARE] = np.nan
    covered = None if inside is None else _covered(points, inside, n_parts)
    if covered is not None:
        flux[~covered] = np.nan
    return flux, covered


def _grid(affine: np.ndarray, centre: np.ndarray, size: int, n_parts: int) -> np.ndarray:
    """Return (y, x) in the image of the parts of the new pixels: (2, size n, size n)."""
    offsets = (np.arange(size * n_parts) + 0.5) / n_parts - 0.5 - size // 2
    x, y = np.meshgrid(offsets, offsets)
    moved = np.einsum("ij,jkl->ikl", affine, np.stack([x, y])) + centre[:, None, None]
    return moved[::-1]


def _averaged(values: np.ndarray, n_parts: int) -> np.ndarray:
    side = len(values) // n_parts
    return values.reshape(side, n_parts, side, n_parts).mean(axis=(1, 3))


def _covered(points: np.ndarray, inside: tuple[slice, slice], n_parts: int) -> np.ndarray:
    """Return which new pixels the image covers with any of their parts."""
    within = [
        (axis >= part.start - 0.5) & (axis < part.stop - 0.5)
        for axis, part in zip(points, inside, strict=True)
    ]
    return _averaged((within[0] & within[1]).astype(float), n_parts) > 0
