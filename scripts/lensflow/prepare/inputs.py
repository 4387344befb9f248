"""From flux to what encoders see: binned to the preset's size, on a scale."""

import numpy as np

from lensflow.prepare import scaling
from lensflow.prepare.binning import bin_images, binned_noise


def prepare_images(
    flux: np.ndarray, sky_sigma: np.ndarray, scale: str, image_size: int
) -> np.ndarray:
    """Bin and scale images.

    Parameters
    ----------
    flux : ndarray of shape (n_images, side, side)
        Flux; (n_images, n_bands, side, side) of several bands, which are scaled each by itself.
    sky_sigma : ndarray of shape (n_images,)
        Noise of the sky in the unit of ``flux``; (n_images, n_bands) of several bands.
    scale : str
        Which of `lensflow.prepare.scaling.SCALES`.
    image_size : int
        Side of the result, in pixels.

    Returns
    -------
    ndarray of shape (n_images, image_size, image_size), float32
        Images on that scale, with bands as ``flux`` has them.
    """
    sigma = binned_noise(sky_sigma, flux.shape[-1], image_size)
    return scaling.scale(bin_images(flux, image_size), sigma, scale)


def smaller(images: np.ndarray, scale: str, image_size: int) -> np.ndarray:
    """Bin images that are on a scale already, and compress their range of flux.

    Parameters
    ----------
    images : ndarray of shape (n_images, side, side)
        What `prepare_images` returns.
    scale : str
        Which of `lensflow.prepare.scaling.SCALES`.
    image_size : int
        Side of the result, in pixels.

    Returns
    -------
    ndarray of shape (n_images, image_size, image_size), float32
        In [0, 1] where the scale is stretched, else `lensflow.prepare.scaling.compressed` from
        units of the noise of a binned pixel.
    """
    binned = bin_images(images, image_size)
    if not scaling.SCALES[scale].is_stretched:
        binned = binned / binned_noise(np.ones(1), images.shape[-1], image_size)
    return scaling.compressed(binned, scale)


def channels_last(images: np.ndarray) -> np.ndarray:
    """Return images (n, y, x) or (n, band, y, x) as (n, y, x, channel), float32."""
    images = np.asarray(images, "float32")
    return images[..., None] if images.ndim == 3 else np.moveaxis(images, 1, -1)
