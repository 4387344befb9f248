"""Which members of a cluster are shown, and what the true labels say about the cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.cluster.judgements import representatives
from lensflow.cluster.mixture.parameters import MixtureParameters

RULES = {
    "random": "members drawn at random, each object once (the same 25 that the stand-in sees)",
    "nearest": "members nearest to the cluster's mean (Mahalanobis distance), nearest first,"
    " each object once",
}
HIGH_FRACTION = 0.6


@dataclass(frozen=True)
class Cluster:
    """One cluster of a sample, as figures show it.

    Attributes
    ----------
    number : int
        Component of the mixture.
    keys : tuple of (str, int)
        Identifier and quarter turns of the members shown, in order.
    is_lens : tuple of int
        True label of each member shown: 1, 0, or -1 where unknown.
    n_members : int
        Images of the sample in the cluster.
    lens_fraction, non_lens_fraction : float
        Among members with known labels; NaN without any.
    lens_share : float
        Share of the sample's lenses that lie here (F_len of Fig. 10); NaN without lenses.
    """

    number: int
    keys: tuple[tuple[str, int], ...]
    is_lens: tuple[int, ...]
    n_members: int
    lens_fraction: float
    non_lens_fraction: float
    lens_share: float


def read_clusters(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    n_shown: int = 25,
    choice: str = "random",
    seed: int = 0,
) -> list[Cluster]:
    """Return every cluster of a sample with the members to show, in the order of their numbers.

    Nothing else is needed: a person judges the clusters before there is any probability.

    Parameters
    ----------
    embeddings : sequence of path-like
        The sample's embeddings, all shards in order.
    mixture : path-like
        The mixture fitted to the training sample.
    n_shown : int
        Members to show at most.
    choice : {"random", "nearest"}
        How they are chosen, see :data:`RULES`. At random they are
        :func:`lensflow.cluster.judgements.representatives`.
    seed : int
        Seed of the random choice: the one given to the stage that labels the clusters.

    Returns
    -------
    list of Cluster
        One for each component, empty ones included.
    """
    fitted = MixtureParameters.load(mixture)
    table, positions = _read_sample(embeddings)
    table["cluster"] = fitted.labels(positions)
    numbers = range(fitted.n_components)
    if choice == "random":
        arrays = table["cluster"].to_numpy(), table["id"].to_numpy()
        shown = representatives(*arrays, len(numbers), seed, n_shown)
    else:
        shown = [_nearest(table, positions, fitted, number, n_shown) for number in numbers]
    return [_summary(number, table, rows) for number, rows in zip(numbers, shown, strict=True)]


def _read_sample(embeddings):
    """Id, rotation and label of each row (a table), and the embeddings, of all shards."""
    tables, positions = [], []
    for path in embeddings:
        with artifacts.open(path, "embeddings") as file:
            columns = {key: artifacts.read(file, key) for key in ("rotation", "is_lens")}
            ids = artifacts.read_strings(file, "id")
            tables.append(pd.DataFrame({"id": ids, **columns}))
            positions.append(artifacts.read(file, "embedding").astype(float))
    return pd.concat(tables, ignore_index=True), np.concatenate(positions)


def mahalanobis(x: np.ndarray, mean: np.ndarray, precision_cholesky: np.ndarray) -> np.ndarray:
    """Return the distances of points from a Gaussian's mean in its own units.

    Parameters
    ----------
    x : ndarray of shape (n, d)
    mean : ndarray of shape (d,)
    precision_cholesky : ndarray of shape (d, d)
        Upper triangular factor ``U`` with ``U @ U.T`` the inverse covariance.

    Returns
    -------
    ndarray of shape (n,)
    """
    return np.linalg.norm((x - mean) @ precision_cholesky, axis=1)


def _nearest(table, positions, fitted, number, n_shown):
    """Rows of a cluster by rising distance from its mean, the first row of each object only."""
    rows = np.flatnonzero(table["cluster"] == number)
    shape = fitted.means[number], fitted.precisions_cholesky[number]
    order = np.argsort(mahalanobis(positions[rows], *shape), kind="stable")
    first = table["id"].iloc[rows[order]].drop_duplicates().head(n_shown)
    return first.index.to_numpy()


def _summary(number, table, rows_shown):
    is_lens = table["is_lens"].to_numpy()
    members = table["cluster"].to_numpy() == number
    known = is_lens[members & (is_lens >= 0)]
    n_lenses = np.count_nonzero(is_lens == 1)
    fraction = float(np.mean(known == 1)) if known.size else np.nan
    shown = table.iloc[rows_shown]
    return Cluster(
        number=number,
        keys=tuple(zip(shown["id"], shown["rotation"].tolist(), strict=True)),
        is_lens=tuple(shown["is_lens"].tolist()),
        n_members=int(members.sum()),
        lens_fraction=fraction,
        non_lens_fraction=1 - fraction,
        lens_share=np.count_nonzero(known == 1) / n_lenses if n_lenses else np.nan,
    )


def by_lens_fraction(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Return the clusters with the highest lens fraction first; unknown fractions come last."""
    return sorted(clusters, key=lambda c: (np.isnan(c.lens_fraction), -c.lens_fraction, c.number))


def select(clusters: Sequence[Cluster], variant: str) -> list[Cluster]:
    """Return the clusters of one of the paper's figures, in its order.

    Parameters
    ----------
    clusters : sequence of Cluster
    variant : {"lens", "non_lens", "uncertain", "all"}
        Lens fraction of at least 0.6 (Fig. 10), non-lens fraction of at least 0.6 (Fig. 11),
        neither (Fig. 12), or every cluster that has members (Fig. A1).

    Returns
    -------
    list of Cluster
        The purest first; for "all" and "uncertain" by falling lens fraction.
    """
    ordered = [cluster for cluster in by_lens_fraction(clusters) if cluster.n_members]
    if variant == "all":
        return ordered
    if variant == "lens":
        return [c for c in ordered if c.lens_fraction >= HIGH_FRACTION]
    if variant == "non_lens":
        return [c for c in reversed(ordered) if c.non_lens_fraction >= HIGH_FRACTION]
    return [c for c in ordered if max(c.lens_fraction, c.non_lens_fraction) < HIGH_FRACTION]
