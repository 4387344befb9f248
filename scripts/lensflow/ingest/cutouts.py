"""Cutouts from FITS: which HDU, in which unit, fitted to one size, checked, with their sky noise.

Images are float32 arrays [row=y, col=x] in AB maggies (magnitude zero point 0), or in the file's
counts where no zero point is known: every scale is free of the unit. A missing pixel is NaN until
`fill_missing` draws sky noise in its place. What cannot be used raises `CutoutError`, whose text is
the reason that ends up in ``quarantine.csv``.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest import positions, units
from lensflow.ingest.fits_images import flux_factor, maggies_per_count, read_pixels
from lensflow.ingest.layers import is_missing, read_layers
from lensflow.ingest.noise import neighbour_correlation, noise_of_maps
from lensflow.ingest.resampling import resample
from lensflow.ingest.sky import BORDER, sky_sigma, sky_statistics
from lensflow.seeds import rng

__all__ = [
    "Batch",
    "CutoutSettings",
    "Frames",
    "check_frames",
    "fill_missing",
    "fit_to_size",
    "read_batch",
    "read_cutout",
    "read_sources",
    "sky_sigma",
    "sky_statistics",
]

NATIVE_SIZE = 101
MAX_MISSING_FRACTION = 0.05
LARGEST_FLUX = 1e30
"""Pixel values above this, whatever their unit, overflow in sums and ratios of float32."""
NO_SKY = "its border has no sky noise"
ROUNDING = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class CutoutSettings:
    """How the files of one dataset, or of one band of it, are read.

    Attributes
    ----------
    hdus : tuple of str, optional
        Names of HDUs (upper case) in order of preference; None takes the first two-dimensional
        image.
    zero_point : float, optional
        AB magnitude of one count, for files whose header has none; where neither is known the flux
        stays in counts.
    denoised : bool
        The images are denoised and in [0, 1]: no zero point is applied, no sky noise is required.
    masked_value : float, optional
        Pixels of this value are missing (100 in the challenge).
    size : int
        Side of the images that come out (pixels).
    reads_headers : bool
        Headers say where an image is on the sky and in which unit; otherwise only a zero point.
    positions : tuple of str
        Which of `lensflow.ingest.positions.SOURCES` to ask for a position, in order.
    normalised : bool
        The images are stretched or normalised and declared so: they have no unit.
    rms_hdus, flag_hdus : tuple of str, optional
        Names of the HDUs of the noise map and of the flags; None where there are none.
    flag_bits : int, optional
        The bits of the flags that say that a pixel has no value; None: all.
    correlated : bool
        Whether to measure how much noise neighbouring pixels share.
    band : str
        Name of the band; "" where a dataset names none.
    is_first : bool
        Whether it is the dataset's first band, on whose pixels the others are brought.
    step : float
        Side of the first band's pixels, in pixels of this one.
    same_area : bool
        Whether the images of all bands show the same part of the sky.
    """

    hdus: tuple[str, ...] | None = None
    zero_point: float | None = None
    denoised: bool = False
    masked_value: float | None = None
    size: int = NATIVE_SIZE
    reads_headers: bool = False
    positions: tuple[str, ...] = ()
    normalised: bool = False
    rms_hdus: tuple[str, ...] | None = None
    flag_hdus: tuple[str, ...] | None = None
    flag_bits: int | None = None
    correlated: bool = False
    band: str = ""
    is_first: bool = True
    step: float = 1.0
    same_area: bool = False

    @property
    def unit(self) -> str:
        """Unit of the flux: without a zero point here, headers decide, file by file."""
        if self.denoised or self.normalised:
            return "1"
        return "AB maggies" if self.zero_point is not None else "AB maggies or counts"


@dataclass(frozen=True)
class Batch:
    """What `read_batch` returns: usable images, and why the others are not.

    Attributes
    ----------
    flux : ndarray of shape (n, size, size), float32
        AB maggies where a zero point is known, else the file's own unit.
    sky_sigma : ndarray of shape (n,), float32
        Sky noise of a pixel, same unit.
    rows : ndarray of shape (n,), int
        Which of the paths each image comes from.
    problems : dict of int to str
        Reason by place in the list of paths.
    headers : ndarray of shape (n, 8)
        What headers say of the positions; see `lensflow.ingest.positions.of_header`.
    correlation : ndarray of shape (n,), float32
        Share of noise that neighbouring pixels have in common; NaN where it is not measured.
    """

    flux: np.ndarray
    sky_sigma: np.ndarray
    rows: np.ndarray
    problems: dict[int, str]
    headers: np.ndarray
    correlation: np.ndarray


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
    factor = maggies_per_count(own, zero_point)
    with np.errstate(over="ignore"):
        return _native(pixels) * factor


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
    return check_frames(read_frames(paths, settings), ids, settings, seed)


def read_frames(
    paths: Sequence[str], settings: CutoutSettings, first: Frames | None = None
) -> Frames:
    """Read cutouts, of which nothing is measured yet.

    Parameters
    ----------
    paths : sequence of str
    settings : CutoutSettings
    first : Frames, optional
        The objects' images in the first band, on whose pixels they are brought.
    """
    frames = empty_frames(len(paths), settings.size)
    _read_into(frames, paths, settings, first)
    return frames


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
        image = _native(_checked_shape(pixels)) * factor
    image[~np.isfinite(image)] = np.nan
    frames.flux[row] = _frame(image, size)
    if min(pixels.shape) < size:
        frames.stamps[row], frames.inside[row] = image, _inside(pixels.shape, size)


def check_frames(frames: Frames, ids: Sequence[str], settings: CutoutSettings, seed: int) -> Batch:
    """Measure the sky of images, fill what is missing, and sort out what cannot be used.

    Missing pixels do not count in the sky; then they become noise of the level and scatter of that
    sky.

    Parameters
    ----------
    frames : Frames
        Its flux is changed.
    ids : sequence of str
        Names of the objects; the noise drawn for an object depends on (seed, id) alone.
    settings : CutoutSettings
    seed : int
        Seed of the configuration.
    """
    problems = frames.problems
    rows = np.array([r for r in range(len(frames.flux)) if r not in problems], dtype=np.int64)
    flux = frames.flux if len(rows) == len(frames.flux) else frames.flux[rows]
    incomplete = _mark_missing(flux)
    level, sigma = _measure(flux, rows, frames.stamps)
    draws = "missing", *(() if settings.is_first else (settings.band,))
    correlation = _correlation(flux, settings)
    for place in incomplete:
        row = int(rows[place])
        missing = _missing_fraction(flux[place], frames.inside.get(row))
        if missing > MAX_MISSING_FRACTION:
            problems[row] = _too_many_missing(missing)
        elif np.isfinite(sigma[place]):
            fill_missing(flux[place], level[place], sigma[place], rng(seed, *draws, ids[row]))
        else:
            problems[row] = NO_SKY
    _check_images(flux, rows, sigma, settings, problems)
    for row, reason in frames.doubts.items():
        problems.setdefault(row, reason)
    noise = frames.noise[rows].astype(np.float32)
    sigma = np.where(noise > 0, noise, sigma)
    if settings.denoised:
        sigma[sigma == 0] = np.nan
    good = np.array([row not in problems for row in rows], dtype=bool)
    columns = (flux, sigma, rows)
    if not good.all():
        columns = tuple(column[good] for column in columns)
    return Batch(*columns, problems, frames.headers[rows[good]], correlation[good])


def _correlation(flux: np.ndarray, settings: CutoutSettings) -> np.ndarray:
    if settings.correlated and len(flux):
        return neighbour_correlation(flux)
    return np.full(len(flux), np.nan, np.float32)


def read_sources(paths: Sequence[str], settings: CutoutSettings) -> tuple[np.ndarray, dict]:
    """Read noise-free images of the lensed source alone; a blank one is valid.

    Returns
    -------
    flux : ndarray of shape (n, size, size), float32
        AB maggies; zeros where nothing could be read and around smaller stamps.
    problems : dict of int to str
        Reason by place in the list of paths.
    """
    frames = read_frames(paths, settings)
    flux, problems = frames.flux, frames.problems
    for row, inside in frames.inside.items():
        flux[row] = np.where(inside, flux[row], np.float32(0))
    damaged = ~np.isfinite(flux).all(axis=(1, 2))
    problems.update(dict.fromkeys(np.flatnonzero(damaged).tolist(), "has pixels without a value"))
    return flux, {row: f"source image: {reason}" for row, reason in problems.items()}


def _read_into(
    frames: Frames, paths: Sequence[str], settings: CutoutSettings, first: Frames | None
) -> None:
    """Fill frames with the images of files, in maggies where a zero point is known."""
    factors = np.ones(len(paths), np.float32)
    flux, size = frames.flux, settings.size
    for row, path in enumerate(paths):
        try:
            pixels, factors[row] = _read_image(path, row, frames, settings)
            frames.shapes[row] = _checked_shape(pixels).shape
            if settings.step != 1:
                _put_resampled(frames, row, pixels, settings, first)
                continue
            if pixels.shape == flux.shape[1:] and pixels.dtype.itemsize == 4:
                flux[row] = pixels
            else:
                flux[row] = _frame(pixels, size)
        except CutoutError as error:
            frames.problems[row] = str(error)
            flux[row] = 0
            continue
        if min(pixels.shape) < size:
            frames.stamps[row] = pixels
            frames.inside[row] = _inside(pixels.shape, size)
    frames.stamps = _calibrate(flux, factors, frames.stamps, settings)
    frames.noise *= factors


def _put_resampled(frames: Frames, row: int, pixels: np.ndarray, settings, first: Frames) -> None:
    """Put an image on the pixels of its first band: the middles of the two lie on each other."""
    if not first.shapes[row].all():
        raise CutoutError("there is no image of the first band on whose pixels to bring it")
    image = _native(pixels)
    if settings.masked_value is not None:
        image[image == np.float32(settings.masked_value)] = np.nan
    image[~np.isfinite(image)] = np.nan
    # From the middle of the first band's image, (n - 1) / 2, to its central pixel, n // 2.
    offset = (first.shapes[row] // 2 - (first.shapes[row] - 1) / 2)[::-1]
    centre = (np.array(pixels.shape[::-1]) - 1) / 2 + settings.step * offset
    whole = tuple(slice(0, length) for length in pixels.shape)
    flux, inside = resample(image, settings.step * np.eye(2), centre, settings.size, whole)
    frames.flux[row], frames.inside[row] = flux, inside
    if not inside.all():
        covered = np.ix_(inside.any(axis=1), inside.any(axis=0))
        frames.stamps[row] = _checked_shape(flux[covered])
    frames.noise[row] *= settings.step


def _read_image(path: str, row: int, frames: Frames, settings: CutoutSettings):
    """Return the pixels of a file and the flux of one count; note what else it says."""
    if not settings.reads_headers:
        pixels, own = read_pixels(path, settings.hdus)
        is_unitless = settings.denoised
        return pixels, np.float32(1) if is_unitless else flux_factor(own, settings.zero_point)
    layers = read_layers(path, settings.hdus, settings.rms_hdus, settings.flag_hdus)
    pixels, factor = layers.pixels, np.float32(1)
    if not (settings.denoised or settings.normalised):
        units.check_not_normalised(layers.header, pixels.dtype)
        if reason := units.normalised_values(pixels):
            frames.doubts[row] = reason
        factor = flux_factor(units.zero_point(layers.header, settings.zero_point), None)
    if settings.positions:
        frames.headers[row] = positions.of_header(layers.header, pixels.shape)
    missing = is_missing(layers.rms, layers.flags, settings.flag_bits)
    if missing.any():
        pixels = np.where(missing, np.float32(np.nan), _native(pixels))
    if layers.rms is not None:
        good = np.where(missing, np.nan, layers.rms)
        frames.noise[row] = noise_of_maps(_cut(good, settings.size)[None])[0]
        if not frames.noise[row] > 0:
            raise CutoutError("its noise map has no value in the border")
    return pixels, factor


def _calibrate(flux, factors, stamps, settings) -> dict[int, np.ndarray]:
    """Apply zero points and the masked value; return the small stamps with both applied."""
    stamps = {row: _native(stamp) for row, stamp in stamps.items()}
    if settings.masked_value is not None:
        for images in (flux, *stamps.values()):
            masked = images == np.float32(settings.masked_value)
            if masked.any():
                images[masked] = np.nan
    with np.errstate(over="ignore"):
        if (factors != 1).any():
            flux *= factors[:, None, None]
        stamps = {row: stamp * factors[row] for row, stamp in stamps.items()}
    return {row: np.where(np.isfinite(s), s, np.float32(np.nan)) for row, s in stamps.items()}


def _measure(flux, rows, stamps) -> tuple[np.ndarray, np.ndarray]:
    """Measure the sky in the border of each image; of a padded one, in its own border."""
    level, sigma = sky_statistics(flux) if len(flux) else np.zeros((2, 0), np.float32)
    for place in np.flatnonzero(np.isin(rows, list(stamps))):
        level[place : place + 1], sigma[place : place + 1] = sky_statistics(
            stamps[rows[place]][None]
        )
    return level, sigma


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), images.shape[1] * images.shape[2])


def _mark_missing(flux: np.ndarray) -> np.ndarray:
    """Make every pixel that is not finite NaN; return the places of the images that have some."""
    # A sum over an image is finite only if every pixel is. This way needs no threads of BLAS.
    with np.errstate(invalid="ignore", over="ignore"):
        sums = np.einsum("ij->i", _flat(flux))
    incomplete = np.flatnonzero(~np.isfinite(sums))
    for place in incomplete:
        flux[place][~np.isfinite(flux[place])] = np.nan
    return incomplete


def _missing_fraction(image: np.ndarray, inside: np.ndarray | None) -> float:
    """Return the share of missing pixels in what an image covers of its frame."""
    missing = np.isnan(image)
    if inside is None:
        return np.count_nonzero(missing) / missing.size
    return np.count_nonzero(missing & inside) / np.count_nonzero(inside)


def _too_many_missing(fraction: float) -> str:
    return (
        f"{fraction:.1%} of the pixels have no value; "
        f"at most {MAX_MISSING_FRACTION:.0%} can be replaced by noise"
    )


def _check_images(flux, rows, sigma, settings, problems) -> None:
    flat = _flat(flux)
    low, high = flat.min(axis=1, initial=np.inf), flat.max(axis=1, initial=-np.inf)
    largest = np.maximum(np.abs(low), np.abs(high))
    for place in np.flatnonzero(low == high):
        problems.setdefault(int(rows[place]), "every pixel has the same value")
    # So written that a pixel that is no number does not pass.
    for place in np.flatnonzero(~(largest <= LARGEST_FLUX)):
        problems.setdefault(int(rows[place]), _too_large(largest[place]))
    if settings.denoised:
        return
    for place in np.flatnonzero(~(np.isfinite(sigma) & (sigma > 0))):
        problems.setdefault(int(rows[place]), NO_SKY)
    for place in np.flatnonzero(sigma < np.maximum(largest * ROUNDING, 1 / LARGEST_FLUX)):
        problems.setdefault(int(rows[place]), _no_noise(sigma[place], largest[place]))


def _too_large(value: float) -> str:
    return f"its pixels are too large: up to {value:.3g}, expected at most {LARGEST_FLUX:g}"


def _no_noise(sigma: float, largest: float) -> str:
    return (
        f"it has no sky noise to speak of: {sigma:.3g}, beside pixels of {largest:.3g}; expected "
        "an observed image, not a model or a denoised one"
    )


def _native(pixels: np.ndarray) -> np.ndarray:
    """Return a new float32 array in the machine's byte order; what overflows becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return pixels.astype(np.float32)


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


def _cut(image: np.ndarray, size: int) -> np.ndarray:
    """Return what of an image `_frame` shows."""
    return image[tuple(_overlap(length, size)[1] for length in image.shape)]


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
