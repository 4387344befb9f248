import numpy as np
from scipy import special

from lensflow.cluster.combination import CLIP, logit, mean_probability, probability


def test_logits_and_probabilities_are_those_of_scipy():
    p_lens = np.linspace(CLIP, 1 - CLIP, 101)
    np.testing.assert_allclose(logit(p_lens), special.logit(p_lens), rtol=1e-12, atol=1e-15)
    logits = np.linspace(-30, 30, 101)
    np.testing.assert_allclose(probability(logits), special.expit(logits), atol=1e-15)


def test_what_is_certain_counts_as_nearly_so():
    expected = special.logit([CLIP, 1 - CLIP])
    np.testing.assert_allclose(logit(np.array([0.0, 1.0])), expected)


def test_the_mean_of_logits_by_hand():
    """Odds of 9 and 1/4 have the geometric mean 3/2: p = 0.6."""
    mean = mean_probability([np.array([0.9, 0.5]), np.array([0.2, 0.5])])
    np.testing.assert_allclose(mean, [0.6, 0.5], rtol=1e-12)


def test_one_probability_stays_as_it_is():
    p_lens = np.array([0.0, 1e-9, 0.3, 1.0])
    assert mean_probability([p_lens]) is p_lens
