"""Images as they were read, centre on centre in frames of one size; nothing is measured yet.

Images are float32 arrays [row=y, col=x] in AB maggies (magnitude zero point 0), or in the file's
counts where no zero point is known: every scale is free of the unit. A missing pixel is NaN.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest.sky import BORDER


@dataclass
class Frames:
    """Images as they were read: flux with NaN where it is missing, nothing measured yet.

    Attributes
    ----------
    flux : ndarray of shape (n, size, size), float32
    problems : dict of int to str
        Why an image cannot be used, by its place.
    stamps : dict of int to ndarray
        Images that are smaller than their frame, by their place: their sky is in their own border.
    inside : dict of int to ndarray of shape (size, size), bool
        What an image covers of its frame, where that is not all.
    noise : ndarray of shape (n,)
        Sky noise by a noise map, in the unit of the flux; NaN where there is no map.
    headers : ndarray of shape (n, 8)
        As in `Batch`.
    doubts : dict of int to str
        Why an image cannot be used, should nothing else be wrong with it.
    shapes : ndarray of shape (n, 2), int
        Height and width of what was read; 0 where nothing was.
    """

    flux: np.ndarray
    problems: dict[int, str]
    stamps: dict[int, np.ndarray]
    inside: dict[int, np.ndarray]
    noise: np.ndarray
    headers: np.ndarray
    doubts: dict[int, str]
    shapes: np.ndarray


def empty_frames(n: int, size: int) -> Frames:
    """Return frames for n images, to be filled."""
    flux = np.empty((n, size, size), np.float32)
    unknown = np.full(n, np.nan), np.full((n, 8), np.nan)
    return Frames(flux, {}, {}, {}, *unknown, {}, np.zeros((n, 2), int))


def put_image(frames: Frames, row: int, pixels: np.ndarray, factor: np.float32) -> None:
    """Put an image into its frame, centre on centre.

    Parameters
    ----------
    frames : Frames
    row : int
    pixels : ndarray of shape (height, width)
    factor : float
        Flux of one count.

    Raises
    ------
    CutoutError
        When the image is too small.
    """
    size = frames.flux.shape[1]
    with np.errstate(over="ignore"):
        image = native(checked_shape(pixels)) * factor
    image[~np.isfinite(image)] = np.nan
    frames.flux[row] = framed(image, size)
    if min(pixels.shape) < size:
        frames.stamps[row], frames.inside[row] = image, covered(pixels.shape, size)


def framed(image: np.ndarray, size: int) -> np.ndarray:
    """Cut or place ``image`` in a square of NaN, centre on centre."""
    framed = np.full((size, size), np.nan, np.float32)
    (to_y, from_y), (to_x, from_x) = (_overlap(length, size) for length in image.shape)
    framed[to_y, to_x] = native(image[from_y, from_x])
    return framed


def shown_part(image: np.ndarray, size: int) -> np.ndarray:
    """Return what of an image `framed` shows."""
    return image[tuple(_overlap(length, size)[1] for length in image.shape)]


def covered(shape: Iterable[int], size: int) -> np.ndarray:
    """Say which pixels of the square of `framed` an image of ``shape`` covers."""
    inside = np.zeros((size, size), bool)
    inside[tuple(_overlap(length, size)[0] for length in shape)] = True
    return inside


def _overlap(length: int, size: int) -> tuple[slice, slice]:
    """Return where pixels go and where they come from along one axis."""
    shift = size // 2 - length // 2
    start, stop = max(0, shift), min(size, length + shift)
    return slice(start, stop), slice(start - shift, stop - shift)


def native(pixels: np.ndarray) -> np.ndarray:
    """Return a new float32 array in the machine's byte order; what overflows becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels.astype(np.float32)


def checked_shape(pixels: np.ndarray) -> np.ndarray:
    """Return an image that has a border to measure the sky in; others raise `CutoutError`."""
    if pixels.ndim != 2 or min(pixels.shape) <= 2 * BORDER:
        raise CutoutError(
            f"the image has shape {pixels.shape}; two dimensions of more than {2 * BORDER} pixels "
            "were expected"
        )
    return pixels
