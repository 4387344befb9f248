"""Real noise: what a noise map says of the sky, and how much neighbouring pixels have in common.

The pixels of a resampled mosaic share noise with their neighbours: their scatter is smaller than
the noise of independent pixels, which is what its RMS map holds. Where there is a map, the sky
noise of an image is the median of the map in the image's border, so that of independent pixels;
else it is the scatter of the pixels (`lensflow.ingest.sky`), which is the same for white noise.
"""

import numpy as np

from lensflow.ingest.sky import (
    BORDER,
    CLIP_SIGMAS,
    MAD_TO_SIGMA,
    segment_index,
    segment_length,
    sorted_median,
)

MEDIAN_SHARE = 0.5
"""What subtracting the median of n pixels of white noise takes off their correlation, times n."""


def noise_of_maps(maps: np.ndarray, border: int = BORDER) -> np.ndarray:
    """Return the sky noise by noise maps.

    Parameters
    ----------
    maps : ndarray of shape (n, side, side)
        Noise of each pixel, NaN where it has no value.
    border : int
        Width of the border that is looked at, in pixels.

    Returns
    -------
    ndarray of shape (n,)
        Median of the border; NaN where it has no value at all.
    """
    ring = np.ones(maps.shape[1:], bool)
    ring[border:-border, border:-border] = False
    values = np.sort(maps[:, ring], axis=1)
    return sorted_median(values)


def neighbour_correlation(images: np.ndarray, border: int = BORDER) -> np.ndarray:
    """Measure how much noise neighbouring pixels share, in the quiet half of the border.

    Parameters
    ----------
    images : ndarray of shape (n, height, width)
        Flux in any unit, NaN where missing.
    border : int
        Width of the border, in pixels.

    Returns
    -------
    ndarray of shape (n,), float32
        Mean correlation coefficient of pixels beside each other, along the border; 0 for white
        noise, and NaN where there is nothing to measure. One of an image of 101 pixels is uncertain
        by about 0.03.
    """
    index = segment_index(*images.shape[1:], border)
    segments = np.asarray(images, np.float32).reshape(len(images), -1)[:, index]
    medians = sorted_median(np.sort(segments, axis=2))
    quiet = np.argsort(medians, axis=1, kind="stable")[:, : max(1, len(index) // 2)]
    rows = np.arange(len(images))[:, None]
    residuals = segments[rows, quiet] - medians[rows, quiet][:, :, None]
    return _correlation(_clipped(residuals), segment_length(*images.shape[1:], border))


def _clipped(residuals: np.ndarray) -> np.ndarray:
    """Return residuals (n, segments, pixels) with those beyond `CLIP_SIGMAS` as NaN."""
    flat = np.sort(np.abs(residuals).reshape(len(residuals), -1), axis=1)
    limit = CLIP_SIGMAS * MAD_TO_SIGMA * sorted_median(flat)
    return np.where(np.abs(residuals) <= limit[:, None, None], residuals, np.float32(np.nan))


def _correlation(residuals: np.ndarray, length: int) -> np.ndarray:
    n, n_segments, n_pixels = residuals.shape
    strips = residuals.reshape(n, n_segments, n_pixels // length, length)
    products = strips[..., 1:] * strips[..., :-1]
    squares = strips**2
    count = np.sum(np.isfinite(products), axis=(1, 2, 3))
    number = np.sum(np.isfinite(squares), axis=(1, 2, 3))
    is_known = (count > 0) & (number > 0)
    covariance = np.nansum(products, axis=(1, 2, 3)) / np.maximum(count, 1)
    variance = np.nansum(squares, axis=(1, 2, 3)) / np.maximum(number, 1)
    ratio = covariance / np.where(variance > 0, variance, np.nan) + MEDIAN_SHARE / n_pixels
    return np.where(is_known, ratio, np.nan).astype(np.float32)
