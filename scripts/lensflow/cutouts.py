"""Cutouts from FITS: which HDU, in which unit, fitted to one size, checked, with their sky noise.

Images are float32 arrays [row=y, col=x] in AB maggies (magnitude zero point 0). A missing pixel is
NaN until `fill_missing` draws sky noise in its place. What cannot be used raises `CutoutError`,
whose text is the reason that ends up in ``quarantine.csv``.
"""

import functools
import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lensflow.errors import CutoutError
from lensflow.fits_direct import ZERO_POINT_KEYWORDS, read_direct
from lensflow.seeds import rng
from lensflow.sky import BORDER, sky_sigma, sky_statistics

__all__ = [
    "Batch",
    "CutoutSettings",
    "fill_missing",
    "fit_to_size",
    "read_batch",
    "read_cutout",
    "read_pixels",
    "sky_sigma",
    "sky_statistics",
]

NATIVE_SIZE = 101
MAX_MISSING_FRACTION = 0.05


@dataclass(frozen=True)
class CutoutSettings:
    """How the files of one dataset are read.

    Attributes
    ----------
    hdus : tuple of str, optional
        Names of HDUs (upper case) in order of preference; None takes the first two-dimensional
        image.
    zero_point : float, optional
        AB magnitude of one count, for files whose header has none.
    denoised : bool
        The images are denoised and in [0, 1]: no zero point is applied, no sky noise is required.
    masked_value : float, optional
        Pixels of this value are missing (100 in the challenge).
    size : int
        Side of the images that come out (pixels).
    """

    hdus: tuple[str, ...] | None = None
    zero_point: float | None = None
    denoised: bool = False
    masked_value: float | None = None
    size: int = NATIVE_SIZE


@dataclass(frozen=True)
class Batch:
    """What `read_batch` returns: usable images, and why the others are not.

    Attributes
    ----------
    flux : ndarray of shape (n, size, size), float32
        AB maggies (or the file's own unit for denoised images).
    sky_sigma : ndarray of shape (n,), float32
        Sky noise of a pixel, same unit.
    rows : ndarray of shape (n,), int
        Which of the paths each image comes from.
    problems : dict of int to str
        Reason by place in the list of paths.
    """

    flux: np.ndarray
    sky_sigma: np.ndarray
    rows: np.ndarray
    problems: dict[int, str]


def read_cutout(
    path: str | os.PathLike,
    hdus: Sequence[str] | None = None,
    zero_point: float | None = None,
) -> np.ndarray:
    """Read the image of a FITS file in AB maggies.

    Parameters
    ----------
    path : str or path-like
        The file; gzip and tile compression are understood.
    hdus : sequence of str, optional
        Names of HDUs in order of preference; None takes the first two-dimensional image.
    zero_point : float, optional
        AB magnitude of one count, used when the header of the chosen HDU has none (MAGZERO,
        MAGZPT or ZEROPNT).

    Returns
    -------
    ndarray of shape (height, width), float32
        ``counts * 10**(-0.4 * zero_point)``; NaN where missing.

    Raises
    ------
    CutoutError
        When the file is no FITS file, is truncated, has no such image, or no zero point is known.
    """
    pixels, own = read_pixels(path, None if hdus is None else tuple(name.upper() for name in hdus))
    flux = _native(pixels)
    flux *= _maggies_per_count(own, zero_point)
    return flux


def read_pixels(
    path: str | os.PathLike, hdus: tuple[str, ...] | None = None
) -> tuple[np.ndarray, float | None]:
    """Read the image of a FITS file as stored, and the zero point of its header (or None)."""
    direct = read_direct(path, hdus)
    return direct if direct is not None else read_with_astropy(path, hdus)


def read_with_astropy(
    path: str | os.PathLike, hdus: tuple[str, ...] | None = None
) -> tuple[np.ndarray, float | None]:
    """Do what `read_pixels` does for any FITS file that astropy understands."""
    # Imported when needed: a million plain files are read without it.
    from astropy.io import fits

    try:
        # Opened here, because astropy leaves a file open when its header is damaged.
        with warnings.catch_warnings(), open(path, "rb") as stream:
            warnings.simplefilter("ignore")
            hdu = _choose_hdu(fits.open(stream, memmap=False), hdus)
            return np.asarray(hdu.data), _header_zero_point(hdu.header)
    except CutoutError:
        raise
    except Exception as error:  # damaged files raise almost anything
        raise CutoutError(_unreadable(path, error)) from error


def fit_to_size(
    image: np.ndarray,
    size: int,
    sky_sigma: float,
    rng: np.random.Generator,
    sky_level: float = 0.0,
) -> np.ndarray:
    """Crop or pad an image around its central pixel; padding and missing pixels become sky noise.

    The central pixel of n pixels is number n // 2 counted from 0: the middle one when n is odd, the
    one right of (above) the middle when n is even. It becomes pixel size // 2 of the result, so a
    101 px cut of a 150 px stamp starts at pixel 25. Each axis is treated on its own.

    Parameters
    ----------
    image : ndarray of shape (height, width)
        The image.
    size : int
        Side of the result (pixels).
    sky_sigma, sky_level : float
        Standard deviation and mean of the noise that is drawn, in the unit of the image.
    rng : numpy.random.Generator
        Where the noise comes from.

    Returns
    -------
    ndarray of shape (size, size), float32
    """
    framed = _frame(image, size)
    fill_missing(framed, sky_level, sky_sigma, rng)
    return framed


