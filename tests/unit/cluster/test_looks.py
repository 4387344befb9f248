import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lensflow.cluster import clusterers, looks
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.looks import Seen, choose_looks_stage, expected_gain
from unit.cluster.conftest import N


def test_outcomes_are_those_of_scipy():
    expected = stats.betabinom(5, 0.5, 2.5).pmf(np.arange(6))
    np.testing.assert_allclose(looks._outcomes(5, 0.5, 2.5), expected, rtol=1e-10)


def test_the_gain_by_hand(monkeypatch):
    """Two clusters of ten; the list holds ten: one look at the unknown one may exchange all."""
    monkeypatch.setattr(looks, "N_LOOKS", 1)
    responsibilities = np.repeat(np.eye(2), 10, axis=0)
    seen = Seen(np.array([6.0, 1.0]), np.array([4.0, 1.0]), np.array([5, 10]))
    gain, reduction = expected_gain(responsibilities, seen, 10)
    # A lens, one half of the time, makes 2/3 of 1/2, and ten of these replace ten of 0.6.
    np.testing.assert_allclose(gain[1], 0.5 * 10 * (2 / 3 - 0.6))
    # A non-lens makes 6/11 of 0.6, still more than one half: the same ten, of the same mean.
    np.testing.assert_allclose(gain[0], 0.0, atol=1e-12)
    # Of the variance of Beta(6, 4) one part in eleven goes; those of the other are not listed.
    np.testing.assert_allclose(reduction, [6 * 4 / (100 * 11) / 11, 0.0])


def test_the_gain_is_that_of_drawn_looks():
    rng = np.random.default_rng(0)
    responsibilities = rng.dirichlet(np.full(4, 0.4), size=80)
    seen = Seen(rng.uniform(0.5, 4, 4), rng.uniform(0.5, 4, 4), np.full(4, 30))
    gain, reduction = expected_gain(responsibilities, seen, 10)
    p_lens = responsibilities @ (seen.a / (seen.a + seen.b))
    now = np.sort(p_lens)[-10:].sum()
    for k in range(4):
        found = rng.binomial(looks.N_LOOKS, rng.beta(seen.a[k], seen.b[k], 20_000))
        moved = (seen.a[k] + found) / (seen.a[k] + seen.b[k] + looks.N_LOOKS)
        shift = moved - seen.a[k] / (seen.a[k] + seen.b[k])
        then = p_lens + responsibilities[:, k] * shift[:, None]
        drawn = np.sort(then, axis=1)[:, -10:].sum(axis=1) - now
        assert gain[k] == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(20_000))
    assert (reduction > 0).all()


def test_images_of_equal_probability_count_alike_in_whatever_order_they_come():
    """Before anyone has looked p is the same for all, but for the rounding error of its sum."""
    random = np.random.default_rng(1)
    responsibilities = random.dirichlet(np.full(4, 0.05), size=300)
    seen = Seen(np.full(4, 0.5), np.full(4, 0.5), np.full(4, 30))
    _, reduction = expected_gain(responsibilities, seen, 20)
    weight = (responsibilities**2).mean(axis=0)
    np.testing.assert_allclose(reduction, weight * 0.125 * looks.N_LOOKS / (1 + looks.N_LOOKS))
    # One image is surely on the list, and the others share the nine places that are left.
    seen = Seen(np.array([9.0, 1.0, 1.0]), np.array([1.0, 9.0, 9.0]), np.full(3, 30))
    responsibilities = np.repeat(np.eye(3), [1, 12, 6], axis=0)
    _, reduction = expected_gain(responsibilities, seen, 10)
    weight = np.array([1.0, 12 * 9 / 18, 6 * 9 / 18]) / 10
    np.testing.assert_allclose(reduction, weight * (0.09 / 11) * looks.N_LOOKS / 15)


def test_a_cluster_that_was_seen_whole_is_not_looked_at_again():
    responsibilities = np.repeat(np.eye(2), 10, axis=0)
    seen = Seen(np.array([1.0, 1.0]), np.array([1.0, 1.0]), np.array([0, 10]))
    gain, reduction = expected_gain(responsibilities, seen, 5)
    assert (gain[0], reduction[0]) == (0.0, 0.0)
    assert gain[1] > 0


def chosen(folder, labels, **settings):
    shards = [folder / "shard_0.h5", folder / "shard_1.h5"]
    choose_looks_stage(
        folder / "mixture.h5", shards, labels, (0.5, 0.5), 20, folder / "looks.csv", **settings
    )
    return pd.read_csv(folder / "looks.csv")


def test_before_anyone_has_looked_all_clusters_are_alike_in_probability(folder):
    table = chosen(folder, None)
    assert list(table) == looks.COLUMNS
    assert sorted(table["cluster"]) == [0, 1]
    assert (table["probability"] == 0.5).all()
    assert table["n_inspected"].tolist() == [0, 0]
    assert table["n_members"].tolist() == [N // 2, N // 2]
    assert (table["expected_lenses"] > 0).all()


def test_counts_and_given_probabilities_are_what_was_seen(folder):
    fitted = clusterers.load(folder / "mixture.h5")
    seen = {"n_members": [30, 30], "n_inspected": [10, 10], "n_lenses": [2, np.nan]}
    cluster_labels.write(folder / "p.csv", [np.nan, 1.0], fitted.hash, who="", **seen)
    table = chosen(folder, folder / "p.csv").set_index("cluster").sort_index()
    np.testing.assert_allclose(table["probability"], [2.5 / 11, 10.5 / 11])
    assert table["n_inspected"].tolist() == [10, 10]


def test_no_more_is_seen_of_a_cluster_than_is_in_it(folder):
    """Where a table says so, the share of lenses counts, and all members were seen."""
    fitted = clusterers.load(folder / "mixture.h5")
    seen = {"n_members": [N, N], "n_inspected": [2 * N, 0], "n_lenses": [N, 0]}
    cluster_labels.write(folder / "p.csv", [np.nan, np.nan], fitted.hash, who="", **seen)
    table = chosen(folder, folder / "p.csv").set_index("cluster").sort_index()
    assert table["n_inspected"].tolist() == [N // 2, 0]
    np.testing.assert_allclose(table["probability"], [0.5, 0.5])
    assert table["variance_reduction"].tolist()[0] == 0


def test_every_second_image_stands_for_all(folder, monkeypatch):
    whole = chosen(folder, None)
    monkeypatch.setattr(looks, "N_IMAGES", N // 2)
    half = chosen(folder, None)
    assert half["n_members"].tolist() == whole["n_members"].tolist()
    np.testing.assert_allclose(half["expected_lenses"], whole["expected_lenses"], rtol=0.1)
