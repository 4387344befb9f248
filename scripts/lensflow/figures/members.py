"""Which members of a cluster are shown, and what the true labels say about the cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensflow.cluster import clusterers
from lensflow.cluster.judgements import representatives
from lensflow.cluster.makeup import describe_clusters
from lensflow.samples.embeddings import read_embeddings

SHOWN = "Shown: members drawn at random, each object once (of the 25 that the stand-in sees)."


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
    kind : {"lens", "non_lens", "uncertain", "empty"}
        What prevails in it.
    """

    number: int
    keys: tuple[tuple[str, int], ...]
    is_lens: tuple[int, ...]
    n_members: int
    lens_fraction: float
    non_lens_fraction: float
    lens_share: float
    kind: str


def read_clusters(
    embeddings: Sequence[Path | str], mixture: Path | str, n_shown: int, seed: int
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
        Members to show at most: those of `lensflow.cluster.judgements.representatives`.
    seed : int
        Seed of the choice: the one given to the stage that labels the clusters.

    Returns
    -------
    list of Cluster
        One for each component, empty ones included.
    """
    fitted = clusterers.load(mixture)
    features, table = read_embeddings(embeddings)
    clusters = fitted.labels(features.astype(float))
    described = describe_clusters(clusters, table["is_lens"], fitted.n_components)
    shown = representatives(clusters, table["id"], fitted.n_components, seed, n_shown)
    rows = zip(described.itertuples(), shown, strict=True)
    return [_cluster(described_row, table.iloc[members]) for described_row, members in rows]


def _cluster(described, shown):
    return Cluster(
        number=described.cluster,
        keys=tuple(zip(shown["id"], shown["rotation"].tolist(), strict=True)),
        is_lens=tuple(shown["is_lens"].tolist()),
        n_members=described.n_images,
        lens_fraction=described.lens_fraction,
        non_lens_fraction=described.non_lens_fraction,
        lens_share=described.lens_share,
        kind=described.kind,
    )


def by_lens_fraction(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Return the clusters with the highest lens fraction first; unknown fractions come last."""
    return sorted(clusters, key=lambda c: (np.isnan(c.lens_fraction), -c.lens_fraction, c.number))


def select(clusters: Sequence[Cluster], kind: str) -> list[Cluster]:
    """Return the clusters of one of the paper's figures, in its order.

    Parameters
    ----------
    clusters : sequence of Cluster
    kind : {"lens", "non_lens", "uncertain"}
        Lens fraction of at least 0.6 (Fig. 10), non-lens fraction of at least 0.6 (Fig. 11), or
        neither (Fig. 12): see `lensflow.cluster.makeup.describe_clusters`.

    Returns
    -------
    list of Cluster
        The purest first; for "uncertain" by falling lens fraction.
    """
    ordered = [cluster for cluster in by_lens_fraction(clusters) if cluster.kind == kind]
    return ordered[::-1] if kind == "non_lens" else ordered