def fill_missing(
    image: np.ndarray, sky_level: float, sky_sigma: float, rng: np.random.Generator
) -> None:
    """Draw Gaussian sky noise in place of the pixels that are not finite, in place."""
    missing = ~np.isfinite(image)
    noise = rng.standard_normal(np.count_nonzero(missing))
    image[missing] = sky_level + sky_sigma * noise


def read_batch(
    paths: Sequence[str], ids: Sequence[str], settings: CutoutSettings, seed: int
) -> Batch:
    """Read, fit, measure and check many cutouts at once.

    Parameters
    ----------
    paths, ids : sequence of str
        Files and names of the objects; the noise drawn for an object depends on (seed, id) alone.
    settings : CutoutSettings
        How to read them.
    seed : int
        Seed of the configuration.

    Returns
    -------
    Batch
        Images in the order of the paths. One bad file never stops the others.
    """
    size = settings.size
    flux = np.empty((len(paths), size, size), np.float32)
    problems: dict[int, str] = {}
    stamps = _read_into(flux, paths, settings, problems)
    rows = np.array([row for row in range(len(paths)) if row not in problems], dtype=np.int64)
    flux = flux if len(rows) == len(paths) else flux[rows]
    level, sigma = _measure(flux, rows, stamps)
    _replace_missing(flux, rows, level, sigma, stamps, ids, seed, problems)
    _check_images(flux, rows, sigma, settings, problems)
    good = np.array([row not in problems for row in rows], dtype=bool)
    if settings.denoised:
        sigma[sigma == 0] = np.nan
    if good.all():
        return Batch(flux, sigma, rows, problems)
    return Batch(flux[good], sigma[good], rows[good], problems)


def read_sources(paths: Sequence[str], settings: CutoutSettings) -> tuple[np.ndarray, dict]:
    """Read noise-free images of the lensed source alone; a blank one is valid.

    Returns
    -------
    flux : ndarray of shape (n, size, size), float32
        AB maggies; zeros where nothing could be read and around smaller stamps.
    problems : dict of int to str
        Reason by place in the list of paths.
    """
    flux = np.zeros((len(paths), settings.size, settings.size), np.float32)
    problems: dict[int, str] = {}
    stamps = _read_into(flux, paths, settings, problems)
    for row, stamp in stamps.items():
        flux[row] = np.where(_inside(stamp.shape, settings.size), flux[row], np.float32(0))
    damaged = ~np.isfinite(flux).all(axis=(1, 2))
    problems.update(dict.fromkeys(np.flatnonzero(damaged).tolist(), "has pixels without a value"))
    return flux, {row: f"source image: {reason}" for row, reason in problems.items()}


def _read_into(
    flux: np.ndarray, paths: Sequence[str], settings: CutoutSettings, problems: dict[int, str]
) -> dict[int, np.ndarray]:
    """Fill ``flux`` in maggies; return the stamps that are smaller than it, by row."""
    factors = np.ones(len(paths), np.float32)
    stamps = {}
    shape = flux.shape[1:]
    for row, path in enumerate(paths):
        try:
            pixels, own = read_pixels(path, settings.hdus)
            if not settings.denoised:
                factors[row] = _maggies_per_count(own, settings.zero_point)
            if pixels.shape == shape and pixels.dtype.itemsize == 4:
                flux[row] = pixels
            else:
                flux[row] = _frame(_checked_shape(pixels), shape[0])
        except CutoutError as error:
            problems[row] = str(error)
            flux[row] = 0
            continue
        if min(pixels.shape) < shape[0]:
            stamps[row] = pixels
    return _calibrate(flux, factors, stamps, settings)


def _calibrate(flux, factors, stamps, settings) -> dict[int, np.ndarray]:
    """Apply zero points and the masked value; return the small stamps with both applied."""
    stamps = {row: _native(stamp) for row, stamp in stamps.items()}
    if settings.masked_value is not None:
        for images in (flux, *stamps.values()):
            images[images == np.float32(settings.masked_value)] = np.nan
    if (factors != 1).any():
        flux *= factors[:, None, None]
    return {row: stamp * factors[row] for row, stamp in stamps.items()}


def _measure(flux, rows, stamps) -> tuple[np.ndarray, np.ndarray]:
    """Measure the sky in the border of each image; of a padded one, in its own border."""
    level, sigma = sky_statistics(flux) if len(flux) else np.zeros((2, 0), np.float32)
    for place in np.flatnonzero(np.isin(rows, list(stamps))):
        level[place : place + 1], sigma[place : place + 1] = sky_statistics(
            stamps[rows[place]][None]
        )
    return level, sigma


