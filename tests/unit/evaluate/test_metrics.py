import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as peer

from lensflow.evaluate import metrics


def tpr0(is_lens, p, weight=None):
    return metrics.all_metrics(is_lens, p, weight)["tpr0"]


def tpr10(is_lens, p, weight=None):
    return metrics.all_metrics(is_lens, p, weight)["tpr10"]


def random_sample(seed, n=400, levels=12):
    rng = np.random.default_rng(seed)
    is_lens = rng.integers(2, size=n)
    p = np.round(np.clip(0.3 * is_lens + rng.random(n), 0, 1) * levels) / levels
    return is_lens, p, rng.integers(0, 5, size=n)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_scikit_learn(seed, weighted):
    is_lens, p, weight = random_sample(seed)
    w = weight if weighted else None
    ours = metrics.all_metrics(is_lens, p, w)
    called = p > 0.5
    expected = {
        "auc": peer.roc_auc_score(is_lens, p, sample_weight=w),
        "recall": peer.recall_score(is_lens, called, sample_weight=w),
        "precision": peer.precision_score(is_lens, called, sample_weight=w),
        "f1": peer.f1_score(is_lens, called, sample_weight=w),
        "accuracy": peer.accuracy_score(is_lens, called, sample_weight=w),
    }
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, abs=1e-12), name
    cells = peer.confusion_matrix(is_lens, called, sample_weight=w).ravel()
    assert [ours[n] for n in ("tn", "fp", "fn", "tp")] == pytest.approx(cells)


def test_roc_curve_agrees_with_scikit_learn():
    is_lens, p, weight = random_sample(7)
    ours = metrics.Ranking(is_lens, p).counts(weight)
    fpr, tpr, thresholds = peer.roc_curve(is_lens, p, sample_weight=weight, drop_intermediate=False)
    np.testing.assert_allclose(ours.fpr, fpr)
    np.testing.assert_allclose(ours.tpr, tpr)
    np.testing.assert_array_equal(ours.thresholds, thresholds)
    assert (ours.fpr[0], ours.tpr[0], ours.fpr[-1], ours.tpr[-1]) == (0, 0, 1, 1)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=30
    )
)
def test_integer_weights_are_copies(rows):
    is_lens, p, weight = np.array(rows).T
    copies = np.repeat(np.arange(len(rows)), weight)
    weighted = metrics.all_metrics(is_lens, p / 6, weight)
    copied = metrics.all_metrics(is_lens[copies], p[copies] / 6)
    for name, value in weighted.items():
        np.testing.assert_allclose(value, copied[name], err_msg=name)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=1, max_size=40))
def test_auroc_is_the_chance_of_a_right_order(rows):
    is_lens, p = np.array(rows).T
    lens, nonlens = p[is_lens == 1, np.newaxis], p[is_lens == 0]
    area = metrics.auroc(is_lens, p)
    if lens.size and nonlens.size:
        wins = (lens > nonlens).mean() + 0.5 * (lens == nonlens).mean()
        assert area == pytest.approx(wins)
    else:
        assert np.isnan(area)


def test_tpr0_takes_ties_as_one_block():
    # Two lenses alone, then a block of two lenses and a non-lens.
    is_lens = [1, 1, 1, 1, 0, 1, 0]
    p = [0.9, 0.8, 0.7, 0.7, 0.7, 0.2, 0.1]
    assert tpr0(is_lens, p) == pytest.approx(2 / 5)
    # A weight of zero takes the non-lens out of the block.
    assert tpr0(is_lens, p, [1, 1, 1, 1, 0, 1, 1]) == 1.0
    # A non-lens tied with the best leaves nothing.
    assert tpr0([1, 1, 0], [1.0, 1.0, 1.0]) == 0.0


def test_tpr0_allows_no_part_of_a_false_positive():
    assert tpr0([0, 1, 1], [0.9, 0.8, 0.7], [0.25, 1, 1]) == 0.0


