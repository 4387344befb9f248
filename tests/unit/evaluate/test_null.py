import numpy as np
import pandas as pd
from scipy.stats import sem

from lensflow.evaluate import null
from lensflow.samples.runs import Run
from lensflow.seeds import rng

RUN = Run("log", 3, 0)


def test_shuffled_labels_stay_with_their_object():
    ids = np.array(["b", "a", "b", "c", "a", "d"])
    is_lens = np.array([1, 0, 1, 0, 0, 1])
    shuffled = [null.shuffle_labels(is_lens, ids, rng(0, i)) for i in range(20)]
    for labels in shuffled:
        assert labels[0] == labels[2]
        assert labels[1] == labels[4]
        assert labels[[0, 1, 3, 5]].sum() == 2
    assert len({tuple(labels) for labels in shuffled}) > 1


def test_null_is_half_within_three_standard_errors():
    """Clusters that tell the classes well apart say nothing once the labels are shuffled."""
    noise = np.random.default_rng(3)
    ids = np.repeat(np.arange(1500).astype(str), 2)
    is_lens = np.repeat(noise.integers(2, size=1500), 2)
    logits = noise.normal(size=(3000, 8)) + 3.0 * np.outer(is_lens, np.arange(8) < 4)
    responsibilities = np.exp(3 * logits)
    responsibilities /= responsibilities.sum(axis=1, keepdims=True)
    held_out = np.repeat(np.arange(1500) % 3 == 0, 2)
    areas = null.null_aurocs(responsibilities, is_lens, ids, held_out, seed=5, n_shuffles=20)
    assert abs(areas.mean() - 0.5) < 3 * areas.std(ddof=1) / np.sqrt(20)
    fractions = null.known_fractions(
        responsibilities[~held_out].argmax(axis=1), is_lens[~held_out], 8
    )
    p = null.lens_probability(responsibilities[held_out], fractions)
    assert null.auroc(is_lens[held_out], p) > 0.9


def test_null_without_held_out_sample_halves_the_objects(folders):
    mixtures = {RUN: folders[0] / "mixture.h5"}
    embeddings = {(RUN, "train"): folders[0] / "embeddings_train.h5"}
    table = null.null_table(mixtures, embeddings, None, seed=1, n_shuffles=3)
    assert table[["scale", "n_features", "run"]].drop_duplicates().to_numpy().tolist() == [[*RUN]]
    assert len(table) == 3
    assert table["auc"].between(0.2, 0.8).all()


def test_runs_that_share_their_shuffles_make_the_null_no_more_certain():
    """Three runs that cluster alike say one thing of a shuffle, not three."""
    areas = 0.5 + np.random.default_rng(1).normal(0, 0.01, size=20)
    one = pd.DataFrame({"run": 0, "shuffle": range(20), "auc": areas})
    thrice = pd.concat([one.assign(run=run) for run in range(3)])
    expected = areas.mean(), sem(areas), 20
    np.testing.assert_allclose(null.mean_of_null(one), expected)
    np.testing.assert_allclose(null.mean_of_null(thrice), expected)
    assert np.isnan(null.mean_of_null(one.head(0))[:2]).all()


def test_runs_do_share_their_shuffles():
    noise = np.random.default_rng(2)
    is_lens, ids = noise.integers(2, size=600), np.arange(600).astype(str)
    clusters = np.eye(6)[noise.integers(6, size=600)]
    halves = np.arange(600) % 2 == 0
    # The other run calls the same clusters otherwise.
    runs = [
        null.null_aurocs(one, is_lens, ids, halves, seed=5, n_shuffles=10)
        for one in (clusters, clusters[:, ::-1])
    ]
    np.testing.assert_allclose(runs[0], runs[1])
