"""The polar grid of a cutout and the Fourier magnitudes of its rings, the same for any orientation.

An image becomes the logarithm of its mean flux in the cells of a polar grid about the central
pixel, and each ring of cells the magnitudes of its lowest Fourier orders, which a rotation by a
multiple of the step of the grid, or a mirror image, leaves as they are. The grid is built from one
octant by symmetry, so that for the eight orientations of a square image the magnitudes agree up to
rounding.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from lensflow.prepare.views import SIDE

if TYPE_CHECKING:
    from scipy.sparse import csr_array

RING_EDGES_PX = np.array([*range(11), *range(12, 23, 2), *range(25, 35, 3), *range(38, 51, 4)])
"""Edges of the rings, pixels from the centre of the central pixel."""

PIXEL_ARCSEC = 0.1
"""Side of a pixel; it sets the unit of the rings' normalisation and so a common factor only."""

N_RINGS = len(RING_EDGES_PX) - 1
N_ANGLES = 64
N_ORDERS = 9
"""Fourier orders 0 to 8 of each ring."""

N_INPUTS = N_RINGS * N_ORDERS

KNEE = 2.0
"""Of the logarithm of a cell's mean flux, sky sigma a pixel."""

_RADIAL_SAMPLES, _ANGULAR_SAMPLES = 4, 5
_CENTRE = SIDE // 2
_OCTANT = np.arange(N_ANGLES // 8 + 1)
_RADIUS_ARCSEC = (RING_EDGES_PX[1:] + RING_EDGES_PX[:-1]) / 2 * PIXEL_ARCSEC
_RING_NORM = (1 / (N_ANGLES * _RADIUS_ARCSEC**0.25)).astype(np.float32)[:, None]


@cache
def polar_matrix() -> "csr_array":
    """Return the matrix from flat images to the mean flux of each cell of the polar grid.

    Cell ``ring * N_ANGLES + j`` is centred on the angle ``2 pi j / N_ANGLES`` from the x axis
    (columns) towards the y axis (rows), and is sampled bilinearly at 4 radii and 5 angles, weighted
    by the area that each sample stands for. A quarter turn of the image by `numpy.rot90` moves the
    cells of a ring by 16, a mirror image takes j to -j, and the weights move with them exactly.

    Returns
    -------
    scipy.sparse.csr_array of shape (N_RINGS * N_ANGLES, SIDE * SIDE), float32
        Each row sums to 1.
    """
    # The configuration is checked with the sizes above whenever Snakemake starts.
    from scipy.sparse import coo_array

    ring, angle, y, x, weight = _octant_cells()
    # Cells on an axis or a diagonal come twice, from either side; their halves are added.
    weight = np.where(angle % _OCTANT[-1] == 0, weight / 2, weight)
    parts = []
    for swapped in (False, True):
        for _ in range(4):
            parts.append((ring, angle % N_ANGLES, y, x))
            angle, y, x = angle + N_ANGLES // 4, x, -y
        if not swapped:
            angle, y, x = N_ANGLES // 4 - angle, x, y
    ring, angle, y, x = (np.concatenate(column) for column in zip(*parts, strict=True))
    cells, pixels = ring * N_ANGLES + angle, (y + _CENTRE) * SIDE + x + _CENTRE
    shape = (N_RINGS * N_ANGLES, SIDE * SIDE)
    matrix = coo_array((np.tile(weight, 8), (cells, pixels)), shape=shape).tocsr()
    return matrix.astype(np.float32)


def _octant_cells() -> tuple[np.ndarray, ...]:
    """Return ring, angle, y and x from the central pixel, and weight, of the angles 0 to 45 deg."""
    from scipy.sparse import coo_array

    edges = RING_EDGES_PX.astype(float)
    inside = (np.arange(_RADIAL_SAMPLES) + 0.5) / _RADIAL_SAMPLES
    radius = edges[:-1, None] + inside * np.diff(edges)[:, None]
    across = (np.arange(_ANGULAR_SAMPLES) + 0.5) / _ANGULAR_SAMPLES - 0.5
    theta = 2 * np.pi / N_ANGLES * (_OCTANT[:, None] + across)
    area = (radius / radius.sum(axis=1, keepdims=True) / _ANGULAR_SAMPLES)[:, None, :, None]
    x, y = (radius[:, None, :, None] * f(theta)[None, :, None, :] for f in (np.cos, np.sin))
    ring, angle = np.ogrid[:N_RINGS, : len(_OCTANT)]
    cell = np.broadcast_to((ring * len(_OCTANT) + angle)[:, :, None, None], x.shape)
    area = np.broadcast_to(area, x.shape)
    cells, pixels, weights = zip(*_bilinear(x, y, cell, area), strict=True)
    # One weight a cell and pixel, so that no sum depends on the order of the octants later.
    shape = (N_RINGS * len(_OCTANT), SIDE * SIDE)
    rows = (np.concatenate(cells), np.concatenate(pixels))
    summed = coo_array((np.concatenate(weights), rows), shape=shape).tocsr().tocoo()
    cell, pixel = (index.astype(np.int64) for index in summed.coords)
    y, x = (place - _CENTRE for place in divmod(pixel, SIDE))
    return (*divmod(cell, len(_OCTANT)), y, x, summed.data)


def _bilinear(x, y, cell, area) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield cell, flat pixel and weight of the four pixels around each sample."""
    left, below = np.floor(x).astype(int), np.floor(y).astype(int)
    for right in (0, 1):
        for above in (0, 1):
            share = abs(1 - right - (x - left)) * abs(1 - above - (y - below))
            pixel = (below + above + _CENTRE) * SIDE + left + right + _CENTRE
            yield cell.ravel(), pixel.ravel(), (share * area).ravel()


def ring_flux(images: np.ndarray) -> np.ndarray:
    """Return the mean flux in each cell of the polar grid.

    Parameters
    ----------
    images : ndarray of shape (n, 101, 101)
        Finite. All are in memory at once, and some 6 kB more of each.

    Returns
    -------
    ndarray of shape (n, 24, 64), float32
        In the units of the images.
    """
    columns = np.ascontiguousarray(images.reshape(len(images), -1).T, dtype=np.float32)
    flux = np.ascontiguousarray((polar_matrix() @ columns).T)
    return flux.reshape(-1, N_RINGS, N_ANGLES)


def compressed(flux: np.ndarray) -> np.ndarray:
    """Return ``log10(1 + max(f, 0) / 2)`` of fluxes in units of the sky noise."""
    return np.log10(1 + np.maximum(flux, 0) / np.float32(KNEE))


def magnitudes(images: np.ndarray) -> np.ndarray:
    """Return the Fourier magnitudes of the rings of images.

    Parameters
    ----------
    images : ndarray of shape (n, 101, 101) or (n, n_bands, 101, 101)
        In units of their sky noise; finite. All are in memory at once, and some 20 kB more of each.

    Returns
    -------
    ndarray of shape (n, 216) or (n, n_bands * 216), float32
        For each band, and each of 24 rings, from the centre, orders 0 to 8 of
        ``log10(1 + max(f, 0) / 2)`` along the angle, over the 64 angles and the fourth root of the
        ring's mean radius (arcsec).
    """
    flux = ring_flux(images.reshape(-1, *images.shape[-2:]))
    orders = np.abs(np.fft.rfft(compressed(flux), axis=2)[:, :, :N_ORDERS])
    return (orders * _RING_NORM).astype(np.float32).reshape(len(images), -1)
