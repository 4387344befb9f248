"""Which clusters of several models hold the same objects, so that one judgement serves them all."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

OVERLAP = 0.5
"""Clusters match above this share of their common members among all members of either. Above one
half no cluster has two partners in another model."""


class Match(NamedTuple):
    """A cluster of one model, and how much of it a founder holds: intersection over union."""

    model: int
    cluster: int
    overlap: float


def match_clusters(
    labels: Sequence[np.ndarray], n_components: Sequence[int], threshold: float = OVERLAP
) -> list[list[Match]]:
    """Return groups of clusters that hold the same objects.

    A group has a founder, the first of its clusters in the order of the models. A cluster of a
    later model joins the founder that it overlaps with most, if it does by more than the threshold,
    and founds a group of its own if not. Empty clusters match none.

    Parameters
    ----------
    labels : sequence of ndarray of int, shape (n,)
        By model, the cluster of each image; the images are the same in the same order.
    n_components : sequence of int
        By model, the number of clusters.
    threshold : float
        At least 1/2.

    Returns
    -------
    list of list of Match
        Every cluster of every model in exactly one group, the founder first.
    """
    groups: list[list[Match]] = []
    for model, (own, n_own) in enumerate(zip(labels, n_components, strict=True)):
        founders = [group[0] for group in groups]
        overlaps = _overlaps(labels, founders, own, n_own)
        for cluster in range(n_own):
            column = overlaps[:, cluster]
            best = int(column.argmax()) if column.size else 0
            if column.size and column[best] > threshold:
                groups[best].append(Match(model, cluster, float(column[best])))
            else:
                groups.append([Match(model, cluster, 1.0)])
    return groups


def _overlaps(labels, founders: Sequence[Match], own: np.ndarray, n_own: int) -> np.ndarray:
    """Return intersection over union of each founder with each cluster of a model."""
    sizes = np.bincount(own, minlength=n_own)
    overlaps = np.zeros((len(founders), n_own))
    for row, founder in enumerate(founders):
        members = labels[founder.model] == founder.cluster
        shared = np.bincount(own[members], minlength=n_own)
        union = members.sum() + sizes - shared
        overlaps[row] = np.divide(shared, union, out=np.zeros(n_own), where=union > 0)
    return overlaps


def member_shares(own: np.ndarray, judged: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return what share of a cluster's members is in each cluster of another model.

    Parameters
    ----------
    own, judged : ndarray of int, shape (n,)
        The cluster of each image in one model and in the other.
    shape : tuple of int
        The numbers of their clusters.

    Returns
    -------
    ndarray of that shape
        Rows sum to one, those of empty clusters to zero.
    """
    counts = np.zeros(shape)
    np.add.at(counts, (own, judged), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def nearest_clusters(
    embeddings: np.ndarray, labels: np.ndarray, n_components: int, n_nearest: int
) -> list[list[int]]:
    """Return the clusters whose mean members are nearest to each cluster's.

    Distances are in units of each feature's standard deviation over all images. Empty clusters have
    no neighbours and are none.

    Parameters
    ----------
    embeddings : ndarray of shape (n, d)
    labels : ndarray of int, shape (n,)
    n_components, n_nearest : int

    Returns
    -------
    list of list of int
        By cluster, the nearest first.
    """
    counts = np.bincount(labels, minlength=n_components)
    spread = embeddings.std(axis=0)
    scaled = embeddings / np.where(spread > 0, spread, 1)
    sums = np.stack([np.bincount(labels, column, n_components) for column in scaled.T], axis=1)
    filled = np.flatnonzero(counts)
    means = sums[filled] / counts[filled, None]
    distances = np.linalg.norm(means[:, None] - means[None], axis=2)
    nearest: list[list[int]] = [[] for _ in range(n_components)]
    for row, cluster in enumerate(filled):
        order = filled[np.argsort(distances[row], kind="stable")]
        nearest[cluster] = [int(other) for other in order if other != cluster][:n_nearest]
    return nearest
