"""Several bands of one object: each read and checked as one band is, then put together.

An object that cannot be used in one band is left out, with that band's reason.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lensflow.ingest.cutouts import Batch, CutoutSettings, Frames, check_frames, read_frames

SCALE_TOLERANCE = 0.02
"""Relative difference between two pixel scales that may stand in headers and configuration."""


def band_entry(entry: Mapping[str, object], band: str) -> Mapping[str, object]:
    """Return the entry of a dataset with what it says of one band alone; "" for no band."""
    bands = entry.get("bands")
    return {**entry, **bands[band]} if isinstance(bands, Mapping) else entry


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
        _check_scales(frames, first, each)
    return check_bands([first, *others], ids, settings, seed)


def check_bands(
    frames: Sequence[Frames], ids: Sequence[str], settings: Sequence[CutoutSettings], seed: int
) -> Batch:
    """Measure and sort out the images of all bands; see `lensflow.ingest.cutouts.check_frames`.

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
        for row, reason in batch.problems.items():
            problems.setdefault(row, f"in band {each.band}, {reason}")
    rows = np.array([row for row in range(len(ids)) if row not in problems], dtype=np.int64)
    kept = [np.isin(batch.rows, rows) for batch in batches]
    flux, sigma, correlation = (
        np.stack([getattr(b, name)[k] for b, k in zip(batches, kept, strict=True)], axis=1)
        for name in ("flux", "sky_sigma", "correlation")
    )
    return Batch(flux, sigma, rows, problems, frames[0].headers[rows], correlation)


def _check_scales(frames: Frames, first: Frames, settings: CutoutSettings) -> None:
    """Refuse images whose WCS says that the configured pixel scales are not theirs."""
    own, wanted = (_pixel_scales(each.headers) for each in (frames, first))
    with np.errstate(invalid="ignore"):
        is_other = np.abs(wanted / own / settings.step - 1) > SCALE_TOLERANCE
    for row in np.flatnonzero(is_other):
        frames.doubts.setdefault(
            int(row),
            f"its pixels are {own[row]:.4g} arcsec by its WCS, and the first band's "
            f"{wanted[row]:.4g}; write that as the pixel_scale of the two bands",
        )


def _pixel_scales(headers: np.ndarray) -> np.ndarray:
    """Return the pixel scales (arcsec) by rows of `Batch.headers`; NaN where unknown."""
    a, b, c, d = headers[:, 4:].T
    return np.sqrt(np.abs(a * d - b * c)) * 3600
