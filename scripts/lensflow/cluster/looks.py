"""Stage: which cluster to look at next, by what that is expected to change."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betaln, gammaln

from lensflow import artifacts
from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.files.tables import write_csv
from lensflow.samples.embeddings import open_embeddings

N_LOOKS = 5
"""Further members of a cluster that are looked at together."""

BEST_SHARE = 0.1
"""At most this much of all images counts as the best."""

N_IMAGES = 50_000
"""At most so many images stand for the training sample."""

DECIMALS = 9
"""Numbers that agree to so many decimals are equal."""

COLUMNS = [
    *("cluster", "n_members", "n_inspected", "probability"),
    *("expected_lenses", "variance_reduction"),
]


class Seen(NamedTuple):
    """What is known of K clusters: Beta posteriors of their lens fractions.

    Attributes
    ----------
    a, b : numpy.ndarray of shape (K,)
        Parameters of each: the prior's, and the lenses and non-lenses seen.
    left : numpy.ndarray of int, shape (K,)
        Members that nobody has looked at.
    """

    a: np.ndarray
    b: np.ndarray
    left: np.ndarray


def expected_gain(
    responsibilities: np.ndarray, seen: Seen, n_best: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what looking at a few more members of each cluster is expected to change.

    Of m further members j are lenses with the probability of the Beta-binomial distribution; each
    outcome moves the cluster's mean, and with it p of every image (equation 7). The gain is the
    expected sum of the n_best highest p afterwards less that sum now: how many more lenses the
    list is expected to hold when it is made again (the knowledge gradient). It is zero where no
    outcome would change who is on the list, and never negative.

    Parameters
    ----------
    responsibilities : numpy.ndarray of shape (n, K)
    seen : Seen
    n_best : int
        Length of the list, at most n.

    Returns
    -------
    expected_lenses : numpy.ndarray of shape (K,)
    variance_reduction : numpy.ndarray of shape (K,)
        Expected decrease of the mean variance of p among the n_best. Images of equal p, such as
        all of them before anyone has looked, share what places of the list are left for them.
    """
    mean, variance = seen.a / (seen.a + seen.b), _variance(seen)
    p_lens = responsibilities @ mean
    now, gain = _sum_of_best(p_lens, n_best), np.zeros(mean.size)
    looks = np.minimum(N_LOOKS, seen.left)
    for k, m in enumerate(looks):
        for j, chance in enumerate(_outcomes(m, seen.a[k], seen.b[k])):
            moved = (seen.a[k] + j) / (seen.a[k] + seen.b[k] + m) - mean[k]
            p_then = p_lens + responsibilities[:, k] * moved
            gain[k] += chance * (_sum_of_best(p_then, n_best) - now)
    weight = _places(p_lens, n_best) @ responsibilities**2 / n_best
    return np.maximum(gain, 0.0), weight * variance * looks / (seen.a + seen.b + looks)


def _sum_of_best(p_lens: np.ndarray, n_best: int) -> float:
    return -np.partition(-p_lens, n_best - 1)[:n_best].sum()


def _places(p_lens: np.ndarray, n_best: int) -> np.ndarray:
    """Return how much of each image is among the n_best: (n,), 0 to 1, equal ones alike."""
    # What differs by the rounding error of a sum is equal: else that, and the rows' order, decide.
    p_lens = np.round(p_lens, DECIMALS)
    last = np.partition(p_lens, -n_best)[-n_best]
    is_ahead, is_tied = p_lens > last, p_lens == last
    return is_ahead + is_tied * ((n_best - is_ahead.sum()) / is_tied.sum())


def _variance(seen: Seen) -> np.ndarray:
    total = seen.a + seen.b
    return seen.a * seen.b / (total**2 * (total + 1.0))


