"""How arc-like an image is: the brightest piece of a ring about its centre, no label and no fit.

A lensed source shows as an arc: bright over a part of a ring, while the galaxy in the middle is
nearly as bright all around. So each ring about the central pixel is compared with its own median.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from lensflow.errors import ConfigError
from lensflow.prepare.polar_grid import N_ANGLES, N_RINGS, RING_EDGES_PX, polar_matrix
from lensflow.prepare.views import SIDE

KNEE = 3.0
"""Of the inverse hyperbolic sine, sky sigma: what is brighter counts by its logarithm."""

SMOOTHING_PX = 1.0
"""Standard deviation of the Gaussian that images are smoothed by."""

ARC_ANGLES = 16
"""Brightest cells of a ring that are averaged: a quarter of it."""

FROM_PX = 4
"""Inner edge of the first ring: what is nearer is the galaxy in the middle."""

OUTER_PX = 28
"""Inner edge of the rings whose scatter is the unit: mostly sky and neighbours."""

_BEYOND = RING_EDGES_PX[:-1] >= FROM_PX
_OUTER = RING_EDGES_PX[:-1] >= OUTER_PX


def arc_statistic(images: np.ndarray) -> np.ndarray:
    """Return how much the brightest quarter of a ring outshines the ring, at its best ring.

    The inverse hyperbolic sine of ``f / 3`` is smoothed and averaged in the cells of the polar
    grid; each ring loses its median; the unit is the median absolute deviation of the outer rings.
    Of each ring beyond 4 px the 16 brightest of 64 cells are averaged, and the largest of these
    means is the statistic.

    Parameters
    ----------
    images : ndarray of shape (n, 101, 101)
        In units of their sky noise; finite.

    Returns
    -------
    ndarray of shape (n,), float64
        At least 0; the same, up to rounding, for the eight orientations of an image. 0 where the
        outer rings have no scatter, as in a blank image.

    Raises
    ------
    ConfigError
        When the images have another size.
    """
    if np.ndim(images) != 3 or np.shape(images)[1:] != (SIDE, SIDE):
        raise ConfigError(
            f"arcs are looked for in cutouts (n, {SIDE}, {SIDE}), received the shape "
            f"{np.shape(images)}; give them as ingestion stores them, before binning"
        )
    compressed = np.arcsinh(np.asarray(images, dtype=np.float64) / KNEE)
    smooth = gaussian_filter(compressed, (0, SMOOTHING_PX, SMOOTHING_PX))
    rings = (polar_matrix() @ smooth.reshape(len(images), SIDE**2).T).T
    rings = rings.reshape(len(images), N_RINGS, N_ANGLES)
    above = rings - np.median(rings, axis=2, keepdims=True)
    unit = np.median(np.abs(above[:, _OUTER]), axis=(1, 2))
    brightest = np.partition(above[:, _BEYOND], N_ANGLES - ARC_ANGLES, axis=2)[..., -ARC_ANGLES:]
    best = brightest.mean(axis=2).max(axis=1)
    return np.divide(best, unit, out=np.zeros(len(best)), where=unit > 0)
