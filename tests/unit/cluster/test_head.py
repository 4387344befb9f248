import numpy as np
import pytest
from scipy.special import expit
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from lensflow.cluster.head import AMPLITUDE, Head, fit_weights, kernel
from lensflow.errors import ArtifactError


def graded(n=60, d=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, (rng.random(n) < expit(2 * x[:, 0])).astype(float)


def test_the_kernel_is_that_of_scikit_learn():
    x, _ = graded()
    expected = ConstantKernel(AMPLITUDE) * RBF(1.7)
    np.testing.assert_allclose(kernel(x, x[:7], 1.7), expected(x, x[:7]), rtol=1e-10)


def test_without_clusters_it_is_the_classifier_of_scikit_learn():
    x, labels = graded()
    new = np.random.default_rng(1).normal(size=(40, 3))
    peer = GaussianProcessClassifier(ConstantKernel(AMPLITUDE) * RBF(1.7), optimizer=None)
    peer.fit(x, labels)
    weights = fit_weights(kernel(x, x, 1.7), labels, np.zeros(60))
    mine = kernel(new, x, 1.7) @ weights
    base = peer.base_estimator_
    theirs = base.kernel_(base.X_train_, new).T @ (base.y_train_ - base.pi_)
    np.testing.assert_allclose(mine, theirs, atol=1e-5)
    # Its classes are those of the latent function's sign.
    np.testing.assert_array_equal(mine > 0, peer.predict(new) == 1)


def test_the_weights_are_where_the_gradient_vanishes():
    x, labels = graded(seed=2)
    rng = np.random.default_rng(3)
    labels[:10], prior = 0.5, rng.normal(0, 4, 60)
    covariance = kernel(x, x, 1.0)
    weights = fit_weights(covariance, labels, prior)
    np.testing.assert_allclose(weights, labels - expit(prior + covariance @ weights), atol=1e-7)


def test_what_the_clusters_say_already_changes_nothing():
    x, _ = graded()
    prior = np.linspace(-3, 3, 60)
    np.testing.assert_allclose(fit_weights(kernel(x, x, 1.0), expit(prior), prior), 0, atol=1e-9)


def test_contradictions_with_certain_clusters_converge():
    x = np.zeros((50, 2))
    weights = fit_weights(kernel(x, x, 1.0), np.ones(50), np.full(50, -6.9))
    logit = -6.9 + (kernel(x[:1], x, 1.0) @ weights)[0]
    assert logit > 2


def head():
    x, labels = graded()
    weights = fit_weights(kernel(x, x, 2.0), labels, np.zeros(60))
    return Head(np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 0.5]), 2.0, x, {"known": weights})


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


def test_another_amplitude_is_refused(tmp_path, monkeypatch):
    head().save(tmp_path / "a.h5")
    monkeypatch.setattr("lensflow.cluster.head.AMPLITUDE", 1.0)
    with pytest.raises(ArtifactError, match=r"a.h5: it was fitted with the amplitude"):
        Head.load(tmp_path / "a.h5")
