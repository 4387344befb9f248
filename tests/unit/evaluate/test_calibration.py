import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from lensflow.evaluate import calibration
from lensflow.evaluate.columns import BRIER_COLUMNS, CALIBRATION_COLUMNS
from lensflow.evaluate.ranked import RankedSample, Score


def calibrated(n=1000, seed=0):
    """Probabilities, and classes drawn with them."""
    draw = np.random.default_rng(seed)
    p_lens = draw.uniform(size=n)
    return p_lens, (draw.uniform(size=n) < p_lens).astype(int)


def ranked(p_lens, is_lens, judged_fraction=0.5):
    score = Score("known", "all", 3, np.asarray(p_lens, float), judged_fraction)
    density = Score("density", "all", 3, -np.arange(len(p_lens), dtype=float), np.nan)
    ids = np.arange(len(p_lens)).astype(str)
    return RankedSample("test", ids, np.asarray(is_lens), [score, density], pd.DataFrame())


def test_odds_are_multiplied_by_the_ratio_of_the_odds():
    """0.8 where half are lenses: odds of 4; where 1 in 100 is, odds of 4 / 99."""
    assert calibration.shifted_probability(0.8, 0.5, 0.01) == pytest.approx((4 / 99) / (1 + 4 / 99))
    assert calibration.shifted_probability([0, 1], 0.5, 0.01).tolist() == [0, 1]


def test_a_shift_to_the_same_fraction_changes_nothing_and_one_back_undoes_it():
    p_lens = np.linspace(0, 1, 11)
    assert calibration.shifted_probability(p_lens, 0.3, 0.3) == pytest.approx(p_lens)
    there = calibration.shifted_probability(p_lens, 0.3, 0.001)
    assert calibration.shifted_probability(there, 0.001, 0.3) == pytest.approx(p_lens)


def test_shifted_probabilities_are_calibrated_where_non_lenses_are_more():
    """Weights on the non-lenses make the other population; in each bin p is the lens fraction."""
    p_lens, is_lens = calibrated(400_000)
    weight = np.where(is_lens == 1, 1.0, 9.0)
    to = np.average(is_lens, weights=weight)
    shifted = calibration.shifted_probability(p_lens, is_lens.mean(), to)
    bins = calibration.equal_count_bins(p_lens)
    for number in range(10):
        inside = bins == number
        expected, found = (
            np.average(values[inside], weights=weight[inside]) for values in (shifted, is_lens)
        )
        assert found == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("fractions", [(0, 0.5), (0.5, 1), (np.nan, 0.5)])
def test_a_fraction_without_odds_is_refused(fractions):
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration.shifted_probability(0.5, *fractions)


