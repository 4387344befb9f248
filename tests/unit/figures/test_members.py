import numpy as np
import pandas as pd

from lensflow.cluster import judgements
from lensflow.figures.cluster_columns import KIND_WORDS
from lensflow.figures.members import by_lens_fraction, read_clusters, select
from unit.figures.small_sample import run_files, write_small_sample


def test_fractions_and_shares_of_a_hand_made_case(small_sample):
    first, second, third, fourth = read_clusters(*small_sample, n_shown=25, seed=0)
    assert (first.n_members, first.lens_fraction, first.lens_share) == (4, 0.75, 0.75)
    assert (second.n_members, second.lens_fraction, second.lens_share) == (4, 0.25, 0.25)
    assert first.non_lens_fraction == 0.25
    assert third.n_members == 1
    assert np.isnan(third.lens_fraction)
    assert fourth.n_members == 0
    assert fourth.keys == ()


def test_each_object_is_shown_once(tmp_path):
    ids = ["a", "a", "b", "b", "c"]
    small = write_small_sample(tmp_path, [1] * 5, [0] * 5, np.eye(5, 2), 1, ids)
    (cluster,) = read_clusters(*small, n_shown=25, seed=0)
    assert sorted(key[0] for key in cluster.keys) == ["a", "b", "c"]
    assert cluster.n_members == 5


def test_random_members_are_those_that_the_stand_in_inspects(paths):
    embeddings, mixture = run_files(paths)
    table = pd.read_csv(paths["runs"][0] / "scores_train.csv", dtype={"id": str})
    rows = judgements.representatives(
        table["cluster"].to_numpy(), table["id"].to_numpy(), 6, seed=3
    )
    clusters = read_clusters(embeddings, mixture, n_shown=25, seed=3)
    for cluster, expected in zip(clusters, rows, strict=True):
        assert [key[0] for key in cluster.keys] == table["id"].iloc[expected].tolist()


def test_shards_make_one_sample(small_sample):
    (path,), mixture = small_sample
    once = read_clusters([path], mixture, n_shown=25, seed=0)[0]
    twice = read_clusters([path, path], mixture, n_shown=25, seed=0)[0]
    assert twice.n_members == 2 * once.n_members
    assert len(twice.keys) == len(once.keys)


def test_kinds_split_the_clusters_at_their_fractions(small_sample):
    clusters = read_clusters(*small_sample, n_shown=25, seed=0)
    chosen = {kind: [c.number for c in select(clusters, kind)] for kind in KIND_WORDS}
    assert chosen["lens"] == [0]
    assert chosen["non_lens"] == [1]
    assert chosen["uncertain"] == []
    assert [c.number for c in by_lens_fraction(clusters)] == [0, 1, 2, 3]