def test_tpr10_allows_nine_false_positives():
    # Lens, nine non-lenses, lens, non-lens (the tenth), lens.
    is_lens = [1] + [0] * 9 + [1, 0, 1]
    p = np.linspace(1, 0, len(is_lens))
    assert tpr10(is_lens, p) == pytest.approx(2 / 3)
    # The tenth false positive in the block of the second lens takes that lens away.
    p[11] = p[10]
    assert tpr10(is_lens, p) == pytest.approx(1 / 3)


def test_tpr10_counts_weights():
    is_lens, p = [1, 0, 1, 0, 1], [5.0, 4.0, 3.0, 2.0, 1.0]
    assert tpr10(is_lens, p, [1, 9, 1, 1, 1]) == pytest.approx(2 / 3)
    assert tpr10(is_lens, p, [1, 10, 1, 1, 1]) == pytest.approx(1 / 3)


def test_half_is_not_called_a_lens():
    cells = metrics.Ranking([1, 0, 1, 0], [0.5, 0.5, 0.51, 0.49]).counts().confusion()
    assert cells == {"tp": 1, "fp": 0, "fn": 1, "tn": 2}


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_is_not_a_number(value):
    found = metrics.all_metrics(np.full(5, value), np.linspace(0, 1, 5))
    assert np.isnan([found["auc"], found["tpr0"], found["tpr10"]]).all()
    assert np.isnan(found["recall"]) == (value == 0)
    assert found["n_lens"] + found["n_nonlens"] == 5


def test_empty_sample_is_not_a_number():
    found = metrics.all_metrics(np.array([], dtype=int), np.array([]))
    assert np.isnan([found[n] for n in ("auc", "tpr0", "recall", "precision", "accuracy")]).all()


def test_nothing_called_has_no_precision():
    found = metrics.all_metrics([1, 0], [0.1, 0.2])
    assert np.isnan(found["precision"])
    assert (found["recall"], found["f1"], found["accuracy"]) == (0.0, 0.0, 0.5)


def test_metrics_of_one_weighting_are_numbers():
    found = metrics.as_numbers(metrics.all_metrics([1, 0, 1], [0.9, 0.2, 0.4]))
    assert all(type(value) is float for value in found.values())
    assert (found["auc"], found["recall"], found["n_lens"]) == (1.0, 0.5, 2.0)


def test_many_weightings_at_once():
    is_lens, p, weight = random_sample(3)
    weights = np.stack([weight, np.ones_like(weight), weight[::-1]])
    together = metrics.all_metrics(is_lens, p, weights)
    for i, w in enumerate(weights):
        for name, value in metrics.all_metrics(is_lens, p, w).items():
            assert together[name][i] == pytest.approx(value), name


def test_lenses_among_the_best_are_the_mean_over_orders_of_ties():
    is_lens, p = np.array([1, 0, 1, 0, 0, 1]), np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    length = np.array([1, 3, 6, 10])
    found = metrics.lenses_among_best(is_lens, p, length)
    length = np.minimum(length, 6)
    np.testing.assert_allclose(found / length, [1.0, 1.5 / 3, 0.5, 0.5])
    np.testing.assert_allclose(found / 3, [1 / 3, 0.5, 1.0, 1.0])
    np.testing.assert_allclose((length - found) / found, [0.0, 1.0, 1.0, 1.0])


def test_lenses_among_the_best_share_a_tie():
    found = metrics.lenses_among_best([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1], [1, 2, 3, 4], np.ones(4))
    np.testing.assert_allclose(found, [1, 1.5, 2, 2])


def test_lenses_among_the_best_by_weight():
    found = metrics.lenses_among_best([1, 0, 1], [3.0, 2.0, 1.0], 3, weight=[2, 0, 4])
    assert found / 3 == 1.0
    assert found / 6 == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("labels", "scores", "weight", "message"),
    [
        ([1, 0], [1.0], None, "2,.* labels"),
        ([1, -1], [0.5, 0.5], None, "unknown class"),
        ([1, 0], [np.nan, 0.5], None, "1 of 2 scores are not finite"),
        ([1, 0], [0.1, 0.5], [1], "received weights"),
        ([1, 0], [0.1, 0.5], [1, -1], "not negative"),
    ],
)
def test_wrong_input_is_explained(labels, scores, weight, message):
    with pytest.raises(ValueError, match=message):
        metrics.all_metrics(labels, scores, weight)