def test_bins_hold_as_many_objects_and_ties_stay_together():
    assert calibration.equal_count_bins(np.arange(20) / 20).tolist() == [i // 2 for i in range(20)]
    # Seven of ten are tied: the middle of their places, 3.5 of 10, falls in bin 3.
    tied = calibration.equal_count_bins(np.array([0.2] * 7 + [0.3, 0.4, 0.5]))
    assert tied.tolist() == [3] * 7 + [7, 8, 9]
    assert calibration.equal_count_bins(np.full(5, 0.4)).tolist() == [5] * 5


def test_bins_of_equal_width_hold_their_lower_edge():
    assert calibration.equal_width_bins([0, 0.05, 0.1, 0.5, 0.99, 1]).tolist() == [0, 0, 1, 5, 9, 9]


@pytest.mark.parametrize(
    ("strategy", "binned"),
    [("quantile", calibration.equal_count_bins), ("uniform", calibration.equal_width_bins)],
)
def test_reliability_is_that_of_scikit_learn(strategy, binned):
    p_lens, is_lens = calibrated()
    fraction, p_mean = calibration_curve(is_lens, p_lens, n_bins=10, strategy=strategy)
    found = calibration.reliability(p_lens, is_lens, binned(p_lens))
    assert found["fraction"] == pytest.approx(fraction)
    assert found["p_mean"] == pytest.approx(p_mean)
    assert found["n"].sum() == 1000


def test_brier_score_is_that_of_scikit_learn_and_the_sum_of_its_parts():
    p_lens, is_lens = calibrated()
    found = calibration.brier(p_lens, is_lens, calibration.equal_count_bins(p_lens))
    assert found["brier"] == pytest.approx(brier_score_loss(is_lens, p_lens))
    parts = found["reliability"] - found["resolution"] + found["uncertainty"]
    assert parts + found["within_bins"] == pytest.approx(found["brier"], abs=1e-12)


def test_the_parts_by_hand():
    """Two values of p, a bin each: Murphy's three parts are exact."""
    p_lens, is_lens = np.array([0.2, 0.2, 0.2, 0.2, 0.8, 0.8]), np.array([0, 0, 0, 1, 1, 1])
    found = calibration.brier(p_lens, is_lens, calibration.equal_width_bins(p_lens))
    assert found["uncertainty"] == pytest.approx(0.25)
    assert found["reliability"] == pytest.approx(4 / 6 * 0.05**2 + 2 / 6 * 0.2**2)
    assert found["resolution"] == pytest.approx(4 / 6 * 0.25**2 + 2 / 6 * 0.5**2)
    assert found["within_bins"] == pytest.approx(0, abs=1e-15)
    assert found["brier"] == pytest.approx((3 * 0.04 + 0.64 + 2 * 0.04) / 6)
    assert found["calibration_error"] == pytest.approx(4 / 6 * 0.05 + 2 / 6 * 0.2)


def test_rows_are_of_probabilities_alone_as_judged_and_shifted():
    p_lens, is_lens = calibrated(100)
    rows = pd.DataFrame(calibration.calibration_rows(ranked(p_lens, is_lens)))
    assert set(rows.columns) == set(CALIBRATION_COLUMNS)
    assert set(rows["labels"]) == {"known"}
    assert len(rows) == 2 * 2 * 10
    assert (rows.groupby(["prior", "binning"])["n"].sum() == 100).all()
    width = rows[(rows["binning"] == "width") & (rows["prior"] == "as judged")]
    assert width["p_low"].tolist() == pytest.approx(np.arange(10) / 10)
    count = rows[rows["binning"] == "count"]
    assert (count["p_low"] <= count["p_mean"]).all()
    assert (count["p_mean"] <= count["p_high"]).all()


def test_an_empty_bin_has_a_count_and_nothing_else():
    rows = pd.DataFrame(calibration.calibration_rows(ranked([0.5, 0.5], [1, 0])))
    empty = rows[(rows["n"] == 0) & (rows["binning"] == "count")]
    assert len(empty) == 2 * 9
    assert empty[["p_low", "p_high", "p_mean", "fraction", "fraction_low"]].isna().all(axis=None)
    assert rows[rows["n"] > 0].notna().all(axis=None)


def test_summary_has_both_priors_and_no_shift_without_odds():
    p_lens, is_lens = calibrated(5000)
    is_lens = is_lens[p_lens > 0.3]
    rows = pd.DataFrame(calibration.brier_rows(ranked(p_lens[p_lens > 0.3], is_lens)))
    assert set(rows.columns) == set(BRIER_COLUMNS)
    assert rows["prior"].tolist() == ["as judged", "shifted"]
    assert rows["lens_fraction"].tolist() == [is_lens.mean()] * 2
    # These p are right as they are: to shift them from a fraction of one half makes them worse.
    assert rows["brier"].is_monotonic_increasing
    for case in (ranked([0.5, 0.6], [1, 1]), ranked([0.5, 0.6], [0, 1], judged_fraction=0.0)):
        assert [row["prior"] for row in calibration.brier_rows(case)] == ["as judged"]
