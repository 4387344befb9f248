import numpy as np
import pytest
from scipy.stats import rankdata

from lensflow.evaluate.ranks import Ranks


def ranked(values, parts=1):
    ranks = Ranks()
    for part in np.array_split(values, parts):
        ranks.add(part)
    return ranks.shares(values)


def values(n=20_000, seed=0):
    """Of both signs and many sizes, as log densities and statistics are."""
    draw = np.random.default_rng(seed)
    return (draw.normal(size=n) * 10 ** draw.uniform(-3, 4, n)).astype(np.float32)


def test_shares_are_the_ranks_of_scipy():
    x = values()
    expected = (rankdata(x, "min") - 1) / len(x)
    assert ranked(x) == pytest.approx(expected, abs=2e-3)
    assert np.corrcoef(ranked(x), expected)[0, 1] > 0.999999


def test_the_order_is_kept_and_ties_stay_ties():
    x = np.concatenate([values(), [0.0, -0.0, 1.5, 1.5]])
    shares = ranked(x)
    order = np.argsort(x, kind="stable")
    assert (np.diff(shares[order]) >= 0).all()
    assert shares[-1] == shares[-2]
    assert shares[-3] == shares[-4]
    distinct = np.diff(x[order].astype(np.float32)) > 0
    assert (np.diff(shares[order])[distinct] > 0).all()


def test_parts_change_nothing():
    x = values(1001)
    assert ranked(x, 7) == pytest.approx(ranked(x), abs=0)


def test_the_lowest_and_the_highest():
    ranks = Ranks()
    ranks.add([1.0, 2.0, 4.0, 8.0])
    assert ranks.shares([0.5, 1.0, 3.0, 100.0]).tolist() == [0, 0, 0.5, 1]


def test_nothing_counted_ranks_nothing():
    assert Ranks().shares([1.0]).tolist() == [0]
