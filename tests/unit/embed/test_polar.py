"""The encoder: fitted, saved, loaded, and its features of images."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from lensflow import artifacts
from lensflow.embed.polar import PolarEncoder
from lensflow.embed.whitening import covariance_within
from lensflow.errors import ArtifactError, ConfigError, TrainingError
from lensflow.prepare.augmentation import views
from lensflow.prepare.views import altered, cut_neighbours

SCRIPTS = Path(__file__).parents[3] / "scripts"
SIDE = 101
N_OBJECTS = 240


@pytest.fixture(scope="module")
def images(training_objects):
    return np.stack([made["public"] for made in training_objects[:N_OBJECTS]])


@pytest.fixture(scope="module")
def encoder(images):
    return PolarEncoder.fit([(images, names())], n_features=8, seed=1)


def names(n=N_OBJECTS):
    return [str(row) for row in range(n)]


def test_features_have_the_eigenvalues_that_are_promised(images, encoder):
    features = encoder.encode(images)
    assert features.shape == (N_OBJECTS, 8)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-3)
    covariance = np.cov(features.T)
    np.testing.assert_allclose(np.diag(covariance), encoder.eigenvalues**0.5, rtol=1e-3)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-2)
    assert (np.diff(encoder.eigenvalues) < 0).all()


def test_fresh_views_of_an_object_stay_near_it(images, encoder):
    pool = cut_neighbours(images, names(), seed=1)
    features = encoder.encode(images)
    seen = np.stack([encoder.encode(altered(images, names(), pool, 1, v)) for v in (7, 8)])
    within = np.diag(covariance_within(seen))
    total = features.var(axis=0)
    assert (total / within)[0] > 4
    # And nearer than another object, for most.
    distance = np.linalg.norm(seen[0][:, None] - features, axis=2)
    assert np.median((distance < np.diag(distance)[:, None]).sum(axis=1)) < N_OBJECTS / 20


def test_eight_orientations_fall_in_the_same_cluster(images, encoder):
    mixture = GaussianMixture(8, random_state=0, reg_covar=1e-3).fit(encoder.encode(images))
    turned = [encoder.encode(np.ascontiguousarray(view)) for view in views(images)]
    for features in turned:
        np.testing.assert_allclose(features, turned[0], atol=1e-3)
    clusters = np.stack([mixture.predict(features) for features in turned])
    assert (clusters == clusters[0]).all(axis=0).mean() > 0.999


def test_the_fit_depends_neither_on_order_nor_on_blocks(images, encoder):
    order = np.random.default_rng(1).permutation(N_OBJECTS)
    ids = np.array(names())
    blocks = [(images[rows], ids[rows]) for rows in np.array_split(order, 7)]
    # What comes again does not count again.
    again = PolarEncoder.fit([*blocks, (images[:5] + 1, ids[:5])], n_features=8, seed=1)
    for name in ("mean", "directions", "eigenvalues"):
        np.testing.assert_array_equal(getattr(again, name), getattr(encoder, name))
    assert again.n_objects == N_OBJECTS
    other = PolarEncoder.fit([(images, names())], n_features=8, seed=2)
    assert not np.allclose(other.directions, encoder.directions)


def test_signs_are_fixed_by_the_largest_entry(encoder):
    largest = abs(encoder.directions).argmax(axis=0)
    assert (encoder.directions[largest, np.arange(8)] > 0).all()


def test_encoding_works_in_blocks(images, encoder):
    whole = encoder.encode(images[:100])
    parts = [encoder.encode(images[start : min(start + 7, 100)]) for start in range(0, 100, 7)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5, atol=1e-5)
    assert encoder.encode(images[:0]).shape == (0, 8)


def test_an_encoder_is_saved_and_loaded(images, encoder, tmp_path):
    for name in ("a.h5", "b.h5"):
        encoder.save(tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    loaded = PolarEncoder.load(tmp_path / "a.h5")
    assert (loaded.n_features, loaded.seed, loaded.n_objects, loaded.n_views) == (8, 1, 240, 6)
    np.testing.assert_array_equal(loaded.encode(images[:9]), encoder.encode(images[:9]))
    with artifacts.open(tmp_path / "a.h5", "encoder") as file:
        assert file.attrs["encoder"] == "polar"
        for dataset in file.values():
            assert dataset.attrs["units"]
            assert dataset.attrs["description"]


def test_another_encoder_is_refused(tmp_path):
    with artifacts.create(tmp_path / "pca.h5", "encoder", {"encoder": "pca"}):
        pass
    with pytest.raises(ArtifactError, match="holds the encoder 'pca', 'polar' was expected"):
        PolarEncoder.load(tmp_path / "pca.h5")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_finite_are_refused(images, encoder, value):
    bad = images[:20].copy()
    bad[3, 0, 0] = value
    with pytest.raises(TrainingError, match="1 of 20 images are not finite, the first in row 3"):
        encoder.encode(bad)
    with pytest.raises(TrainingError, match="not finite"):
        PolarEncoder.fit([(bad, names(20))], n_features=4, seed=1)


@pytest.mark.parametrize("value", [1e300, -1e39])
def test_pixels_too_large_for_single_precision_are_not_finite(images, encoder, value):
    bad = images[:20].astype(float)
    bad[3, 0, 0] = value
    with pytest.raises(TrainingError, match="1 of 20 images are not finite, the first in row 3"):
        encoder.encode(bad)
    with pytest.raises(TrainingError, match="1 of 20 images are not finite"):
        PolarEncoder.fit([(bad, names(20))], n_features=4, seed=1)


def test_features_that_are_not_finite_are_refused(images, encoder):
    large = dataclasses.replace(encoder, directions=encoder.directions * 1e45)
    with pytest.raises(TrainingError, match="5 of 5 images have pixels too large"):
        large.encode(images[:5])


def test_wrong_numbers_are_refused(images):
    def fit(rows=20, **settings):
        blocks = [(images[:rows], names(rows))]
        return PolarEncoder.fit(blocks, **{"n_features": 4, "seed": 1} | settings)

    with pytest.raises(ConfigError, match="1 to 120 features, received 121"):
        fit(n_features=121)
    with pytest.raises(ConfigError, match="1 to 120 features, received 0"):
        fit(n_features=0)
    with pytest.raises(ConfigError, match="at least 2 views, received 1"):
        fit(n_views=1)
    with pytest.raises(ConfigError, match="at least 21 objects, received 20"):
        fit(n_features=20)
    with pytest.raises(ConfigError, match="at least 5 objects, received 0"):
        fit(rows=0)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        PolarEncoder.fit([(images[:20], names(19))], n_features=4, seed=1)


@pytest.mark.parametrize("shape", [(3, 51, 51), (101, 101), (3, 101, 100)])
def test_other_sizes_are_refused(encoder, shape):
    with pytest.raises(ConfigError, match=r"takes cutouts \(n, 101, 101\)"):
        encoder.encode(np.zeros(shape, "f4"))


def test_blank_images_are_refused():
    blank = np.zeros((20, SIDE, SIDE), "f4")
    with pytest.raises(TrainingError, match="directions"):
        PolarEncoder.fit([(blank, names(20))], n_features=4, seed=1)


def test_encoding_loads_no_more_than_it_uses():
    code = (
        "import sys; from lensflow.embed import pca, polar; "
        "assert not {'sklearn', 'keras', 'matplotlib', 'astropy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=SCRIPTS)


def test_few_objects_are_enough_for_few_features(images):
    few = PolarEncoder.fit([(images[:5], names(5))], n_features=4, seed=1)
    assert np.isfinite(few.encode(images[:5])).all()
