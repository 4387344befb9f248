"""Several bands of one object: each read and checked as one band is, then put together.

An object that cannot be used in one band is left out, with that band's reason.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lensflow.ingest.checking import Batch, check_frames
from lensflow.ingest.cutouts import read_frames, read_sources
from lensflow.ingest.frames import Frames
from lensflow.ingest.positions import SCALE_TOLERANCE, pixel_scales
from lensflow.ingest.settings import CutoutSettings

TURN_TOLERANCE = 0.05
"""Difference of the directions of pixels, which are moved by 2.5 of them at the edge at most."""
PLACE_TOLERANCE_PX = 2.0
"""Distance of the middles, in the larger of two pixels: those of even and odd numbers, rounded."""
SIZE_TOLERANCE_PX = 2.0
"""Difference of the sides of two images, in the larger of their pixels: one at either edge."""
ARCSEC = 3600.0


def band_entry(entry: Mapping[str, object], band: str) -> Mapping[str, object]:
    """Return the entry of a dataset with what it says of one band alone; "" for no band."""
    bands = entry.get("bands")
    return {**entry, **bands[band]} if isinstance(bands, Mapping) else entry


def of_band(setting: object, band: str) -> object:
    """Return what a setting says of one band: a mapping has one for each, else it is for all."""
    return setting[band] if isinstance(setting, Mapping) else setting


def read_bands(
    paths: Sequence[Sequence[str]],
    ids: Sequence[str],
    settings: Sequence[CutoutSettings],
    seed: int,
) -> Batch:
    """Read, fit, measure and check cutouts in all bands.

    Parameters
    ----------
    paths : sequence of sequence of str
        The files of each band, n each.
    ids, seed
        As for `lensflow.ingest.cutouts.read_batch`.
    settings : sequence of CutoutSettings
        Of each band, in order.

    Returns
    -------
    Batch
        As from `check_bands`.
    """
    first = read_frames(paths[0], settings[0])
    others = [read_frames(*band, first) for band in zip(paths[1:], settings[1:], strict=True)]
    for frames, each in zip(others, settings[1:], strict=True):
        _check_grids(frames, first, each)
        if each.same_area:
            _check_areas(frames, first, each.step)
    return check_bands([first, *others], ids, settings, seed)


def read_sources_of_bands(
    paths: Sequence[Sequence[str]], settings: Sequence[CutoutSettings]
) -> tuple[np.ndarray, dict[int, str]]:
    """Read noise-free images of the lensed source alone in all bands, which have the same pixels.

    Parameters
    ----------
    paths : sequence of sequence of str
        The files of each band, n each.
    settings : sequence of CutoutSettings
        Of each band, in order.

    Returns
    -------
    flux : ndarray of shape (n, size, size), or (n, band, size, size) of several bands, float32
    problems : dict of int to str
        As from `lensflow.ingest.cutouts.read_sources`, with the first band that has one.
    """
    read = [read_sources(*band) for band in zip(paths, settings, strict=True)]
    if len(read) == 1:
        return read[0]
    problems: dict[int, str] = {}
    for (_, bad), each in zip(read, settings, strict=True):
        _note(problems, bad, each.band)
    return np.stack([flux for flux, _ in read], axis=1), problems


def _note(problems: dict[int, str], more: Mapping[int, str], band: str) -> None:
    """Add the problems of a band, but for objects that have one already."""
    for row, reason in more.items():
        problems.setdefault(row, f"in band {band}, {reason}")


def check_bands(
    frames: Sequence[Frames], ids: Sequence[str], settings: Sequence[CutoutSettings], seed: int
) -> Batch:
    """Measure and sort out the images of all bands; see `lensflow.ingest.checking.check_frames`.

    Returns
    -------
    Batch
        Of a single band as `check_frames` returns it. Of several, ``flux`` is (n, band, size,
        size), ``sky_sigma`` and ``correlation`` are (n, band), and the headers are the first's.
    """
    batches = [
        check_frames(band, ids, each, seed) for band, each in zip(frames, settings, strict=True)
    ]
    if len(batches) == 1:
        return batches[0]
    problems: dict[int, str] = {}
    for batch, each in zip(batches, settings, strict=True):
        _note(problems, batch.problems, each.band)
    rows = np.array([row for row in range(len(ids)) if row not in problems], dtype=np.int64)
    kept = [np.isin(batch.rows, rows) for batch in batches]
    flux, sigma, correlation = (
        np.stack([getattr(b, name)[k] for b, k in zip(batches, kept, strict=True)], axis=1)
        for name in ("flux", "sky_sigma", "correlation")
    )
    return Batch(flux, sigma, rows, problems, frames[0].headers[rows], correlation)


def _check_grids(frames: Frames, first: Frames, settings: CutoutSettings) -> None:
    """Refuse images whose WCS says that they do not lie on each other as they are put."""
    own, wanted = (each.headers[:, 2:] for each in (frames, first))
    known = np.flatnonzero(np.isfinite(own + wanted).all(axis=1))
    for row in known.tolist():
        if reason := _other_grid(own[row], wanted[row], settings.step):
            frames.doubts.setdefault(row, reason)


def _check_areas(frames: Frames, first: Frames, step: float) -> None:
    """Refuse images whose numbers of pixels say that they show more, or less, of the sky."""
    expected = step * first.shapes
    is_read = (frames.shapes > 0).all(axis=1) & (first.shapes > 0).all(axis=1)
    is_other = np.abs(frames.shapes - expected) > SIZE_TOLERANCE_PX * max(1.0, step)
    for row in np.flatnonzero(is_read & is_other.any(axis=1)).tolist():
        own, wanted, of_first = (
            " x ".join(f"{side:.0f}" for side in shapes[row])
            for shapes in (frames.shapes, expected, first.shapes)
        )
        reason = (
            f"it cannot be the same area of the sky as in the first band: it has {own} pixels, "
            f"expected about {wanted} beside the first band's {of_first}"
        )
        frames.doubts.setdefault(row, reason)


def _other_grid(own: np.ndarray, wanted: np.ndarray, step: float) -> str:
    """Return what two rows of `lensflow.ingest.positions.Positions.wcs` contradict; "" for nothing.

    Parameters
    ----------
    own, wanted : ndarray of shape (6,)
        Of an image and of that in the first band.
    step : float
        Side of the first band's pixels in the image's, as configured.
    """
    matrix, first = (each[2:].reshape(2, 2) for each in (own, wanted))
    scales = [pixel_scales(each) for each in (own, wanted)]
    if not all(scales):
        return "its WCS, or the first band's, has pixels without an area; remove or correct it"
    if abs(scales[1] / scales[0] / step - 1) > SCALE_TOLERANCE:
        return (
            f"its pixels are {scales[0]:.4g} arcsec by its WCS, and the first band's "
            f"{scales[1]:.4g}; write that as the pixel_scale of the two bands"
        )
    if np.abs(np.linalg.inv(first) @ matrix * step - np.eye(2)).max() > TURN_TOLERANCE:
        return (
            "its axes have other directions on the sky than the first band's, by the WCS of both; "
            "expected images with the same directions. Resample them, or cut them by kind: mosaic"
        )
    d_ra, d_dec = (own[:2] - wanted[:2] + 180) % 360 - 180
    distance = np.hypot(d_ra * np.cos(np.radians(wanted[1])), d_dec) * ARCSEC
    if not distance <= PLACE_TOLERANCE_PX * max(scales):
        return (
            f"its middle is {distance:.3g} arcsec from the first band's, by the WCS of both; "
            "expected images of the same place. Cut them again, or by kind: mosaic"
        )
    return ""
