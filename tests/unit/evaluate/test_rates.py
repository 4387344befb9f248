import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from lensflow.evaluate import rates
from lensflow.evaluate.columns import RATES_COLUMNS
from lensflow.evaluate.metrics import Ranking, lenses_among_best
from lensflow.evaluate.ranked import RankedSample, Score


def ranked(is_lens, values, labels="known", judged_fraction=0.5):
    score = Score(labels, "all", 1, np.asarray(values, float), judged_fraction)
    ids = np.arange(len(is_lens)).astype(str)
    return RankedSample("test", ids, np.asarray(is_lens), [score], pd.DataFrame())


def table(one, n_bootstrap=20, seed=0):
    return pd.DataFrame(rates.rate_rows(one, n_bootstrap, seed))


def overlapping(n_lens, n_nonlens, seed=0):
    """Scores of lenses and non-lenses from normal distributions that are 2 apart."""
    draw = np.random.default_rng(seed)
    is_lens = np.repeat([1, 0], [n_lens, n_nonlens])
    return is_lens, draw.normal(2.0 * is_lens)


def of(is_lens, values, weight):
    counts = Ranking(is_lens, values).counts()
    return rates.purity_and_completeness(counts.true_positives, counts.false_positives, weight)


def test_by_hand():
    """Ten objects as they are, five lenses: L L N L N | N L N N L."""
    is_lens = [1, 1, 0, 1, 0, 0, 1, 0, 0, 1]
    length, purity, completeness = of(is_lens, -np.arange(10.0), 1.0)
    found = dict(zip(rates.SELECTIONS, zip(length, purity, completeness, strict=True), strict=True))
    assert found["best 10 %"] == pytest.approx((1, 1, 1 / 5))
    assert found["best 50 %"] == pytest.approx((5, 3 / 5, 3 / 5))
    assert found["purity 50 %"] == pytest.approx((10, 1 / 2, 1))


def test_the_longest_pure_list_by_hand():
    """L N N N L N: a half of the first two, and never again."""
    length, purity, completeness = of([1, 0, 0, 0, 1, 0], -np.arange(6.0), 1.0)
    assert (length[-1], purity[-1], completeness[-1]) == pytest.approx((2, 0.5, 0.5))
    # Where each non-lens counts three times, the list ends a third of the way into the first.
    length, purity, completeness = of([1, 0, 0, 0, 1, 0], -np.arange(6.0), 3.0)
    assert (length[-1], purity[-1], completeness[-1]) == pytest.approx((2, 0.5, 0.5))


def test_a_list_that_cannot_be_pure_is_empty():
    length, purity, completeness = of([0, 0, 1], [0.9, 0.5, 0.1], 1.0)
    assert (length[-1], completeness[-1]) == (0, 0)
    assert np.isnan(purity[-1])


@pytest.mark.parametrize("weight", [1, 3, 40])
def test_weights_are_copies(weight):
    is_lens, values = overlapping(20, 60)
    values = np.round(values, 1)  # with ties
    times = np.where(is_lens == 1, 1, weight)
    copied = np.repeat(is_lens, times), np.repeat(values, times)
    for ours, theirs in zip(of(is_lens, values, weight), of(*copied, 1.0), strict=True):
        assert ours == pytest.approx(theirs)
    length, purity, _ = of(is_lens, values, weight)
    best = lenses_among_best(*copied, length[:-1])
    assert purity[:-1] == pytest.approx(best / length[:-1])


def test_the_weight_makes_the_lens_fraction():
    for fraction in (0.4, *rates.LENS_FRACTIONS):
        n_nonlens = 60 * rates.nonlens_weight(20, 60, fraction)
        assert 20 / (20 + n_nonlens) == pytest.approx(fraction)


def test_rows_are_there_for_every_fraction_and_selection_and_complete():
    found = table(ranked(*overlapping(30, 70)))
    assert set(found.columns) == set(RATES_COLUMNS)
    assert found["lens_fraction"].unique().tolist() == [0.3, *rates.LENS_FRACTIONS]
    assert len(found) == 4 * len(rates.SELECTIONS)
    assert found[found["n_selected"] > 0].notna().all(axis=None)
    for name in ("purity", "completeness"):
        assert (found[f"{name}_low"] <= found[name]).all()
        assert (found[name] <= found[f"{name}_high"]).all()
    share = found[found["selection"] == "best 1 %"]
    assert share["n_selected"].tolist() == pytest.approx([1, 30, 300, 3000])


def test_all_equal_scores_are_as_good_as_chance():
    found = table(ranked([1] * 30 + [0] * 70, np.zeros(100)))
    found = found[found["selection"].str.startswith("best") & (found["lens_fraction"] == 0.01)]
    assert found["purity"].to_numpy() == pytest.approx(0.01)
    assert found["completeness"].to_numpy() == pytest.approx(np.array(rates.SHARES))


