"""The sky of a cutout: its level and noise, measured in the quiet half of the border.

A ring or a neighbour may cover much of the border. The border is cut into short segments, and the
half of them with the lowest medians is kept (corners, when a ring fills the image). The deviations
of their pixels from their own segment's median, which a smooth gradient does not widen, go through
a 3-sigma-clipped median absolute deviation. For Gaussian noise a segment's median and its scatter
are independent, so choosing by the median does not bias sigma. Missing pixels (NaN) are ignored.
Everything works on many images at once: sorting whole rows is what makes it fast.
"""

import functools

import numpy as np

BORDER = 5
SEGMENT_LENGTH = 12
CLIP_SIGMAS = 3.0
CLIP_ROUNDS = 3
MAD_TO_SIGMA = np.float32(1.482602218505602)
# What clipping at 3 sigma takes off a Gaussian's MAD, and what subtracting the median of a segment
# of n pixels takes off (this over n); the second measured on white noise for n = 48 to 96.
CLIP_LOSS, MEDIAN_LOSS = 0.004, 1.15


def sky_statistics(images: np.ndarray, border: int = BORDER) -> tuple[np.ndarray, np.ndarray]:
    """Measure the sky of each image.

    Parameters
    ----------
    images : ndarray of shape (n, height, width)
        Flux in any unit, NaN where missing; both sides longer than twice the border.
    border : int
        Width of the border (pixels).

    Returns
    -------
    level, sigma : ndarray of shape (n,), float32
        Median and standard deviation of the sky, in the unit of the images; NaN where the border
        holds no pixel. The level is low by about 0.1 sigma, as quiet segments were chosen.
    """
    segments, medians = _quiet_segments(np.asarray(images, dtype=np.float32), border)
    correction = np.float32((1 + CLIP_LOSS) * (1 + MEDIAN_LOSS / segments.shape[2]))
    segments -= medians[:, :, None]
    deviations = np.abs(segments, out=segments).reshape(len(images), -1)
    deviations.sort(axis=1)
    return sorted_median(np.sort(medians, axis=1)), correction * _clipped_scale(deviations)


def sky_sigma(image: np.ndarray, border: int = BORDER) -> float:
    """Return the standard deviation of the sky of one image, in its unit; see `sky_statistics`."""
    return float(sky_statistics(image[None], border)[1][0])


def _quiet_segments(images: np.ndarray, border: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the quieter half of the segments (n, n_segments // 2, length) and their medians."""
    index = segment_index(*images.shape[1:], border)
    segments = images.reshape(len(images), -1)[:, index]
    segments.sort(axis=2)
    medians = sorted_median(segments)
    quiet = np.argsort(medians, axis=1, kind="stable")[:, : max(1, len(index) // 2)]
    rows = np.arange(len(images))[:, None]
    return segments[rows, quiet], medians[rows, quiet]


def _clipped_scale(deviations: np.ndarray) -> np.ndarray:
    """Return the sigma-clipped scale of rows of absolute deviations, sorted, NaN last."""
    sigma = MAD_TO_SIGMA * sorted_median(deviations)
    for _ in range(CLIP_ROUNDS):
        kept = _count_within(deviations, CLIP_SIGMAS * sigma[:, None])
        sigma = MAD_TO_SIGMA * _median_of_first(deviations, kept)
    return sigma


def _count_within(rows: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return how many values of each sorted row are at most its limit; NaN, which is last, is not.

    Of Gaussian noise nearly all values are, so that the largest eighth is mostly enough to look at.
    """
    start = rows.shape[1] - rows.shape[1] // 8
    if not (rows[:, start - 1 : start] <= limit).all():
        start = 0
    return start + np.sum(rows[:, start:] <= limit, axis=1)


@functools.lru_cache(maxsize=64)
def segment_index(height: int, width: int, border: int) -> np.ndarray:
    """Return the flat indices of the border's pixels, one row a segment of equal size.

    The border is four strips, each beginning at one corner and ending before the next.
    """
    if min(height, width) <= 2 * border:
        raise ValueError(f"{height} x {width} pixels have no inside beyond a border of {border}")
    pixels = np.arange(height * width).reshape(height, width)
    strips = [np.rot90(pixels, turn)[:border, :-border] for turn in range(4)]
    length = segment_length(height, width, border)
    parts = [
        strip[:, start : start + length].ravel()
        for strip in strips
        for start in range(0, strip.shape[1] - length + 1, length)
    ]
    return np.array(parts)


def segment_length(height: int, width: int, border: int) -> int:
    """Return the length of a segment along the border (pixels)."""
    return min(SEGMENT_LENGTH, min(height, width) - border)


def sorted_median(values: np.ndarray) -> np.ndarray:
    """Return the median over the last, sorted axis; NaN comes last there and does not count."""
    length = values.shape[-1]
    if not np.isnan(values[..., -1]).any():
        return (values[..., (length - 1) // 2] + values[..., length // 2]) / np.float32(2)
    rows = values.reshape(-1, length)
    count = np.sum(~np.isnan(rows), axis=1)
    return _median_of_first(rows, count).reshape(values.shape[:-1])


def _median_of_first(rows: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the median of the first ``count`` values of each sorted row, NaN when it is 0."""
    number = np.arange(len(rows))
    low = rows[number, np.maximum(count - 1, 0) // 2]
    high = rows[number, count // 2]
    return np.where(count > 0, (low + high) / np.float32(2), np.float32(np.nan))
