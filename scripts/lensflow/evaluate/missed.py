"""Which lenses are found, and which missed, by Einstein radius and by S/N of the lensed image."""

import itertools
from collections.abc import Iterator

import numpy as np

from lensflow.evaluate.intervals import wilson
from lensflow.evaluate.metrics import ABOVE, THRESHOLD
from lensflow.evaluate.ranked import RankedSample, Score
from lensflow.evaluate.rates import best, selected_share
from lensflow.samples.injected import MAGNITUDE
from lensflow.samples.rows import RADIUS

LENS_FRACTION = 0.01
SHARE = 0.01
BEST = f"{best(SHARE)} of a survey with {100 * LENS_FRACTION:g} % lenses"
"""A value of the column ``selection``; the other is `lensflow.evaluate.metrics.ABOVE`."""

ALL = "all"
"""Stands under ``by`` for all lenses together, where they are told together."""

SNR = "snr"
EDGES = {
    RADIUS: (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, np.inf),
    # No pixel of the image is above one sigma, or the S/N is one at least.
    SNR: (0.0, 1.0, 20.0, 50.0, 100.0, np.inf),
    MAGNITUDE: (-np.inf, *range(20, 30), np.inf),
}
"""Edges of the bins, in arcsec, as a ratio and in magnitudes; a bin holds its lower edge."""

TITLES = {
    RADIUS: "Einstein radius (arcsec)",
    SNR: "S/N of the lensed image",
    MAGNITUDE: "magnitude of the source (AB)",
}
"""What lenses are binned by, in words."""


def missed_rows(ranked: RankedSample) -> Iterator[dict]:
    """Yield the rows of ``missed.csv`` of a sample: the lenses of each bin that are found.

    Lenses of which a measure is unknown have a row without edges. The interval is that of a
    fraction of so many lenses (Wilson), with the list as it is.

    Parameters
    ----------
    ranked : RankedSample
        Without a non-lens the best 1 % are not defined: their rows are empty.
    """
    lens = ranked.is_lens == 1
    for score in ranked.scores:
        for selection, found in _found(ranked, score):
            key = {"sample": ranked.sample, **score.key, "selection": selection}
            for by, values in ranked.measures[lens].items():
                for row in completeness_rows(values.to_numpy(), found[lens], by):
                    yield {**key, **row}


def _found(ranked: RankedSample, score: Score) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the selections by the score that ranks candidates: name, share of each object (n,)."""
    if not score.is_over_runs:
        return
    if ranked.has_both_classes:
        yield BEST, selected_share(ranked, score, LENS_FRACTION, SHARE)
    else:
        yield BEST, np.full(ranked.is_lens.size, np.nan)
    if score.is_probability:
        yield ABOVE, (score.values > THRESHOLD).astype(float)


def completeness_rows(values: np.ndarray, found: np.ndarray, by: str) -> Iterator[dict]:
    """Yield how many lenses of each bin are found.

    Parameters
    ----------
    values : numpy.ndarray of shape (n,)
        The measure of each lens; NaN where unknown.
    found : numpy.ndarray of shape (n,)
        How much of it is in the selection, 0 to 1.
    by : str
        A key of `EDGES`.
    """
    for low, high in itertools.pairwise(EDGES[by]):
        yield completeness_row(found[(values >= low) & (values < high)], by, low, high)
    if np.isnan(values).any():
        yield completeness_row(found[np.isnan(values)], by, np.nan, np.nan)


def completeness_row(found: np.ndarray, by: str, low: float, high: float) -> dict:
    """Return how many of some lenses are found, with Wilson's 68 % interval.

    Parameters
    ----------
    found : numpy.ndarray of shape (n,)
        How much of each is in the selection, 0 to 1.
    by, low, high : str, float, float
        What names them in a table.
    """
    n_lens, n_found = found.size, found.sum()
    low_completeness, high_completeness = wilson(n_found, n_lens)
    return {
        "by": by,
        "low": low,
        "high": high,
        "n_lens": n_lens,
        "n_found": n_found,
        "completeness": n_found / n_lens if n_lens else np.nan,
        "completeness_low": float(low_completeness),
        "completeness_high": float(high_completeness),
    }
