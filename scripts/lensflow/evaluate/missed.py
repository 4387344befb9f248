"""Which lenses are found, and which missed, by Einstein radius and by S/N of the lensed image."""

import itertools
from collections.abc import Iterator

import numpy as np

from lensflow.evaluate.intervals import wilson
from lensflow.evaluate.metrics import THRESHOLD
from lensflow.evaluate.ranked import RADIUS, RankedSample, Score
from lensflow.evaluate.rates import best, selected_share

LENS_FRACTION = 0.01
SHARE = 0.01
BEST = f"{best(SHARE)} of a survey with {100 * LENS_FRACTION:g} % lenses"
ABOVE = f"p > {THRESHOLD:g}"
"""Values of the column ``selection``."""

EDGES = {
    RADIUS: (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, np.inf),
    # No pixel of the image is above one sigma, or the S/N is one at least.
    "snr": (0.0, 1.0, 20.0, 50.0, 100.0, np.inf),
}
"""Lower edges of the bins, in arcsec and as a ratio, and infinity; a bin holds its lower edge."""


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
            for by in EDGES:
                for row in completeness_rows(ranked.measures[by].to_numpy()[lens], found[lens], by):
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
        yield _row(found[(values >= low) & (values < high)], by, low, high)
    if np.isnan(values).any():
        yield _row(found[np.isnan(values)], by, np.nan, np.nan)


def _row(found: np.ndarray, by: str, low: float, high: float) -> dict:
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
