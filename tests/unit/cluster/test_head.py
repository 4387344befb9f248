import numpy as np
from scipy.spatial.distance import pdist
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from gaussian_process import head_kernel
from lensflow import artifacts
from lensflow.cluster.head import Head, Term, fit_weights, kernel, terms


def graded(n=60, d=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, (rng.random(n) < expit(2 * x[:, 0])).astype(float)


def test_the_kernel_is_that_of_scikit_learn():
    x, _ = graded()
    expected = head_kernel(1.7)(x, x[:7])
    np.testing.assert_allclose(kernel(x, x[:7], terms(1.7)), expected, rtol=1e-10, atol=1e-12)
    # The slope is what a process of that kernel is once it is known to be zero at the mean.
    mean, long = np.zeros((1, 3)), terms(1.7)[1]
    process = GaussianProcessRegressor(RBF(long.length), optimizer=None, alpha=1e-12).fit(mean, [0])
    _, covariance = process.predict(x, return_cov=True)
    np.testing.assert_allclose(kernel(x, x, [long]), 64 * covariance, atol=1e-6)


def test_without_clusters_it_is_the_classifier_of_scikit_learn():
    x, labels = graded()
    new = np.random.default_rng(1).normal(size=(40, 3))
    peer = GaussianProcessClassifier(head_kernel(1.7), optimizer=None)
    peer.fit(x, labels)
    weights = fit_weights(kernel(x, x, terms(1.7)), labels, np.zeros(60))
    mine = kernel(new, x, terms(1.7)) @ weights
    base = peer.base_estimator_
    theirs = base.kernel_(base.X_train_, new).T @ (base.y_train_ - base.pi_)
    # Both stop where a step gains little.
    np.testing.assert_allclose(mine, theirs, atol=1e-4)
    # Its classes are those of the latent function's sign.
    np.testing.assert_array_equal(mine > 0, peer.predict(new) == 1)


def test_the_weights_are_where_the_gradient_vanishes():
    x, labels = graded(seed=2)
    rng = np.random.default_rng(3)
    labels[:10], prior = 0.5, rng.normal(0, 4, 60)
    covariance = kernel(x, x, terms(1.0))
    weights = fit_weights(covariance, labels, prior)
    np.testing.assert_allclose(weights, labels - expit(prior + covariance @ weights), atol=1e-7)


def test_what_the_clusters_say_already_changes_nothing():
    x, _ = graded()
    prior = np.linspace(-3, 3, 60)
    np.testing.assert_allclose(
        fit_weights(kernel(x, x, terms(1.0)), expit(prior), prior), 0, atol=1e-9
    )


def test_contradictions_with_certain_clusters_converge():
    x = np.zeros((50, 2))
    weights = fit_weights(kernel(x, x, terms(1.0)), np.ones(50), np.full(50, -6.9))
    logit = -6.9 + (kernel(x[:1], x, terms(1.0)) @ weights)[0]
    assert logit > 2


def head():
    x, labels = graded()
    weights = fit_weights(kernel(x, x, terms(2.0)), labels, np.zeros(60))
    centre, spread = np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 0.5])
    return Head(centre, spread, terms(2.0), x, {"known": weights})


def test_lenses_alone_do_not_lift_what_is_unlike_them():
    """Somebody grades the best candidates, and all are lenses."""
    x = np.random.default_rng(3).normal(size=(4000, 16))
    prior = 1.5 * x[:, 0] - 2.0
    best = np.argsort(-prior)[:20]
    of_kernel = terms(np.median(pdist(x[:500])))

    def lifted(of_kernel):
        covariance = kernel(x[best], x[best], of_kernel)
        weights = fit_weights(covariance, np.ones(20), prior[best])
        shift = kernel(x, x[best], of_kernel) @ weights
        return shift[x[:, 0] < 0].mean()

    assert lifted(of_kernel) < 1.0
    # A level of its own would.
    assert lifted([of_kernel[0], of_kernel[1]._replace(is_slope=False)]) > 1.5


def test_far_from_every_graded_image_it_says_nothing():
    logits = head().logits(np.array([[1e3, 0, 0], [1.0, 2.0, 3.0]]))["known"]
    assert logits[0] == 0.0
    assert abs(logits[1]) > 0.01


def test_it_is_stored_as_numbers_and_comes_back(tmp_path):
    made = head()
    for name in ("a.h5", "b.h5"):
        made.save(tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    features = np.random.default_rng(0).normal(size=(5, 3))
    again = Head.load(tmp_path / "a.h5")
    np.testing.assert_array_equal(again.logits(features)["known"], made.logits(features)["known"])


def test_a_head_of_one_term_is_read_as_it_was_made(tmp_path):
    x, labels = graded()
    one = (Term(16.0, 2.0),)
    made = Head(
        np.zeros(3),
        np.ones(3),
        one,
        x,
        {"known": fit_weights(kernel(x, x, one), labels, np.zeros(60))},
    )
    attrs = {"length": 2.0, "amplitude": 16.0, "judgements": ["known"]}
    with artifacts.create(tmp_path / "old.h5", "head", attrs) as writer:
        for name, values in (("centre", made.centre), ("spread", made.spread), ("points", x)):
            writer.dataset(name, values, description=name)
        writer.dataset("weights/known", made.weights["known"], description="weights")
    old = Head.load(tmp_path / "old.h5")
    np.testing.assert_array_equal(old.logits(x)["known"], made.logits(x)["known"])


def test_few_grades_order_what_the_best_clusters_leave_tied():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3000, 8))
    is_lens = (rng.random(3000) < expit(2 * x[:, 0])).astype(float)
    # The clusters saw no more than the sign.
    prior = np.where(x[:, 0] > 0, 1.5, -1.5)
    looked = rng.choice(3000, 200, replace=False)
    of_kernel = terms(np.median(pdist(x[:500])))

    def order(of_kernel):
        covariance = kernel(x[looked], x[looked], of_kernel)
        weights = fit_weights(covariance, is_lens[looked], prior[looked])
        return prior + kernel(x, x[looked], of_kernel) @ weights

    # The one that is most a lens is the one that lies farthest along the first feature.
    best = x[:, 0] > 0
    ties, short, both = (
        spearmanr(x[best, 0], found[best]).statistic if found[best].std() else 0.0
        for found in (prior, order(of_kernel[:1]), order(of_kernel))
    )
    assert ties < short < both - 0.05