def _outcomes(m: int, a: float, b: float) -> np.ndarray:
    """Return the probability of 0 to m lenses among m members: Beta-binomial, (m + 1,)."""
    j = np.arange(m + 1)
    ways = gammaln(m + 1) - gammaln(j + 1) - gammaln(m - j + 1)
    return np.exp(ways + betaln(a + j, b + m - j) - betaln(a, b))


def choose_looks_stage(
    mixture_path: str | Path,
    embedding_paths: Iterable[str | Path],
    labels_path: str | Path | None,
    prior: tuple[float, float],
    n_candidates: int,
    output_path: str | Path,
) -> None:
    """Write which clusters of a run to look at next, the one that changes most first.

    Parameters
    ----------
    mixture_path : path
    embedding_paths : iterable of path
        Shards of the training sample. Of more than `N_IMAGES` images every so manieth is taken.
    labels_path : path or None
        The table of cluster labels so far; None where nobody has judged. A probability that was
        given counts as that share of n_inspected.
    prior : pair of float
    n_candidates : int
        Length of the list that is to be good; at most a tenth of all images.
    output_path : path
        CSV: cluster, n_members, n_inspected, probability (mean of the posterior), expected_lenses
        (among the best, more than now, after `N_LOOKS` further looks), variance_reduction.
    """
    paths = list(embedding_paths)
    artifacts.ancestors(mixture_path, *paths)
    mixture = clusterers.load(mixture_path)
    n_images = sum(_lengths(paths))
    step = -(-n_images // N_IMAGES)
    responsibilities, n_members = _memberships(mixture, paths, step)
    seen = _seen(mixture, labels_path, prior, n_members)
    n_best = max(1, min(n_candidates, int(BEST_SHARE * n_images)) // step)
    gain, reduction = expected_gain(responsibilities, seen, n_best)
    table = pd.DataFrame(
        {
            "cluster": np.arange(mixture.n_components),
            "n_members": n_members,
            "n_inspected": n_members - seen.left,
            "probability": seen.a / (seen.a + seen.b),
            "expected_lenses": gain * step,
            "variance_reduction": reduction,
        }
    ).round(DECIMALS)
    order = ["expected_lenses", "variance_reduction", "cluster"]
    write_csv(output_path, table.sort_values(order, ascending=[False, False, True])[COLUMNS])


def _lengths(paths: Iterable[str | Path]) -> Iterable[int]:
    for path in paths:
        with open_embeddings(path) as embeddings:
            yield len(embeddings)


def _memberships(mixture, paths: Iterable[str | Path], step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the responsibilities of every so manieth image, and the members of each cluster."""
    parts, start, n_members = [], 0, np.zeros(mixture.n_components, dtype=np.int64)
    for path in paths:
        with open_embeddings(path) as embeddings:
            for _, clusters, responsibilities, _ in mixture.iterate(embeddings.features):
                parts.append(responsibilities[-start % step :: step])
                start += len(clusters)
                n_members += np.bincount(clusters, minlength=mixture.n_components)
    return np.concatenate(parts), n_members


def _seen(mixture, labels_path, prior: tuple[float, float], n_members: np.ndarray) -> Seen:
    if labels_path is None:
        n_lenses = n_inspected = np.zeros(mixture.n_components)
    else:
        table = cluster_labels.read(labels_path, mixture.hash, mixture.n_components, prior)
        counted, inspected = (
            pd.to_numeric(table[name], "coerce").fillna(0).to_numpy(float)
            for name in ("n_lenses", "n_inspected")
        )
        is_counted = (table["variance"].to_numpy() > 0) & (inspected > 0)
        share = table["probability"].to_numpy(copy=True)
        np.divide(counted, inspected, out=share, where=is_counted)
        # A table may say of more members than there are in the training sample that they were seen.
        n_inspected = np.minimum(inspected, n_members)
        n_lenses = share * n_inspected
    left = n_members - n_inspected.astype(np.int64)
    return Seen(prior[0] + n_lenses, prior[1] + n_inspected - n_lenses, left)
