"""Clusters that hold the same objects in several models."""

import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from lensflow.cluster.matching import Match, match_clusters, member_shares, nearest_clusters


def test_a_model_matches_itself_whatever_its_clusters_are_called():
    own = np.random.default_rng(0).integers(0, 5, 200)
    renamed = np.array([3, 0, 4, 1, 2])[own]
    groups = match_clusters([own, renamed], [5, 5])
    assert groups == [[(0, k, 1.0), (1, [3, 0, 4, 1, 2][k], 1.0)] for k in range(5)]


def test_the_overlap_is_scikit_learns_jaccard_index():
    random = np.random.default_rng(1)
    first = random.integers(0, 3, 300)
    second = np.where(random.random(300) < 0.1, random.integers(0, 3, 300), first)
    for founder, partner in match_clusters([first, second], [3, 3]):
        expected = jaccard_score(first == founder.cluster, second == partner.cluster)
        assert partner.overlap == pytest.approx(expected)


def test_every_cluster_is_in_one_group_and_has_one_founder():
    random = np.random.default_rng(2)
    base = random.integers(0, 6, 500)
    models = [np.where(random.random(500) < 0.2, random.integers(0, 6, 500), base) for _ in "abc"]
    groups = match_clusters(models, [6, 6, 7])
    members = [(m.model, m.cluster) for group in groups for m in group]
    assert sorted(members) == sorted((m, k) for m, n in enumerate((6, 6, 7)) for k in range(n))
    for group in groups:
        assert len({m.model for m in group}) == len(group)
        assert all(m.overlap > 0.5 for m in group)


def test_halves_of_a_cluster_are_judged_by_themselves():
    whole, halves = np.zeros(10, int), np.repeat([0, 1], 5)
    assert match_clusters([whole, halves], [1, 2]) == [
        [Match(0, 0, 1.0)],
        [Match(1, 0, 1.0)],
        [Match(1, 1, 1.0)],
    ]


def test_a_later_model_may_match_what_the_second_founded():
    first, second = np.zeros(10, int), np.repeat([0, 1], 5)
    groups = match_clusters([first, second, second], [1, 2, 2])
    assert [[m[:2] for m in group] for group in groups] == [
        [(0, 0)],
        [(1, 0), (2, 0)],
        [(1, 1), (2, 1)],
    ]


def test_empty_clusters_match_none():
    assert match_clusters([np.zeros(4, int)] * 2, [2, 2]) == [
        [(0, 0, 1.0), (1, 0, 1.0)],
        [(0, 1, 1.0)],
        [(1, 1, 1.0)],
    ]


def test_the_nearest_clusters_come_by_distance_in_standard_deviations():
    labels = np.repeat([0, 1, 3], 10)
    embeddings = np.stack([labels * 1.0, np.tile([-1e3, 1e3], 15)], axis=1)
    assert nearest_clusters(embeddings, labels, 4, 2) == [[1, 3], [0, 3], [], [1, 0]]


def test_shares_of_members_by_hand():
    own, judged = np.array([0, 0, 0, 0, 2]), np.array([1, 1, 1, 0, 0])
    assert member_shares(own, judged, (3, 2)).tolist() == [[0.25, 0.75], [0, 0], [1, 0]]
