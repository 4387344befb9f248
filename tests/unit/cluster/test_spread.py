import numpy as np

from lensflow.cluster.spread import judged_shares


def test_certain_members_give_their_shares():
    """Six images in the judged clusters 0 0 0 1 1 1, in the further ones a a b b b b."""
    judged = np.repeat(np.eye(2), 3, axis=0)
    further = np.eye(3)[[0, 0, 1, 1, 1, 1]]
    expected = [[1, 0], [0.25, 0.75], [0.5, 0.5]]
    np.testing.assert_allclose(judged_shares(further, judged), expected, rtol=1e-15)


def test_the_same_mixture_spreads_a_sharp_judgement_to_itself():
    judged = np.eye(4)[np.arange(20) % 4]
    np.testing.assert_allclose(judged_shares(judged, judged), np.eye(4), atol=1e-15)


def test_the_mean_probability_of_the_training_sample_stays():
    rng = np.random.default_rng(0)
    judged, further = rng.dirichlet(np.ones(5), 200), rng.dirichlet(np.ones(7), 200)
    p_clusters = rng.random(5)
    shares = judged_shares(further, judged)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    spread = further @ shares @ p_clusters
    np.testing.assert_allclose(spread.mean(), (judged @ p_clusters).mean())
