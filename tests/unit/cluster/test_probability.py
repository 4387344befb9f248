import numpy as np
import pytest

from lensflow.cluster.probability import ROUNDING, lens_probability, log_odds
from lensflow.errors import LabelError


def test_equation_7_by_hand():
    responsibilities = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(
        lens_probability(responsibilities, np.array([1.0, 0.5, 0.0])), [0.35, 1.0], rtol=1e-12
    )


def test_normalisation_by_hand():
    responsibilities = np.array([[0.2, 0.8]])
    lens, nonlens = np.array([1.0, 0.5]), np.array([0.5, 0.25])
    # P_len = 0.6 and P_non = 0.3.
    np.testing.assert_allclose(lens_probability(responsibilities, lens, nonlens), [2 / 3])


def test_default_needs_no_normalisation():
    rng = np.random.default_rng(0)
    responsibilities, lens = rng.dirichlet(np.ones(5), size=50), rng.random(5)
    expected = responsibilities @ lens
    np.testing.assert_allclose(lens_probability(responsibilities, lens), expected, rtol=1e-11)
    np.testing.assert_allclose(lens_probability(responsibilities, lens, 1 - lens), expected)


def test_nothing_said_is_undecided():
    zero = np.zeros(2)
    np.testing.assert_array_equal(lens_probability(np.array([[0.5, 0.5]]), zero, zero), [0.5])


def test_rounding_error_makes_ties():
    rng = np.random.default_rng(1)
    responsibilities = rng.dirichlet(np.ones(24), size=1000)
    assert np.unique(responsibilities @ np.full(24, 0.7)).size > 1
    p = lens_probability(responsibilities, np.full(24, 0.7))
    assert np.unique(p).size == 1
    assert p[0] == pytest.approx(0.7, rel=1e-12)


def test_probabilities_have_forty_bits():
    rng = np.random.default_rng(2)
    p = lens_probability(rng.dirichlet(np.ones(5), size=100), rng.random(5))
    in_last_bit = np.ldexp(np.frexp(p)[0], 40)
    np.testing.assert_array_equal(in_last_bit, np.round(in_last_bit))
    assert (in_last_bit % 2 == 1).any()


def test_small_probabilities_keep_their_order():
    responsibilities = np.array([[1.0, 1e-30], [1.0, 2e-30], [1.0, 0.0]])
    p = lens_probability(responsibilities, np.array([0.0, 1.0]))
    assert p[1] > p[0] > p[2] == 0.0


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"received \(1, 2\), \(3,\) and \(3,\)"):
        lens_probability(np.ones((1, 2)), np.ones(3))
    with pytest.raises(ValueError, match="expected"):
        lens_probability(np.ones((1, 2)), np.ones(2), np.ones(3))


def test_log_odds_by_hand():
    responsibilities = np.array([[0.2, 0.3, 0.5], [0.5, 0.0, 0.5]])
    lens = np.array([1.0, 0.5, 0.0])
    found = log_odds(responsibilities, lens)
    np.testing.assert_allclose(found, [np.log(0.35 / 0.65), 0.0], atol=1e-4)
    np.testing.assert_array_equal(found, np.round(found, 4))
    np.testing.assert_array_equal(log_odds(np.eye(2), np.zeros(2), np.zeros(2)), [0.0, 0.0])


def test_log_odds_still_differ_where_probabilities_are_ties():
    responsibilities = np.array([[1.0, 1e-20], [1.0, 1e-40], [1.0, 0.0], [0.0, 1.0]])
    lens = np.array([1.0, 0.0])
    assert (lens_probability(responsibilities, lens)[:3] == 1.0).all()
    found = log_odds(responsibilities, lens)
    np.testing.assert_allclose(found[:2], [20 * np.log(10), 40 * np.log(10)], atol=1e-4)
    assert found[2] > found[1] > found[0] > 0 > found[3]
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    "arguments",
    [
        ([[1.0, 0.0]], [0.5, np.nan]),
        ([[1.0, 0.0]], [0.5, 0.5], [np.nan, 0.5]),
        ([[1.0, 0.0]], [0.5, 1.5]),
        ([[1.0, 0.0]], [0.5, 0.5], [-0.5, 0.5]),
        ([[np.nan, 0.0]], [0.5, 0.5]),
    ],
)
def test_what_is_no_probability_is_refused(arguments):
    """A NaN among the non-lens probabilities once gave every image 0.5."""
    with pytest.raises(LabelError, match=r"must lie in \[0, 1\]"):
        lens_probability(*map(np.array, arguments))


def test_rounding_error_is_allowed_and_no_more():
    shares = np.array([[1.0, 0.0]])
    for allowed in ([-ROUNDING, 1 + ROUNDING], [0.0, 1.0]):
        assert np.isfinite(lens_probability(shares, np.array(allowed))).all()
    for label in (-2 * ROUNDING, 1 + 2 * ROUNDING):
        with pytest.raises(LabelError, match=rf"received {min(label, 0.5):g} to "):
            lens_probability(shares, np.array([label, 0.5]))


def test_no_images_have_no_probabilities():
    assert lens_probability(np.zeros((0, 2)), np.array([1.0, 0.0])).shape == (0,)