def _replace_missing(flux, rows, level, sigma, stamps, ids, seed, problems) -> None:
    """Fill padding and missing pixels with noise, or say that too many are missing."""
    # A sum over an image is finite only if every pixel is.
    with np.errstate(invalid="ignore", over="ignore"):
        suspects = np.flatnonzero(~np.isfinite(flux.reshape(len(flux), -1).sum(axis=1)))
    for place in suspects:
        row = int(rows[place])
        inside = _inside(stamps[row].shape if row in stamps else flux.shape[1:], flux.shape[1])
        missing = np.count_nonzero(~np.isfinite(flux[place]) & inside) / np.count_nonzero(inside)
        if missing > MAX_MISSING_FRACTION:
            problems[row] = (
                f"{missing:.1%} of the pixels have no value; "
                f"at most {MAX_MISSING_FRACTION:.0%} can be replaced by noise"
            )
        elif np.isfinite(sigma[place]):
            fill_missing(flux[place], level[place], sigma[place], rng(seed, "missing", ids[row]))


def _check_images(flux, rows, sigma, settings, problems) -> None:
    if settings.denoised:
        flat = flux.reshape(len(flux), -1)
        unusable = flat.max(axis=1, initial=-np.inf) == flat.min(axis=1, initial=np.inf)
    else:
        unusable = ~(np.isfinite(sigma) & (sigma > 0))
    for place in np.flatnonzero(unusable):
        constant = np.ptp(flux[place]) == 0
        reason = "every pixel has the same value" if constant else "its border has no sky noise"
        problems.setdefault(int(rows[place]), reason)


def _native(pixels: np.ndarray) -> np.ndarray:
    """Return a new float32 array in the machine's byte order; what overflows becomes infinite."""
    with np.errstate(over="ignore"):
        return pixels.astype(np.float32)


@functools.lru_cache(maxsize=1024)
def _factor(zero_point: float) -> np.float32:
    return np.float32(10.0 ** (-0.4 * zero_point))


def _maggies_per_count(own: float | None, configured: float | None) -> np.float32:
    zero_point = configured if own is None else own
    if zero_point is None:
        raise CutoutError(
            f"the header has no {' or '.join(ZERO_POINT_KEYWORDS)} and the configuration no "
            "zero_point; give zero_point (AB mag, 0 when the pixels are maggies)"
        )
    return _factor(zero_point)


def _checked_shape(pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim != 2 or min(pixels.shape) <= 2 * BORDER:
        raise CutoutError(
            f"the image has shape {pixels.shape}; two dimensions of more than {2 * BORDER} pixels "
            "were expected"
        )
    return pixels


def _frame(image: np.ndarray, size: int) -> np.ndarray:
    """Cut or place ``image`` in a square of NaN, centre on centre."""
    framed = np.full((size, size), np.nan, np.float32)
    (to_y, from_y), (to_x, from_x) = (_overlap(length, size) for length in image.shape)
    framed[to_y, to_x] = _native(image[from_y, from_x])
    return framed


def _inside(shape: Iterable[int], size: int) -> np.ndarray:
    """Say which pixels of the square of `_frame` an image of ``shape`` covers."""
    inside = np.zeros((size, size), bool)
    inside[tuple(_overlap(length, size)[0] for length in shape)] = True
    return inside


def _overlap(length: int, size: int) -> tuple[slice, slice]:
    """Return where pixels go and where they come from along one axis."""
    shift = size // 2 - length // 2
    start, stop = max(0, shift), min(size, length + shift)
    return slice(start, stop), slice(start - shift, stop - shift)


def _choose_hdu(file, hdus: tuple[str, ...] | None):
    if hdus is None:
        return _first_image(file)
    by_name = {
        hdu.name.upper(): hdu for hdu in reversed([*file]) if hdu.is_image and _has_data(hdu)
    }
    if file[0].is_image and _has_data(file[0]):
        by_name.setdefault("PRIMARY", file[0])
    for name in hdus:
        if name in by_name:
            return _of_two_dimensions(by_name[name])
    raise CutoutError(f"none of the HDUs {list(hdus)} has an image; it has {sorted(by_name)}")


def _first_image(file):
    for hdu in file:
        if hdu.is_image and len(hdu.shape) == 2 and _has_data(hdu):
            return hdu
    raise CutoutError(f"no HDU has an image of two dimensions; {[hdu.shape for hdu in file]}")


def _has_data(hdu) -> bool:
    return len(hdu.shape) > 0 and 0 not in hdu.shape


def _of_two_dimensions(hdu):
    if len(hdu.shape) != 2:
        raise CutoutError(f"HDU {hdu.name} has shape {hdu.shape}; two dimensions were expected")
    return hdu


def _header_zero_point(header) -> float | None:
    for name in ZERO_POINT_KEYWORDS:
        if name in header:
            return float(header[name])
    return None


def _unreadable(path: str | os.PathLike, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return f"the file cannot be read: {error.strerror}"
    if "buffer is too small" in str(error) or "cannot reshape array" in str(error):
        return f"the file is truncated: it ends after {os.path.getsize(path)} bytes, in the data"
    return f"astropy cannot read it: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
