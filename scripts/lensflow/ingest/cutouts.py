"""Cutouts from FITS: which HDU, in which unit, fitted to one size, checked, with their sky noise.

Images are as in `lensflow.ingest.frames`; `lensflow.ingest.checking` draws sky noise in the place
of missing pixels. What cannot be used raises `CutoutError`, whose text is the reason that ends up
in ``quarantine.csv``.
"""

import os
from collections.abc import Sequence

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest import positions, units
from lensflow.ingest.checking import Batch, check_frames, fill_missing
from lensflow.ingest.fits_images import flux_factor, maggies_per_count, read_pixels
from lensflow.ingest.frames import (
    Frames,
    checked_shape,
    covered,
    empty_frames,
    framed,
    native,
    shown_part,
)
from lensflow.ingest.layers import is_missing, read_layers
from lensflow.ingest.noise import noise_of_maps
from lensflow.ingest.resampling import resample
from lensflow.ingest.settings import CutoutSettings


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
        return native(pixels) * factor


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
    result = framed(image, size)
    fill_missing(result, sky_level, sky_sigma, rng)
    return result


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
            frames.shapes[row] = checked_shape(pixels).shape
            if settings.step != 1:
                _put_resampled(frames, row, pixels, settings, first)
                continue
            if pixels.shape == flux.shape[1:] and pixels.dtype.itemsize == 4:
                flux[row] = pixels
            else:
                flux[row] = framed(pixels, size)
        except CutoutError as error:
            frames.problems[row] = str(error)
            flux[row] = 0
            continue
        if min(pixels.shape) < size:
            frames.stamps[row] = pixels
            frames.inside[row] = covered(pixels.shape, size)
    frames.stamps = _calibrate(flux, factors, frames.stamps, settings)
    frames.noise *= factors


def _put_resampled(frames: Frames, row: int, pixels: np.ndarray, settings, first: Frames) -> None:
    """Put an image on the pixels of its first band: the middles of the two lie on each other."""
    if not first.shapes[row].all():
        raise CutoutError("there is no image of the first band on whose pixels to bring it")
    image = native(pixels)
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
        part = np.ix_(inside.any(axis=1), inside.any(axis=0))
        frames.stamps[row] = checked_shape(flux[part])
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
        pixels = np.where(missing, np.float32(np.nan), native(pixels))
    if layers.rms is not None:
        good = np.where(missing, np.nan, layers.rms)
        frames.noise[row] = noise_of_maps(shown_part(good, settings.size)[None])[0]
        if not frames.noise[row] > 0:
            raise CutoutError("its noise map has no value in the border")
    return pixels, factor


def _calibrate(flux, factors, stamps, settings) -> dict[int, np.ndarray]:
    """Apply zero points and the masked value; return the small stamps with both applied."""
    stamps = {row: native(stamp) for row, stamp in stamps.items()}
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
