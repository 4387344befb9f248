import numpy as np
import pytest
from scipy import stats

from lensflow.cluster.posterior import (
    beta_posterior,
    probability_interval,
    probability_variance,
)
from lensflow.cluster.probability import lens_probability

K = 6


@pytest.mark.parametrize("prior", [(0.5, 0.5), (1.0, 1.0), (2.0, 0.3)])
def test_the_posterior_is_that_of_scipy(prior):
    n_lenses, n = np.array([0, 3, 25]), np.array([0, 10, 25])
    mean, variance = beta_posterior(n_lenses, n, prior)
    expected = stats.beta(prior[0] + n_lenses, prior[1] + n - n_lenses)
    np.testing.assert_allclose(mean, expected.mean(), rtol=1e-14)
    np.testing.assert_allclose(variance, expected.var(), rtol=1e-12)


def drawn(seed):
    """Responsibilities of some images, counts of six clusters, and draws of their fractions."""
    rng = np.random.default_rng(seed)
    responsibilities = rng.dirichlet(np.full(K, 0.3), size=40)
    n = rng.integers(1, 30, size=K)
    n_lenses = rng.binomial(n, rng.random(K))
    draws = rng.beta(n_lenses + 0.5, n - n_lenses + 0.5, size=(200_000, K))
    return responsibilities, n_lenses, n, draws


def test_the_variance_is_carried_through_equation_7_as_by_monte_carlo():
    responsibilities, n_lenses, n, draws = drawn(0)
    mean, variance = beta_posterior(n_lenses, n)
    images = draws @ responsibilities.T
    carried = probability_variance(responsibilities, variance, mean, 1 - mean)
    np.testing.assert_allclose(carried, images.var(axis=0), rtol=0.03)
    p_lens = lens_probability(responsibilities, mean)
    np.testing.assert_allclose(p_lens, images.mean(axis=0), atol=0.002)


def test_clusters_that_were_given_both_probabilities_normalise_as_by_monte_carlo():
    responsibilities, n_lenses, n, draws = drawn(1)
    mean, variance = beta_posterior(n_lenses, n)
    nonlens, variance = 1 - mean, variance.copy()
    mean[0], nonlens[0], variance[0] = 0.4, 0.1, 0.0
    images = np.stack([draws @ responsibilities.T, (1 - draws) @ responsibilities.T])
    change = np.array([[0.4], [0.1]]) - [draws[:, 0], 1 - draws[:, 0]]
    images += change[:, :, None] * responsibilities[:, 0]
    expected = images[0] / images.sum(axis=0)
    carried = probability_variance(responsibilities, variance, mean, nonlens)
    np.testing.assert_allclose(carried, expected.var(axis=0), rtol=0.03, atol=1e-9)
    p_lens = lens_probability(responsibilities, mean, nonlens)
    np.testing.assert_allclose(p_lens, expected.mean(axis=0), atol=0.002)


def test_the_interval_holds_what_it_says_of_draws():
    responsibilities, n_lenses, n, draws = drawn(2)
    mean, variance = beta_posterior(n_lenses, n)
    spread = probability_variance(responsibilities, variance, mean, 1 - mean)
    low, high = probability_interval(responsibilities @ mean, spread)
    images = draws @ responsibilities.T
    inside = ((images >= low) & (images <= high)).mean(axis=0)
    # Two moments are those of the sum of Beta distributions, the rest of its shape is not: where
    # clusters of which next to nothing was seen mix, the interval is wider than it need be.
    assert inside.min() > 0.66
    assert np.median(inside) == pytest.approx(0.68, abs=0.02)


def test_the_interval_of_one_cluster_is_exact():
    posterior = stats.beta(3.5, 8.5)
    low, high = probability_interval([posterior.mean()], [posterior.var()])
    np.testing.assert_allclose([low[0], high[0]], posterior.ppf([0.16, 0.84]), rtol=1e-9)


def test_where_none_or_all_are_lenses_the_interval_begins_there():
    none, every = stats.beta(0.5, 10.5), stats.beta(10.5, 0.5)
    mean, variance = [none.mean(), every.mean()], [none.var(), every.var()]
    low, high = probability_interval(mean, variance)
    np.testing.assert_allclose(low, [0.0, every.ppf(0.32)], rtol=1e-9)
    np.testing.assert_allclose(high, [none.ppf(0.68), 1.0], rtol=1e-9)
    # Of both, nothing is known: an interval about the middle.
    low, high = probability_interval([0.5], [0.125])
    np.testing.assert_allclose([low[0], high[0]], stats.beta(0.5, 0.5).ppf([0.16, 0.84]))


def test_what_is_certain_has_no_width_and_the_mean_is_always_inside():
    mean = np.array([0.0, 0.3, 1.0, 1.0, 0.5])
    low, high = probability_interval(mean, [0.0, 0.0, 0.0, 1e-9, 0.0])
    np.testing.assert_array_equal(low, mean)
    np.testing.assert_array_equal(high, mean)
    mean, variance = np.array([0.5, 0.001, 0.9]), np.array([0.25, 0.0009, 1e-17])
    low, high = probability_interval(mean, variance)
    assert np.isfinite([low, high]).all()
    assert ((low <= mean) & (mean <= high) & (low >= 0) & (high <= 1)).all()


def test_where_nothing_is_said_there_is_no_variance():
    zero = np.zeros(2)
    assert probability_variance(np.array([[0.5, 0.5]]), zero, zero, zero).tolist() == [0.0]
