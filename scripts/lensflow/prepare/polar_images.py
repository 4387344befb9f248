"""Images on the polar grid, and what of them is left without the galaxy: a network's channels.

A galaxy by itself looks the same after a turn by 180 degrees and after a reflection about its major
axis; arcs do not. The galaxy is taken from the image itself, by those symmetries, without a fit.
"""

from collections.abc import Callable

import numpy as np

from lensflow.prepare.polar_grid import N_ANGLES, RING_EDGES_PX, compressed, ring_flux

CHANNELS = 2
"""Of each band."""

WEIGHT_PX = 6.0
"""Standard deviation of the Gaussian that weights the moments from which the axis is found."""

RANK = 1
"""The galaxy is the second lowest of four: one that a neighbour brightens does not count."""

TURNS = (0, 2, 4, 6)
"""Steps of the grid by which images are turned for a mean; a network that halves the angles three
times is blind to turns by eight."""

_EDGES = RING_EDGES_PX.astype(float)
_RADIUS = (_EDGES[1:] + _EDGES[:-1]) / 2
_MOMENT = np.diff(_EDGES**2) * _RADIUS**2 * np.exp(-(_RADIUS**2) / (2 * WEIGHT_PX**2))
_SECOND = np.exp(4j * np.pi * np.arange(N_ANGLES) / N_ANGLES)


def double_axis(flux: np.ndarray) -> np.ndarray:
    """Return the position angle of the major axis, doubled, in steps of the grid.

    Parameters
    ----------
    flux : ndarray of shape (n, 24, 64)
        From `lensflow.prepare.polar_grid.ring_flux`.

    Returns
    -------
    ndarray of int, shape (n,)
        Of the weighted second moments. A reflection about the axis takes the cell ``j`` to the cell
        ``double_axis - j``.
    """
    moments = np.einsum("nra,r,a->n", flux.astype(np.float64), _MOMENT, _SECOND)
    return np.rint(np.angle(moments) / (2 * np.pi) * N_ANGLES).astype(int)


def symmetric_galaxy(flux: np.ndarray) -> np.ndarray:
    """Return a galaxy's own light: what an image has in common with its mirror images.

    Parameters
    ----------
    flux : ndarray of shape (n, 24, 64)
        From `lensflow.prepare.polar_grid.ring_flux`.

    Returns
    -------
    ndarray of shape (n, 24, 64)
        In each cell the second lowest of the image, the image turned by 180 degrees, reflected
        about its major axis, and both.
    """
    mirrored = (double_axis(flux)[:, None] - np.arange(N_ANGLES)) % N_ANGLES
    reflected = np.take_along_axis(flux, mirrored[:, None, :], axis=2)
    both = (flux, reflected)
    images = np.stack([*both, *(np.roll(image, N_ANGLES // 2, axis=2) for image in both)])
    return np.partition(images, RANK, axis=0)[RANK]


def polar_images(images: np.ndarray) -> np.ndarray:
    """Return images on the polar grid, with and without their galaxy.

    Parameters
    ----------
    images : ndarray of shape (n, 101, 101) or (n, n_bands, 101, 101)
        In units of their sky noise; finite.

    Returns
    -------
    ndarray of shape (n, 24, 64, 2), or 2 n_bands in place of 2, float32
        For each band logarithms (`lensflow.prepare.polar_grid.compressed`) of the flux, and of the
        flux less `symmetric_galaxy`. A quarter turn of an image moves its cells by 16 along the
        angle, a mirror image takes the cell j to -j; both up to rounding.
    """
    flux = ring_flux(images.reshape(-1, *images.shape[-2:]))
    channels = np.stack([compressed(flux), compressed(flux - symmetric_galaxy(flux))], axis=-1)
    if images.ndim == 3:
        return channels
    by_band = channels.reshape(*images.shape[:2], *channels.shape[1:])
    return np.concatenate(np.moveaxis(by_band, 1, 0), axis=-1)


def mean_over_turns(function: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Average what a function makes of polar images in sixteen orientations.

    Parameters
    ----------
    function : callable
        From polar images (n, 24, 64, channels) to an array of n rows.
    images : ndarray of shape (n, 24, 64, channels)
        From `polar_images`.

    Returns
    -------
    ndarray of n rows
        The mean over `TURNS`, of the images and of their mirror images. Where an eighth of a turn
        does not change the function, as three halvings of the angles see to, turns by a 32nd and
        reflections do not change the mean (up to rounding).
    """
    both = (images, mirrored(images))
    turned = (np.roll(side, step, axis=2) for side in both for step in TURNS)
    return sum(map(function, turned)) / np.float32(2 * len(TURNS))


def mirrored(images: np.ndarray) -> np.ndarray:
    """Return polar images (n, 24, 64, 2) of the mirror images: the cell j goes to -j."""
    return np.roll(images[:, :, ::-1], 1, axis=2)