def test_an_undefined_purity_is_empty_and_its_completeness_is_zero():
    found = table(ranked([0, 0, 1], [0.9, 0.5, 0.1]))
    empty = found[found["selection"] == "purity 50 %"]
    assert empty[["purity", "purity_low", "purity_high", "purity_expected"]].isna().all(axis=None)
    assert (empty["completeness"] == 0).all()


def test_probabilities_that_are_right_promise_the_purity():
    """p from the two densities themselves, for equal numbers; a score by density promises none."""
    even = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    is_lens, values = np.repeat([1, 0], 20_000), np.concatenate([even + 2, even])
    p_lens = 1 / (1 + norm.pdf(values) / norm.pdf(values, 2))
    found = table(ranked(is_lens, p_lens), n_bootstrap=10)
    found = found[found["selection"].isin(["best 1 %", "best 10 %"])]
    assert found["purity_expected"].to_numpy() == pytest.approx(found["purity"], rel=0.02)
    density = table(ranked(is_lens, values, "density", np.nan), n_bootstrap=10)
    assert density["purity_expected"].isna().all()


def test_a_sample_without_a_class_has_no_rates():
    assert list(rates.rate_rows(ranked([1, 1], [0.1, 0.2]), 10, 0)) == []


def test_no_non_lens_near_the_top_does_not_say_that_there_is_none():
    """The list of the best 0.1 % is in front of all 50 non-lenses, each of which counts for 99."""
    found = table(ranked([1] * 50 + [0] * 50, np.repeat([1.0, 0.0], 50)), n_bootstrap=400)
    row = found[(found["lens_fraction"] == 0.01) & (found["selection"] == "best 0.1 %")].iloc[0]
    assert (row["purity"], row["purity_high"]) == (1, 1)
    assert row["purity_low"] < 0.2


def test_the_interval_covers_the_truth():
    """Of 100 samples of a population, 68 have an interval that holds its completeness."""
    edge = np.linspace(-6, 9, 200_001)
    lenses, all_objects = norm.sf(edge, 2), 0.01 * norm.sf(edge, 2) + 0.99 * norm.sf(edge)
    truth = np.interp(-0.1, -all_objects, lenses)
    held = []
    for seed in range(100):
        found = table(ranked(*overlapping(60, 120, seed)), n_bootstrap=100, seed=seed)
        where = (found["lens_fraction"] == 0.01) & (found["selection"] == "best 10 %")
        row = found[where].iloc[0]
        held.append(row["completeness_low"] <= truth <= row["completeness_high"])
    assert np.mean(held) == pytest.approx(0.68, abs=0.12)


def test_what_is_selected_of_each_object_adds_up_to_the_list():
    is_lens, values = overlapping(20, 80)
    values = np.round(values)  # with ties, also where the list ends
    one = ranked(is_lens, values)
    share = rates.selected_share(one, one.scores[0], 0.01, 0.05)
    weight = rates.nonlens_weight(20, 80, 0.01)
    assert np.sum(share * np.where(is_lens == 1, 1, weight)) == pytest.approx(0.05 * 2000)
    partly = (share > 0) & (share < 1)
    assert np.unique(values[partly]).size == np.unique(share[partly]).size == 1
    row = table(one).query("lens_fraction == 0.01 and selection == 'best 5 %'").iloc[0]
    assert share[is_lens == 1].mean() == pytest.approx(row["completeness"])


def test_in_an_order_a_list_ends_between_two_objects_of_equal_probability():
    """Ten tied objects, five lenses: at random one half of any list; in this order the best."""
    is_lens, p_lens = np.repeat([1, 0], 5), np.full(10, 0.9)
    tied = ranked(is_lens, p_lens)
    ordered = dataclasses.replace(tied.scores[0], order=np.arange(10.0)[::-1])
    found = {
        name: table(dataclasses.replace(tied, scores=[score])).set_index(
            ["lens_fraction", "selection"]
        )
        for name, score in (("tied", tied.scores[0]), ("ordered", ordered))
    }
    half = {name: rows.loc[(0.5, "best 50 %")] for name, rows in found.items()}
    assert half["tied"][["purity", "completeness"]].tolist() == pytest.approx([0.5, 0.5])
    assert half["ordered"][["purity", "completeness"]].tolist() == pytest.approx([1.0, 1.0])
    # What the probabilities promise is the same.
    promised = [rows["purity_expected"].drop(rates.PURE, level=1) for rows in found.values()]
    pd.testing.assert_series_equal(*promised)
    share = rates.selected_share(tied, ordered, 0.5, 0.3)
    assert share.tolist() == [1, 1, 1, *[0] * 7]
