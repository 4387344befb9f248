"""Frames become images that can be used: sky measured, missing pixels filled, others sorted out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lensflow.ingest.frames import Frames
from lensflow.ingest.noise import neighbour_correlation
from lensflow.ingest.settings import CutoutSettings
from lensflow.ingest.sky import sky_statistics
from lensflow.seeds import rng

MAX_MISSING_FRACTION = 0.05
LARGEST_FLUX = 1e30
"""Pixel values above this, whatever their unit, overflow in sums and ratios of float32."""
NO_SKY = "its border has no sky noise"
ROUNDING = float(np.finfo(np.float32).eps)


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


def fill_missing(
    image: np.ndarray, sky_level: float, sky_sigma: float, rng: np.random.Generator
) -> None:
    """Draw Gaussian sky noise in place of the pixels that are not finite, in place."""
    missing = ~np.isfinite(image)
    noise = rng.standard_normal(np.count_nonzero(missing))
    image[missing] = sky_level + sky_sigma * noise


def _correlation(flux: np.ndarray, settings: CutoutSettings) -> np.ndarray:
    if settings.correlated and len(flux):
        return neighbour_correlation(flux)
    return np.full(len(flux), np.nan, np.float32)


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
