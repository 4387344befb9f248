import dataclasses
import inspect
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from edited import edited
from lensflow.cluster import clusterers
from lensflow.cluster.clusterers import CLUSTERERS
from lensflow.cluster.mixture import engine as own_engine
from lensflow.cluster.mixture.engine import ROWS_PER_CHUNK, quadratic_features
from lensflow.cluster.mixture.fitting import fit_mixture
from lensflow.errors import ArtifactError, ConfigError, TrainingError

PEER_ARRAYS = (
    "weights",
    "means",
    "covariances",
    "degrees_of_freedom",
    "mean_precision",
    "mean_prior",
    "covariance_prior",
)


def blobs(n, d, k, seed=0, relu=False):
    """Overlapping correlated Gaussian clusters, clipped at zero when ``relu``."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(k, d, d)) / np.sqrt(d)
    labels = rng.integers(k, size=n)
    centres = 2.0 * rng.normal(size=(k, d))
    x = centres[labels] + np.einsum("nij,nj->ni", factors[labels], rng.normal(size=(n, d)))
    return np.maximum(x, 0.0) if relu else x


def fit(x, n_components, seed, engine="scikit-learn", **kwargs):
    return clusterers.fit(engine, x, n_components=n_components, seed=seed, **kwargs)


def quiet_fit(*args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit(*args, **kwargs)


def peer_fit(x, n_components, seed, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return BayesianGaussianMixture(n_components=n_components, random_state=seed, **kwargs).fit(
            x
        )


@pytest.mark.parametrize("engine", sorted(CLUSTERERS))
def test_scores_equal_scikit_learn(engine):
    x = blobs(800, 4, 5)
    fitted = quiet_fit(x, 5, 3, max_iter=50, engine=engine)
    peer = peer_fit(x, 5, 3, max_iter=50)
    new = blobs(300, 4, 5, seed=9)
    np.testing.assert_allclose(fitted.responsibilities(new), peer.predict_proba(new), atol=1e-10)
    np.testing.assert_allclose(fitted.log_density(new), peer.score_samples(new), atol=1e-9)
    np.testing.assert_array_equal(fitted.labels(new), peer.predict(new))


def test_reference_scores_to_ten_digits():
    x = blobs(800, 6, 6)
    fitted = quiet_fit(x, 6, 0, engine="scikit-learn")
    peer = peer_fit(x, 6, 0)
    np.testing.assert_allclose(
        fitted.responsibilities(x), peer.predict_proba(x), rtol=0, atol=1e-10
    )
    np.testing.assert_allclose(fitted.log_density(x), peer.score_samples(x), rtol=1e-10)


@pytest.mark.parametrize(
    ("n", "d", "k", "seed", "relu"),
    [
        (300, 1, 2, 0, False),
        (500, 2, 3, 1, False),
        (1200, 5, 8, 2, False),
        (1200, 5, 8, 3, True),
        (2000, 12, 12, 4, True),
        (ROWS_PER_CHUNK, 3, 1, 5, False),
        (40, 6, 20, 6, False),
    ],
)
def test_engines_agree(n, d, k, seed, relu):
    x = blobs(n, d, k, seed, relu)
    own = quiet_fit(x, k, seed, max_iter=60, engine="lensflow")
    peer = quiet_fit(x, k, seed, max_iter=60, engine="scikit-learn")
    assert (own.n_iter, own.converged) == (peer.n_iter, peer.converged)
    assert own.lower_bound == pytest.approx(peer.lower_bound, rel=1e-8)
    np.testing.assert_array_equal(own.labels(x), peer.labels(x))
    for name in PEER_ARRAYS:
        np.testing.assert_allclose(
            getattr(own, name), getattr(peer, name), rtol=1e-6, atol=1e-8, err_msg=name
        )


def test_best_of_several_trials_agrees():
    x = blobs(600, 3, 6, 1)
    own = quiet_fit(x, 6, 1, n_init=3, max_iter=40, engine="lensflow")
    peer = quiet_fit(x, 6, 1, n_init=3, max_iter=40, engine="scikit-learn")
    assert own.lower_bound == pytest.approx(peer.lower_bound, rel=1e-8)
    assert own.lower_bound >= quiet_fit(x, 6, 1, max_iter=40, engine="lensflow").lower_bound


def test_lower_bound_never_falls():
    x = blobs(700, 4, 6, 2)
    bounds = [
        quiet_fit(x, 6, 0, max_iter=i, tol=1e-12, engine="lensflow").lower_bound
        for i in range(1, 25)
    ]
    assert np.diff(bounds).min() > -1e-8


def test_weights_and_responsibilities_sum_to_one():
    x = blobs(700, 4, 6, 2)
    fitted = quiet_fit(x, 6, 0, engine="lensflow")
    assert fitted.weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(fitted.responsibilities(x).sum(axis=1), 1.0)
    assert fitted.weight_concentration[0].sum() == pytest.approx(6 + 700)


def test_number_of_threads_changes_no_bit(monkeypatch):
    x = blobs(2000, 4, 4)
    monkeypatch.setattr("lensflow.cluster.mixture.engine._math_threads", lambda: 1)
    one = quiet_fit(x, 4, 0, max_iter=10, engine="lensflow").hash
    monkeypatch.setattr("lensflow.cluster.mixture.engine._math_threads", lambda: 3)
    assert quiet_fit(x, 4, 0, max_iter=10, engine="lensflow").hash == one


def test_threads_are_as_many_as_the_linear_algebra_may_have(monkeypatch):
    def threads(*pools, cores=7):
        monkeypatch.setattr(own_engine, "threadpool_info", lambda: [*pools])
        monkeypatch.setattr(own_engine.os, "cpu_count", lambda: cores)
        return own_engine._math_threads()

    blas = {"user_api": "blas", "num_threads": 3}
    assert threads(blas, {"user_api": "openmp", "num_threads": 5}) == 3
    assert (threads(), threads(cores=None)) == (7, 1)


def test_what_is_not_said_is_as_in_scikit_learn():
    theirs = BayesianGaussianMixture().get_params()
    ours = inspect.signature(fit_mixture).parameters
    for name in ("max_iter", "tol", "n_init", "reg_covar"):
        assert ours[name].default == theirs[name], name


def test_single_precision_is_fitted_in_double():
    x = blobs(500, 3, 3).astype(np.float32)
    assert quiet_fit(x, 3, 0).hash == quiet_fit(x.astype(np.float64), 3, 0).hash


def test_quadratic_features_are_products():
    x = np.arange(6.0).reshape(3, 2)
    out = np.empty((10, 2))
    quadratic_features(x, out)
    i, j = np.triu_indices(3)
    np.testing.assert_array_equal(out[0], 1.0)
    np.testing.assert_array_equal(out[1:4], x)
    np.testing.assert_array_equal(out[4:], x[i] * x[j])


@pytest.mark.parametrize("engine", sorted(CLUSTERERS))
def test_dead_units_are_reported(engine, caplog):
    x = blobs(400, 4, 3)
    x[:, 2] = 0.0
    fitted = quiet_fit(x, 3, 0, engine=engine)
    np.testing.assert_array_equal(fitted.feature_is_constant, [0, 0, 1, 0])
    assert "1 of 4 features are constant" in caplog.text
    assert np.isfinite(fitted.log_density(x)).all()


@pytest.mark.parametrize("engine", sorted(CLUSTERERS))
def test_engines_agree_with_dead_units(engine):
    x = blobs(600, 6, 4, relu=True)
    x[:, :2] = 0.0
    fitted = quiet_fit(x, 6, 0, max_iter=30, engine=engine)
    peer = peer_fit(x, 6, 0, max_iter=30)
    assert fitted.lower_bound == pytest.approx(peer.lower_bound_, rel=1e-8)
    np.testing.assert_array_equal(fitted.labels(x), peer.predict(x))


@pytest.mark.parametrize("engine", sorted(CLUSTERERS))
def test_collapsed_embedding_is_reported_and_fitted(engine, caplog):
    x = np.zeros((100, 3))
    fitted = quiet_fit(x, 4, 0, engine=engine)
    assert "3 of 3 features are constant" in caplog.text
    assert np.unique(fitted.labels(x)).size == 1


def test_not_converged_is_a_warning_with_a_remedy():
    with pytest.warns(ConvergenceWarning, match=r"raise mixture\.max_iter") as warned:
        fitted = clusterers.fit(
            "scikit-learn", blobs(300, 3, 3), n_components=3, seed=0, max_iter=1
        )
    assert not fitted.converged
    assert warned[0].filename == __file__


@pytest.mark.parametrize("engine", sorted(CLUSTERERS))
def test_a_change_as_large_as_the_tolerance_is_not_converged(engine):
    # One component stands still from the second iteration on.
    fitted = quiet_fit(blobs(300, 1, 2), 1, 0, engine=engine, max_iter=20, tol=0.0)
    assert (fitted.converged, fitted.n_iter) == (False, 20)


def test_a_component_without_embeddings_is_the_prior_but_for_the_least_count():
    posterior = own_engine.update(np.zeros((2, 6)), np.eye(2), 0.0)
    least = 10 * np.finfo(np.float64).eps
    np.testing.assert_array_equal(posterior.mean_precision, 1 + least)
    np.testing.assert_array_equal(posterior.means, 0)


def test_of_equal_trials_the_first_is_kept(monkeypatch):
    trials = iter([1.0, 2.0])
    monkeypatch.setattr(
        own_engine,
        "_climb",
        lambda *_: {"lower_bound": 0.0, "means": np.full((1, 1), next(trials))},
    )
    found = own_engine.fit_quadratic(np.array([[-1.0], [1.0]]), 1, 0, 10, 1e-3, 2, 1e-6)
    assert found["means"] == 1.0


@pytest.mark.parametrize("engine", sorted(CLUSTERERS))
def test_zero_covariance_is_an_error_with_a_remedy(engine):
    with pytest.raises(TrainingError, match="larger reg_covar"):
        quiet_fit(np.zeros((50, 2)), 1, 0, engine=engine, reg_covar=0.0)


def test_as_many_components_as_embeddings_are_enough():
    fitted = quiet_fit(np.array([[0.0], [1.0]]), 2, 0, engine="lensflow")
    assert (fitted.n_components, fitted.n_samples) == (2, 2)


def test_a_summary_counts_components_that_weigh_more_than_a_hundredth():
    fitted = quiet_fit(blobs(200, 2, 3), 3, 0)
    fitted = dataclasses.replace(fitted, weights=np.array([0.01, 0.0101, 0.9799]))
    told = fitted.summary()
    assert (told["n_used"], told["n_components"], told["n_features"]) == (2, 3, 2)
    assert (told["n_samples"], told["n_iter"]) == (200, fitted.n_iter)


def test_wrong_input_is_explained():
    with pytest.raises(ConfigError, match="needs at least 2 embeddings"):
        fit(np.zeros((1, 2)), 1, 0)
    with pytest.raises(ConfigError, match="needs at least 5 embeddings"):
        fit(np.zeros((4, 2)), 5, 0)
    with pytest.raises(ConfigError, match="engine 'fast' is unknown"):
        fit(np.zeros((4, 2)), 2, 0, engine="fast")
    x = blobs(50, 2, 2)
    x[7, 1] = np.nan
    with pytest.raises(
        TrainingError, match="1 of 50 embeddings are not finite, the first in row 7"
    ):
        fit(x, 2, 0)
    fitted = quiet_fit(blobs(50, 2, 2), 2, 0)
    for shape in ((3, 4), (2,)):
        with pytest.raises(ValueError, match=r"shape \(n, 2\) expected"):
            fitted.labels(np.zeros(shape))
    with pytest.raises(ValueError, match="must be finite"):
        fitted.labels(x)


def test_chunks_change_nothing(monkeypatch):
    x = blobs(100, 3, 3)
    fitted = quiet_fit(x, 3, 0)
    density, shares = fitted.log_density(x), fitted.responsibilities(x)
    monkeypatch.setattr("lensflow.cluster.mixture.parameters.ROWS_PER_CHUNK", 7)
    np.testing.assert_allclose(fitted.log_density(x), density, rtol=1e-13)
    np.testing.assert_allclose(fitted.responsibilities(x), shares, rtol=1e-11, atol=0)
    assert [chunk.rows.start for chunk in fitted.iterate(x)] == list(range(0, 100, 7))
    assert fitted.responsibilities(x[:0]).shape == (0, 3)


def test_round_trip_and_equal_bytes(tmp_path):
    fitted = quiet_fit(blobs(200, 3, 3), 3, 0)
    first, second = tmp_path / "a.h5", tmp_path / "b.h5"
    fitted.save(first)
    fitted.save(second)
    assert first.read_bytes() == second.read_bytes()
    loaded = clusterers.load(first)
    assert loaded.hash == fitted.hash
    for name in ("converged", "n_iter", "lower_bound", "seed", "n_samples", "engine"):
        assert getattr(loaded, name) == getattr(fitted, name)
    x = blobs(20, 3, 3)
    np.testing.assert_array_equal(loaded.responsibilities(x), fitted.responsibilities(x))


def test_edited_file_is_refused(tmp_path):
    path = tmp_path / "mixture.h5"
    quiet_fit(blobs(200, 3, 3), 3, 0).save(path)
    with edited(path) as f:
        f["means"][0, 0] += 1.0
    with pytest.raises(ArtifactError, match="edited or damaged"):
        clusterers.load(path)
    with edited(path) as f:
        del f.attrs["engine"]
    with pytest.raises(ArtifactError, match="lacks the attribute 'engine'"):
        clusterers.load(path)


def test_hash_depends_on_every_number():
    x = blobs(200, 3, 3)
    assert quiet_fit(x, 3, 0, max_iter=5).hash != quiet_fit(x, 3, 0, max_iter=6).hash
