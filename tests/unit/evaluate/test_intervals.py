import numpy as np
import pytest
from scipy.stats import norm

from lensflow.evaluate.intervals import Z, wilson


def test_the_interval_holds_68_per_cent():
    assert norm.cdf(Z) - norm.cdf(-Z) == pytest.approx(0.68)


def test_by_hand():
    """Wilson's bounds solve (x - k/n)^2 = Z^2 x (1 - x) / n."""
    for bound in wilson(3, 10):
        assert (bound - 0.3) ** 2 == pytest.approx(Z**2 * bound * (1 - bound) / 10)


def test_none_and_all_have_a_width_and_nothing_has_none():
    low, high = wilson([0, 10, 0], [10, 10, 0])
    assert low[0] == 0
    assert high[0] == pytest.approx(Z**2 / (10 + Z**2))
    assert (low[1], high[1]) == pytest.approx((1 - high[0], 1))
    assert np.isnan([low[2], high[2]]).all()


def test_it_covers():
    """On average over fractions: at one of them, coverage jumps with the number found."""
    draw = np.random.default_rng(0)
    truth = draw.uniform(size=20_000)
    low, high = wilson(draw.binomial(40, truth), 40)
    assert np.mean((low <= truth) & (truth <= high)) == pytest.approx(0.68, abs=0.01)
