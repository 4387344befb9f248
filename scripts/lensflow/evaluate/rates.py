"""Purity and completeness of the best objects where lenses are as rare as in surveys.

A sample stands for a survey by weights: every lens counts once, and the non-lenses as often as the
survey has them for these lenses. Nothing is copied. Objects come in the order of candidates, which
has no ties. Where a score is given without that order, equal ones come in random order: if a list
ends among them, its numbers are means over their orders.

A sample without a non-lens near the top does not say that a survey has none there. So each draw of
the bootstrap ranks a little of either class before all others: on average half an object, as in
Jeffreys' prior of a binomial fraction. It matters where few objects decide.
"""

from collections.abc import Iterator

import numpy as np

from lensflow.evaluate.bootstrap import WEIGHTS_AT_ONCE, bootstrap_weights, interval
from lensflow.evaluate.calibration import can_shift, shifted_probability
from lensflow.evaluate.metrics import Counts, Ranking
from lensflow.evaluate.ranked import RankedSample, Score
from lensflow.seeds import rng

LENS_FRACTIONS = (0.01, 0.001, 0.0001)
"""Lens fractions of surveys, after that of the sample as it is."""

SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""How much of a survey is looked at, best first."""

JEFFREYS = 0.5
"""Objects of either class that a draw ranks first, on average."""

PURITY = 0.5
"""Purity that the longest list shall have."""


def best(share: float) -> str:
    """Return what the selection of the best share of all objects is called."""
    return f"best {100 * share:g} %"


PURE = f"purity {100 * PURITY:g} %"
"""The selection of as many of the best objects as leave the purity at one half."""

SELECTIONS = (*map(best, SHARES), PURE)


def nonlens_weight(n_lens: float, n_nonlens: float, lens_fraction: float) -> float:
    """Return how often each non-lens counts so that lenses, counted once, are a given fraction."""
    return n_lens * (1 - lens_fraction) / (lens_fraction * n_nonlens)


def list_lengths(true_positives: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Return the length of each of `SELECTIONS`.

    Parameters
    ----------
    true_positives, listed : numpy.ndarray of shape (t,)
        Lenses, and all objects, at or above each distinct score: from 0 to all.

    Returns
    -------
    numpy.ndarray of shape (len(SELECTIONS),)
    """
    return np.append(np.multiply(SHARES, listed[-1]), _longest_pure(true_positives, listed))


def _longest_pure(true_positives: np.ndarray, listed: np.ndarray) -> float:
    """Return the greatest length at which the purity, linear between scores, is one half."""
    excess = true_positives - PURITY * listed
    # Rounding must not end a list at which the purity is one half exactly.
    last = np.flatnonzero(excess >= -1e-9 * listed[-1])[-1]
    if last == listed.size - 1:
        return listed[-1]
    share = max(excess[last], 0.0) / (max(excess[last], 0.0) - excess[last + 1])
    return listed[last] + share * (listed[last + 1] - listed[last])


