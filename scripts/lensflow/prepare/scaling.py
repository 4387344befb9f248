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


def scale(flux: np.ndarray, sky_sigma: np.ndarray, scale: str) -> np.ndarray:
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
    scale : {"linear", "log"}
        Which of `SCALES`.

    Returns
    -------
    ndarray of shape (n_images, size, size), float32
        Each image runs from 0 to 1; a constant image is 0 everywhere.

    Raises
    ------
    ConfigError
        If ``scale`` is unknown.
    ValueError
        If the logarithm is asked for an image whose ``sky_sigma`` is not a positive number.
    """
    if scale not in SCALES:
        raise ConfigError(f"Unknown scale {scale!r}; expected one of {sorted(SCALES)}.")
    sigma = np.asarray(sky_sigma, dtype=np.float32)
    if scale == "linear":
        return min_max(flux)
    if not (np.isfinite(sigma) & (sigma > 0)).all():
        raise ValueError(
            f"The scale {scale!r} needs a positive sky noise for every image, but "
            f"{np.count_nonzero(~(sigma > 0))} of {sigma.size} have none. Images that are already "
            "denoised carry no sky: use the scale 'linear' for them."
        )
    return min_max(SCALES[scale](np.asarray(flux, np.float32) / sigma[:, None, None]))


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
