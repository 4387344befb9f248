"""Do lens probabilities mean what they say: reliability, the Brier score, and other lens fractions.

Calibration holds for the lens fraction of the sample that was judged: of objects with p = 0.8, 80 %
are lenses *there*. Where lenses are rarer the same p means less; `shifted_probability` says what.
So reliability is measured twice: of p as it was judged, and shifted to the lens fraction of the
sample at hand.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from lensflow.evaluate.intervals import wilson
from lensflow.evaluate.ranked import RankedSample, Score

N_BINS = 10
EQUAL_COUNT, EQUAL_WIDTH = "count", "width"
"""Values of the column ``binning``."""
AS_JUDGED, SHIFTED = "as judged", "shifted"
"""Values of the column ``prior``."""


def shifted_probability(p_lens: np.ndarray, from_fraction: float, to_fraction: float) -> np.ndarray:
    """Return lens probabilities for a population with another lens fraction.

    Bayes' theorem for a population in which lenses and non-lenses each look as before, and only
    their numbers differ: the odds of p are multiplied by the ratio of the odds of the fractions.

    Parameters
    ----------
    p_lens : array-like
        Probabilities that are calibrated where lenses are ``from_fraction`` of all objects.
    from_fraction, to_fraction : float
        Between 0 and 1, both excluded.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    ValueError
        When a fraction is not between 0 and 1.
    """
    if not can_shift(from_fraction, to_fraction):
        raise ValueError(f"lens fractions between 0 and 1, received {from_fraction}, {to_fraction}")
    p_lens = np.asarray(p_lens, dtype=np.float64)
    ratio = to_fraction / (1 - to_fraction) * (1 - from_fraction) / from_fraction
    return ratio * p_lens / (ratio * p_lens + (1 - p_lens))


def can_shift(from_fraction: float, to_fraction: float) -> bool:
    """Tell whether there are odds of both lens fractions."""
    return 0 < from_fraction < 1 and 0 < to_fraction < 1


def equal_count_bins(p_lens: np.ndarray) -> np.ndarray:
    """Return the bin of each object, 0 to 9, about as many objects in each.

    Objects of equal p are never parted: all go where the middle of their places in the ranking
    falls, so that bins hold more or fewer objects, or none, where many are tied.
    """
    _, index, count = np.unique(p_lens, return_inverse=True, return_counts=True)
    middle = (np.cumsum(count) - count / 2) / max(len(index), 1)
    return np.minimum((N_BINS * middle).astype(int), N_BINS - 1)[index]


def equal_width_bins(p_lens: np.ndarray) -> np.ndarray:
    """Return the bin of each object, 0 to 9, of width 0.1; the last one holds p = 1 too."""
    return np.minimum((N_BINS * np.asarray(p_lens)).astype(int), N_BINS - 1)


def reliability(p_lens: np.ndarray, is_lens: np.ndarray, bins: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is known of each bin.

    Parameters
    ----------
    p_lens, is_lens, bins : numpy.ndarray of shape (n,)

    Returns
    -------
    dict of str to numpy.ndarray of shape (10,)
        ``n``; mean probability ``p_mean`` and lens ``fraction``, with its 68 % interval
        ``fraction_low``, ``fraction_high``; NaN for an empty bin.
    """
    n, p_sum, n_lens = (np.bincount(bins, w, N_BINS) for w in (None, p_lens, is_lens))
    low, high = wilson(n_lens, n)
    filled = np.where(n > 0, n, np.nan)
    return {
        "n": n,
        "p_mean": p_sum / filled,
        "fraction": n_lens / filled,
        "fraction_low": low,
        "fraction_high": high,
    }


