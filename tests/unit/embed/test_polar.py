import dataclasses
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import rotate
from scipy.sparse import csr_array
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.mixture import GaussianMixture

from lensflow import artifacts
from lensflow.embed import polar
from lensflow.embed.polar import PolarEncoder, covariance_within, whitening
from lensflow.errors import ArtifactError, ConfigError, TrainingError
from lensflow.prepare.augmentation import views
from lensflow.prepare.polar_grid import N_ANGLES, N_RINGS, RING_EDGES_PX, magnitudes, polar_matrix
from lensflow.prepare.views import altered, cut_neighbours

SCRIPTS = Path(__file__).parents[3] / "scripts"
SIDE, CENTRE = 101, 50
Y, X = np.mgrid[:SIDE, :SIDE] - CENTRE
RADIUS, ANGLE = np.hypot(X, Y), np.arctan2(Y, X)
N_OBJECTS = 240


@pytest.fixture(scope="module")
def images(training_objects):
    return np.stack([made["public"] for made in training_objects[:N_OBJECTS]])


@pytest.fixture(scope="module")
def encoder(images):
    return PolarEncoder.fit([(images, names())], n_features=8, seed=1)


def names(n=N_OBJECTS):
    return [str(row) for row in range(n)]


def cells(image):
    return (polar_matrix() @ image.ravel()).reshape(N_RINGS, N_ANGLES)


# --- the grid -------------------------------------------------------------------------------------


def test_the_grid_is_that_of_the_recipe():
    assert RING_EDGES_PX.tolist() == [
        *(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 22, 25, 28, 31, 34, 38, 42, 46, 50)
    ]
    matrix = polar_matrix()
    assert isinstance(matrix, csr_array)
    assert matrix.shape == (24 * 64, 101 * 101)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-6)
    assert matrix.min() >= 0


def test_cells_lie_where_they_should():
    """A cell's centre of mass is at its angle, and within its ring."""
    matrix = polar_matrix().toarray().reshape(N_RINGS, N_ANGLES, SIDE, SIDE)
    x, y = ((matrix * place).sum(axis=(2, 3)) for place in (X, Y))
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    wanted = 2 * np.pi * np.arange(N_ANGLES) / N_ANGLES
    np.testing.assert_allclose(np.cos(angle - wanted), 1, atol=1e-6)
    edges = RING_EDGES_PX[:, None]
    assert ((radius > edges[:-1]) & (radius < edges[1:])).all()


@pytest.mark.parametrize(
    ("y", "x", "ring", "angle"),
    [(0, 30, 18, 0), (30, 0, 18, 16), (0, -30, 18, 32), (-30, 0, 18, 48), (20, 20, 18, 8)],
)
def test_a_point_is_seen_at_its_radius_and_angle(y, x, ring, angle):
    image = np.zeros((SIDE, SIDE), "f4")
    image[CENTRE + y, CENTRE + x] = 1
    flux = cells(image)
    assert np.unravel_index(flux.argmax(), flux.shape) == (ring, angle)
    assert np.count_nonzero(flux) < 12


def test_flux_is_kept():
    image = np.exp(-((X - 17) ** 2 + (Y + 22) ** 2) / 8)
    area = np.pi * np.diff(RING_EDGES_PX**2.0)[:, None] / N_ANGLES
    assert (cells(image) * area).sum() == pytest.approx(image.sum(), rel=0.01)


def test_turns_and_mirror_images_move_the_cells_exactly():
    matrix = polar_matrix().toarray().reshape(N_RINGS, N_ANGLES, SIDE, SIDE)
    angles = np.arange(N_ANGLES)
    turned = np.rot90(matrix, axes=(2, 3))
    np.testing.assert_array_equal(turned, matrix[:, (angles - 16) % 64])
    np.testing.assert_array_equal(matrix[..., ::-1, :], matrix[:, -angles % 64])
    np.testing.assert_array_equal(matrix.swapaxes(2, 3), matrix[:, (16 - angles) % 64])


# --- magnitudes -----------------------------------------------------------------------------------


def test_a_constant_image_has_the_mean_of_its_logarithm_and_nothing_else():
    found = magnitudes(np.full((1, SIDE, SIDE), 18, "f4")).reshape(24, 9)
    radius = (RING_EDGES_PX[1:] + RING_EDGES_PX[:-1]) / 2 * 0.1
    np.testing.assert_allclose(found[:, 0], 1 / radius**0.25, rtol=1e-5)
    np.testing.assert_allclose(found[:, 1:], 0, atol=1e-6)
    np.testing.assert_array_equal(magnitudes(np.full((1, SIDE, SIDE), -3, "f4")), 0)


@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_a_wave_along_the_angle_has_its_order(order):
    logarithm = 1 + 0.4 * np.cos(order * (ANGLE - 0.7))
    image = (2 * (10**logarithm - 1))[None].astype("f4")
    radius = (RING_EDGES_PX[1:] + RING_EDGES_PX[:-1]) / 2 * 0.1
    found = magnitudes(image).reshape(24, 9) * radius[:, None] ** 0.25
    outer = found[RING_EDGES_PX[:-1] >= 10]
    # A cell's mean over its width takes up to a fifteenth off the highest order.
    np.testing.assert_allclose(outer[:, order], 0.2, rtol=0.07)
    np.testing.assert_allclose(outer[:, 0], 1, rtol=0.06)
    others = np.delete(outer, [0, order], axis=1)
    assert others.max() < 0.02


def test_eight_orientations_have_equal_magnitudes(images):
    seen = [magnitudes(np.ascontiguousarray(view)) for view in views(images[:50])]
    for other in seen[1:]:
        np.testing.assert_allclose(other, seen[0], rtol=1e-4, atol=2e-6)


