"""Larger pixels for smaller networks, by area, and what becomes of the noise."""

import numpy as np

from lensflow.errors import ConfigError


def bin_matrix(size: int, binned: int) -> np.ndarray:
    """Return the matrix that averages ``size`` pixels into ``binned`` equal ones, by area.

    Parameters
    ----------
    size, binned : int
        Pixels along one side, before and after; ``binned <= size``.

    Returns
    -------
    ndarray of shape (binned, size), float32
        Each row holds the share of every pixel in one new pixel and sums to 1.
    """
    edges = np.linspace(0, size, binned + 1)
    low = np.maximum(edges[:-1, None], np.arange(size))
    high = np.minimum(edges[1:, None], np.arange(1, size + 1))
    shares = np.maximum(high - low, 0)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def bin_images(images: np.ndarray, size: int) -> np.ndarray:
    """Average images into ``size`` x ``size`` pixels, weighted by area.

    101 pixels do not halve evenly; weighting by area keeps the image centred, so that binning
    and quarter turns commute.

    Parameters
    ----------
    images : ndarray of shape (..., side, side)
        Images (mean surface brightness is kept).
    size : int
        Side of the result; ``side`` returns the images as they are.

    Returns
    -------
    ndarray of shape (..., size, size), float32
        The binned images.
    """
    images = np.asarray(images, dtype=np.float32)
    side = images.shape[-1]
    if size == side:
        return images
    if size > side:
        raise ConfigError(
            f"A preset with image_size {size} cannot use images of {side} pixels; "
            f"expected image_size <= {side}."
        )
    matrix = bin_matrix(side, size)
    return matrix @ images @ matrix.T


def binned_noise(sky_sigma: np.ndarray, side: int, size: int) -> np.ndarray:
    """Return the noise of a binned pixel of white sky (root mean square over the pixels).

    Parameters
    ----------
    sky_sigma : ndarray of shape (n_images,)
        Noise of a native pixel.
    side, size : int
        Pixels along one side, before and after.

    Returns
    -------
    ndarray of shape (n_images,), float32
        ``sky_sigma`` times the mean over one axis of the sum of squared shares.
    """
    factor = np.mean(np.sum(bin_matrix(side, size) ** 2, axis=1))
    return np.asarray(sky_sigma, dtype=np.float32) * np.float32(factor)