def purity_and_completeness(
    true_positives: np.ndarray, false_positives: np.ndarray, weight: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return length, purity and completeness of each of `SELECTIONS`.

    Parameters
    ----------
    true_positives, false_positives : numpy.ndarray of shape (t,)
        As in `lensflow.evaluate.metrics.Counts`.
    weight : float
        How often each non-lens counts, from `nonlens_weight`.

    Returns
    -------
    length, purity, completeness : numpy.ndarray of shape (len(SELECTIONS),)
        The purity of an empty list is NaN.
    """
    listed = true_positives + weight * false_positives
    lengths = list_lengths(true_positives, listed)
    found = np.interp(lengths, listed, true_positives)
    purity = np.divide(found, lengths, out=np.full(lengths.size, np.nan), where=lengths > 0)
    return lengths, purity, found / true_positives[-1]


def selected_share(ranked: RankedSample, score: Score, fraction: float, share: float) -> np.ndarray:
    """Return how much of each object is in the best ``share`` of a survey: (n,), 0 to 1.

    Objects of equal score, where no order is given, share what is left of the list.
    """
    ranking = Ranking(ranked.is_lens, score.ranking)
    counts = ranking.counts()
    weight = nonlens_weight(counts.true_positives[-1], counts.false_positives[-1], fraction)
    listed = counts.true_positives + weight * counts.false_positives
    room = np.clip((share * listed[-1] - listed[:-1]) / np.diff(listed), 0.0, 1.0)
    return room[np.searchsorted(-counts.thresholds[1:], -score.ranking)]


def rate_rows(ranked: RankedSample, n_bootstrap: int, seed: int) -> Iterator[dict]:
    """Yield the rows of ``rates.csv`` of a sample; none where it lacks a class.

    The interval is that of objects drawn again, lenses among lenses; each draw makes its own list.
    ``purity_expected`` is the purity that the probabilities promise by themselves, shifted from
    the lens fraction where they were judged to that of the row: near ``purity`` where they are
    calibrated.

    Parameters
    ----------
    ranked : RankedSample
    n_bootstrap, seed : int
    """
    if not ranked.has_both_classes:
        return
    generator = rng(seed, "rates", ranked.sample)
    drawn = bootstrap_weights(ranked.ids, ranked.is_lens, n_bootstrap, generator)
    first = generator.gamma(JEFFREYS, size=(n_bootstrap, 2))
    n_lens = int(ranked.is_lens.sum())
    fractions = list(dict.fromkeys((ranked.lens_fraction, *LENS_FRACTIONS)))
    weights = [nonlens_weight(n_lens, ranked.is_lens.size - n_lens, f) for f in fractions]
    for score in ranked.scores:
        ranking = Ranking(ranked.is_lens, score.ranking)
        counts, again = ranking.counts(), _drawn_again(ranking, drawn, first, weights)
        for fraction, weight, draws in zip(fractions, weights, again, strict=True):
            key = {"sample": ranked.sample, **score.key, "lens_fraction": fraction}
            p_lens = score.values[ranking.order[ranking.starts]]
            expected = _expectation(p_lens, score.judged_fraction, fraction)
            for row in _rows(counts, draws, weight, expected):
                yield {**key, **row}


def _expectation(scores: np.ndarray, judged_fraction: float, fraction: float) -> np.ndarray:
    """Return the lens probability at each distinct score in a survey; NaN where there is none."""
    if not can_shift(judged_fraction, fraction):
        return np.full(scores.size, np.nan)
    return shifted_probability(scores, judged_fraction, fraction)


def _drawn_again(
    ranking: Ranking, drawn: np.ndarray, first: np.ndarray, weights: list[float]
) -> np.ndarray:
    """Return purity and completeness of each draw: (weights, draws, 2, selections).

    ``first`` is how many lenses and non-lenses each draw ranks before all others: (draws, 2).
    """
    block = max(1, WEIGHTS_AT_ONCE // drawn.shape[1])
    found = []
    for start in range(0, len(drawn), block):
        counts = ranking.counts(drawn[start : start + block])
        pairs = zip(counts.true_positives, counts.false_positives, strict=True)
        for pair, before in zip(pairs, first[start:], strict=False):
            one = [_with_first(part, n) for part, n in zip(pair, before, strict=True)]
            found.append([purity_and_completeness(*one, weight)[1:] for weight in weights])
    return np.swapaxes(np.array(found), 0, 1)


def _with_first(positives: np.ndarray, n_first: float) -> np.ndarray:
    """Return the counts of one class with objects ranked first, its total as it was."""
    total = positives[-1]
    return np.append(0.0, n_first + positives) * (total / (total + n_first))


def _rows(counts: Counts, draws: np.ndarray, weight: float, expected: np.ndarray) -> Iterator[dict]:
    """Yield what is known of each selection, from the counts and from (draws, 2, selections)."""
    true, false = counts.true_positives, counts.false_positives
    lengths, purity, completeness = purity_and_completeness(true, false, weight)
    listed = true + weight * false
    promised = np.interp(lengths, listed, np.append(0.0, np.cumsum(expected * np.diff(listed))))
    for i, selection in enumerate(SELECTIONS):
        is_empty = np.isnan(purity[i])
        row = {"selection": selection, "n_selected": lengths[i]}
        row |= _with_interval("purity", purity[i], draws[: 0 if is_empty else None, 0, i])
        row["purity_expected"] = np.nan if is_empty else promised[i] / lengths[i]
        yield row | _with_interval("completeness", completeness[i], draws[:, 1, i])


def _with_interval(name: str, value: float, draws: np.ndarray) -> dict[str, float]:
    low, high = interval(draws)
    # As is usual with Jeffreys' intervals, an end gives way where none or all are found.
    low, high = np.fmin(low, value), np.fmax(high, value)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
