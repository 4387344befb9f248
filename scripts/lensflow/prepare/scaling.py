"""From flux to the networks' input: units of the sky noise, a scale, the range [0, 1]."""

from collections.abc import Callable

import numpy as np

from lensflow.errors import ConfigError

# One logarithm for the whole range of peak fluxes (15 to 500 sky sigmas in the challenge's
# images): the knee lies at LOG_KNEE sky sigmas, so that pixels of pure sky stay near zero.
LOG_KNEE = 4.0


def _linear(flux_in_sigma: np.ndarray) -> np.ndarray:
    return flux_in_sigma


def _log(flux_in_sigma: np.ndarray) -> np.ndarray:
    return np.log10(1 + np.maximum(flux_in_sigma, 0) / LOG_KNEE)


SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"linear": _linear, "log": _log}


def scale(flux: np.ndarray, sky_sigma: np.ndarray, method: str) -> np.ndarray:
    """Scale images to [0, 1], each by itself.

    The paper trains on linear and on logarithmic images (section 3.2) and does not give its
    logarithm. Ours is ``log10(1 + max(f, 0) / (4 sigma))``: it depends on the flux in units of the
    image's sky noise alone, never on an absolute flux, and does not spend the range on the sky.

    Parameters
    ----------
    flux : ndarray of shape (n_images, size, size)
        Flux, in any unit.
    sky_sigma : ndarray of shape (n_images,)
        Standard deviation of each image's sky, in the unit of ``flux``. Only ``log`` needs it.
    method : {"linear", "log"}
        The scale.

    Returns
    -------
    ndarray of shape (n_images, size, size), float32
        Each image runs from 0 to 1; a constant image is 0 everywhere.

    Raises
    ------
    ConfigError
        If ``method`` is unknown.
    ValueError
        If the logarithm is asked for an image whose ``sky_sigma`` is not a positive number.
    """
    if method not in SCALES:
        raise ConfigError(f"Unknown scale {method!r}; expected one of {sorted(SCALES)}.")
    sigma = np.asarray(sky_sigma, dtype=np.float32)
    if method == "linear":
        return min_max(flux)
    if not (np.isfinite(sigma) & (sigma > 0)).all():
        raise ValueError(
            f"The scale {method!r} needs a positive sky noise for every image, but "
            f"{np.count_nonzero(~(sigma > 0))} of {sigma.size} have none. Images that are already "
            "denoised carry no sky: use the scale 'linear' for them."
        )
    return min_max(SCALES[method](np.asarray(flux, np.float32) / sigma[:, None, None]))


def min_max(images: np.ndarray) -> np.ndarray:
    """Stretch each image to [0, 1]; a constant image becomes zeros.

    Parameters
    ----------
    images : ndarray of shape (n_images, size, size)
        Finite values.

    Returns
    -------
    ndarray of shape (n_images, size, size), float32
        ``(image - min) / (max - min)`` of each image.
    """
    images = np.asarray(images, dtype=np.float32)
    low = images.min(axis=(1, 2), keepdims=True)
    span = images.max(axis=(1, 2), keepdims=True) - low
    return (images - low) / np.where(span > 0, span, 1)


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
    images : ndarray of shape (n_images, side, side)
        Images (mean surface brightness is kept).
    size : int
        Side of the result; ``side`` returns the images as they are.

    Returns
    -------
    ndarray of shape (n_images, size, size), float32
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
