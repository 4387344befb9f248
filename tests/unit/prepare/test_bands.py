"""Several bands are prepared as each would be by itself, and altered together."""

import numpy as np
import pytest

from lensflow.prepare import views
from lensflow.prepare.augmentation import add_noise, mean_over_views, rotate
from lensflow.prepare.inputs import prepare_images, smaller
from lensflow.prepare.polar_grid import magnitudes
from lensflow.prepare.polar_images import polar_images

SIGMA = np.array([[1.0, 2.0, 0.5]] * 4)
IDS = ["a", "b", "c", "d"]


@pytest.fixture
def flux():
    random = np.random.default_rng(1)
    made = random.normal(0, 1, (4, 3, 101, 101)) * SIGMA[:, :, None, None]
    made[:, :, 45:56, 45:56] += 30
    return made.astype("f4")


def each(function, images, *values):
    """Return what a function makes of every band by itself, as bands of one array."""
    return np.stack([function(images[:, b], *(v[:, b] for v in values)) for b in range(3)], 1)


@pytest.mark.parametrize("scale", ["linear", "log", "sigma"])
@pytest.mark.parametrize("size", [101, 26])
def test_each_band_is_binned_and_scaled_by_itself(flux, scale, size):
    def prepare(images, sigma):
        return prepare_images(images, sigma, scale, size)

    prepared = prepare(flux, SIGMA)
    assert (prepared == each(prepare, flux, SIGMA)).all()
    assert prepared.shape == (4, 3, size, size)
    if scale != "sigma":
        assert (prepared.max(axis=(2, 3)) == 1).all()
    assert (
        smaller(prepared, scale, 13) == each(lambda images: smaller(images, scale, 13), prepared)
    ).all()


def test_all_bands_of_an_image_turn_alike(flux):
    turns = np.array([0, 1, 2, 3])
    assert (rotate(flux, turns) == each(lambda images: rotate(images, turns), flux)).all()
    means = mean_over_views(lambda images: images[..., 0, 0], flux)
    assert (means == each(lambda x: mean_over_views(lambda y: y[..., 0, 0], x), flux)).all()


def test_noise_is_that_of_each_band_and_of_the_first_as_ever(flux):
    level = np.array([[1.0, 2.0, 0.0]] * 4)
    added = add_noise(flux, level, IDS, [0] * 4, 1) - flux
    alone = add_noise(flux[:, 0], level[:, 0], IDS, [0] * 4, 1) - flux[:, 0]
    assert (added[:, 0] == alone).all()
    assert added[:, 1].std() == pytest.approx(2, rel=0.02)
    assert not added[:, 2].any()
    assert abs(np.corrcoef(added[:, 0].ravel(), added[:, 1].ravel())[0, 1]) < 0.02
    shared = np.array([[np.nan, 0.4, 0.4]] * 4)
    added = add_noise(flux, level, IDS, [0] * 4, 1, shared) - flux
    neighbours = [
        np.corrcoef(added[:, b, :, 1:].ravel(), added[:, b, :, :-1].ravel())[0, 1] for b in (0, 1)
    ]
    assert neighbours == pytest.approx([0, 0.4], abs=0.02)


def test_polar_features_of_bands_are_joined(flux):
    assert (magnitudes(flux) == np.concatenate([magnitudes(flux[:, b]) for b in range(3)], 1)).all()
    channels = polar_images(flux)
    assert channels.shape == (4, 24, 64, 6)
    for band in range(3):
        assert (channels[..., 2 * band : 2 * band + 2] == polar_images(flux[:, band])).all()


def test_views_shift_and_paste_all_bands_alike(flux, monkeypatch):
    """Two bands that are equal stay so, but for their noise, and the first is as by itself."""
    twice = np.repeat(flux[:, :1], 2, axis=1)
    pool = views.cut_neighbours(list(twice), IDS, 1)
    alone = views.cut_neighbours(list(flux[:, 0]), IDS, 1)
    assert pool.patches.shape == (4, 2, 29, 29)
    assert (pool.patches[:, 0] == alone.patches).all()
    assert (pool.patches[:, 1] == alone.patches).all()
    made = views.altered(twice, IDS, pool, 1, 0)
    assert (made[:, 0] == views.altered(flux[:, 0], IDS, alone, 1, 0)).all()
    assert (made[:, 0] != made[:, 1]).any()
    monkeypatch.setattr(views, "MOST_NOISE", 0.0)
    made = views.altered(twice, IDS, pool, 1, 0)
    assert (made[:, 0] == made[:, 1]).all()
    assert (made != twice).any()