def test_rotation_by_any_angle_changes_magnitudes_little():
    """Interpolation and the pixels' corners are left: measured, and bounded loosely."""
    arcs = np.exp(-((RADIUS - 15) ** 2) / 8 - (ANGLE - 0.5) ** 2 / 0.5)
    image = 60 * np.exp(-RADIUS / 4) + 20 * arcs
    first, *others = (
        magnitudes(rotate(image, angle, reshape=False, order=1)[None])[0]
        for angle in (0, 10, 30, 45, 77)
    )
    for other in others:
        assert np.linalg.norm(other - first) < 0.05 * np.linalg.norm(first)


# --- whitening ------------------------------------------------------------------------------------


def random_covariance(p, seed):
    root = np.random.default_rng(seed).normal(size=(p, p))
    return root @ root.T / p + 0.1 * np.eye(p)


def same_line(a, b):
    """Cosine of the angle between the columns of two matrices, without sign."""
    return abs((a * b).sum(axis=0)) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)


def test_whitening_finds_the_axes_of_a_known_case():
    directions, eigenvalues = whitening(np.diag([2.0, 36.0, 1.0]), np.diag([1.0, 4.0, 2.0]), 2)
    np.testing.assert_allclose(eigenvalues, [9, 2])
    # Of variance 1 within: 1/2 along the second axis, 1 along the first.
    expected = [[0, 1 / 2**0.25], [1 / 2 / 9**0.25, 0], [0, 0]]
    np.testing.assert_allclose(abs(directions), expected, atol=1e-12)


def test_whitening_solves_the_generalised_eigenproblem():
    total, within = random_covariance(6, 1), random_covariance(6, 2)
    directions, eigenvalues = whitening(total, within, 6)
    values, vectors = np.linalg.eig(np.linalg.solve(within, total))
    order = np.argsort(-values.real)
    np.testing.assert_allclose(eigenvalues, values.real[order])
    np.testing.assert_allclose(same_line(directions, vectors.real[:, order]), 1)
    # Halfway between variance 1 within and variance 1 in all.
    expected = np.diag(eigenvalues**0.5)
    np.testing.assert_allclose(directions.T @ total @ directions, expected, atol=1e-9)
    np.testing.assert_allclose(
        directions.T @ within @ directions, np.diag(eigenvalues**-0.5), atol=1e-9
    )


def test_covariance_within_is_that_of_the_views():
    random = np.random.default_rng(3)
    within = random_covariance(4, 5)
    objects = random.normal(0, 10, (1, 3000, 4))
    noise = random.multivariate_normal(np.zeros(4), within, (6, 3000))
    np.testing.assert_allclose(covariance_within(objects + noise), within, atol=0.05)
    pair = np.array([[[1.0, 0.0]], [[3.0, 4.0]]])
    np.testing.assert_allclose(covariance_within(pair), [[2, 4], [4, 8]])


def test_whitening_agrees_with_linear_discriminants():
    """Views of an object are the members of a class (scikit-learn is the oracle)."""
    random = np.random.default_rng(6)
    between, within = random_covariance(5, 7), random_covariance(5, 8)
    objects = random.multivariate_normal(np.zeros(5), between, 40)
    seen = objects + random.multivariate_normal(np.zeros(5), within, (8, 40))
    rows = seen.reshape(-1, 5)
    oracle = LinearDiscriminantAnalysis(solver="eigen").fit(rows, np.tile(np.arange(40), 8))
    directions, _ = whitening(np.cov(rows.T), covariance_within(seen), 4)
    np.testing.assert_allclose(same_line(directions, oracle.scalings_[:, :4]), 1, atol=1e-9)


def test_a_direction_that_only_views_vary_in_is_left_out():
    random = np.random.default_rng(9)
    objects = random.normal(0, [1, 1, 0], (1, 2000, 3))
    seen = objects + random.normal(0, [0.1, 1, 30], (6, 2000, 3))
    total = np.cov(seen.reshape(-1, 3).T)
    directions, _ = whitening(total, covariance_within(seen), 2)
    line = abs(directions) / np.linalg.norm(directions, axis=0)
    assert line[0, 0] > 0.999
    assert line[2].max() < 0.02


def test_whitening_refuses_what_does_not_vary():
    with pytest.raises(TrainingError, match="differ in 1 directions, 2 features were expected"):
        whitening(np.diag([1.0, 0.0]), np.eye(2), 2)
    with pytest.raises(TrainingError, match="not positive definite"):
        whitening(np.eye(2), np.zeros((2, 2)), 1)


# --- the encoder ----------------------------------------------------------------------------------


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


def test_large_samples_are_drawn_from_by_the_seed(images, monkeypatch):
    monkeypatch.setattr(polar, "OBJECTS_AT_MOST", 40)
    order = np.random.default_rng(1).permutation(N_OBJECTS)
    ids = np.array(names())
    first = PolarEncoder.fit([(images, ids)], n_features=4, seed=1)
    twice = itertools.chain([(images[order], ids[order])], [(images, ids)])
    again = PolarEncoder.fit(twice, n_features=4, seed=1)
    assert first.n_objects == again.n_objects == 40
    np.testing.assert_array_equal(first.directions, again.directions)
    other = PolarEncoder.fit([(images, ids)], n_features=4, seed=2)
    assert not np.allclose(first.mean, other.mean)


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


def test_views_that_are_not_finite_are_refused(images, monkeypatch):
    def overflowing(batch, *others):
        view = altered(batch, *others)
        view[1] = np.inf
        return view

    monkeypatch.setattr(polar, "altered", overflowing)
    with pytest.raises(TrainingError, match="1 of 20 images have pixels too large"):
        PolarEncoder.fit([(images[:20], names(20))], n_features=4, seed=1, n_views=2)


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