def brier(p_lens: np.ndarray, is_lens: np.ndarray, bins: np.ndarray) -> dict[str, float]:
    """Return the Brier score and what it is made of (Murphy 1973).

    Parameters
    ----------
    p_lens, is_lens, bins : numpy.ndarray of shape (n,)
        At least one object.

    Returns
    -------
    dict of str to float
        ``brier`` = ``reliability`` - ``resolution`` + ``uncertainty`` + ``within_bins``. The last
        is what the mean of a bin leaves out, its variance of p less twice the covariance of p and
        class (Stephenson, Coelho & Jolliffe 2008): 0 where all p of a bin are equal.
        ``calibration_error``: mean difference of p and fraction of the bins, by their objects.
        Reliability and calibration error grow with the noise of small bins.
    """
    found = reliability(p_lens, is_lens, bins)
    share, overall = found["n"] / len(p_lens), np.mean(is_lens)
    p_mean, fraction = found["p_mean"][bins], found["fraction"][bins]
    gap = np.nan_to_num(found["p_mean"] - found["fraction"])
    inner = (p_lens - p_mean) ** 2 - 2 * (p_lens - p_mean) * (is_lens - fraction)
    return {
        "brier": float(np.mean((p_lens - is_lens) ** 2)),
        "reliability": float(np.sum(share * gap**2)),
        "resolution": float(np.sum(share * np.nan_to_num(found["fraction"] - overall) ** 2)),
        "uncertainty": float(overall * (1 - overall)),
        "within_bins": float(np.mean(inner)),
        "calibration_error": float(np.sum(share * np.abs(gap))),
    }


BINNINGS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    EQUAL_COUNT: equal_count_bins,
    EQUAL_WIDTH: equal_width_bins,
}


def calibration_rows(ranked: RankedSample) -> Iterator[dict]:
    """Yield the rows of ``calibration.csv`` of a sample, ten for each score, prior and binning.

    ``p_low`` and ``p_high`` are the least and greatest p of a bin of equal count, and the edges of
    one of equal width.
    """
    for score, prior, p_lens in _probabilities(ranked):
        for binning, binned in BINNINGS.items():
            bins = binned(p_lens)
            found = _edges(p_lens, bins, binning) | reliability(p_lens, ranked.is_lens, bins)
            key = {"sample": ranked.sample, **score.key, "prior": prior, "binning": binning}
            for number in range(N_BINS):
                row = {name: values[number] for name, values in found.items()}
                yield {**key, "bin": number, **row}


def _edges(p_lens: np.ndarray, bins: np.ndarray, binning: str) -> dict[str, np.ndarray]:
    if binning == EQUAL_WIDTH:
        edges = np.arange(N_BINS + 1) / N_BINS
        return {"p_low": edges[:-1], "p_high": edges[1:]}
    low, high = np.full(N_BINS, np.inf), np.full(N_BINS, -np.inf)
    np.minimum.at(low, bins, p_lens)
    np.maximum.at(high, bins, p_lens)
    filled = np.isfinite(low)
    return {"p_low": np.where(filled, low, np.nan), "p_high": np.where(filled, high, np.nan)}


def brier_rows(ranked: RankedSample) -> Iterator[dict]:
    """Yield the rows of ``calibration_summary.csv`` of a sample, one for each score and prior.

    The parts are those of bins of equal count.
    """
    for score, prior, p_lens in _probabilities(ranked):
        yield {
            "sample": ranked.sample,
            **score.key,
            "prior": prior,
            "judged_fraction": score.judged_fraction,
            "n": ranked.is_lens.size,
            "lens_fraction": ranked.lens_fraction,
            "p_mean": p_lens.mean(),
            **brier(p_lens, ranked.is_lens, equal_count_bins(p_lens)),
        }


def _probabilities(ranked: RankedSample) -> Iterator[tuple[Score, str, np.ndarray]]:
    """Yield each score that is a probability, with its prior: as it is, then shifted."""
    for score in ranked.scores:
        if score.is_probability:
            yield score, AS_JUDGED, score.values
            fractions = score.judged_fraction, ranked.lens_fraction
            if can_shift(*fractions):
                yield score, SHIFTED, shifted_probability(score.values, *fractions)
