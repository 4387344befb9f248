"""The symmetric light of galaxies: shapes and profiles that are known, arcs that must not enter."""

import numpy as np
import pytest
from astropy.modeling.models import Sersic2D

from lensflow.prepare.symmetric import elliptical_radius, symmetric_light

SIZE = 101
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]


def gaussian(ratio=1.0, angle=0.0, width=5.0, x=50.0, y=50.0):
    radius = elliptical_radius(SIZE, x, y, ratio, angle)
    return 100 * np.exp(-(radius**2) / (2 * width**2))


def subtracted(image):
    model = symmetric_light(image)
    radius = elliptical_radius(SIZE, *model[:4])
    return image - np.interp(radius, np.arange(len(model.profile)), model.profile), model


@pytest.mark.parametrize(("ratio", "angle"), [(0.9, 0.3), (0.6, 1.2), (0.45, -0.7)])
def test_the_shape_of_a_gaussian_is_found(ratio, angle):
    model = symmetric_light(gaussian(ratio, angle, width=4.0, x=51.0, y=49.5))
    assert model.axis_ratio == pytest.approx(ratio, abs=0.02)
    assert np.cos(2 * (model.angle - angle)) == pytest.approx(1, abs=1e-3)
    assert (model.x, model.y) == pytest.approx((51.0, 49.5), abs=0.06)


def test_the_profile_is_the_brightness_of_the_rings():
    model = symmetric_light(gaussian(width=8.0))
    radius = np.arange(len(model.profile))
    assert len(radius) == SIZE // 2 + 1
    assert model.profile == pytest.approx(100 * np.exp(-(radius**2) / 128), abs=2.0)


def test_the_light_of_a_galaxy_of_astropy_is_taken_away():
    galaxy = Sersic2D(20, 8, 1.0, 50, 50, ellip=0.3, theta=0.5)(COLUMNS, ROWS)
    remainder, _ = subtracted(galaxy)
    assert np.abs(remainder).sum() < 0.06 * galaxy.sum()


def test_an_arc_stays_where_the_galaxy_goes():
    radius, angle = np.hypot(ROWS - 50, COLUMNS - 50), np.arctan2(ROWS - 50, COLUMNS - 50)
    arc = 5.0 * np.exp(-0.5 * ((radius - 20) / 1.5) ** 2) * (np.abs(angle) < 0.6)
    remainder, _ = subtracted(gaussian() + arc)
    assert remainder[arc > 2.5] == pytest.approx(arc[arc > 2.5], abs=0.4)


def test_a_quarter_turn_of_the_image_turns_the_model():
    image = gaussian(0.6, 0.4) + np.random.default_rng(0).normal(size=(SIZE, SIZE))
    model, turned = symmetric_light(image), symmetric_light(np.rot90(image))
    assert turned.profile == pytest.approx(model.profile)
    assert np.cos(2 * (turned.angle - model.angle)) == pytest.approx(-1)


@pytest.mark.parametrize("value", [0.0, -3.0, 7.0])
def test_an_image_without_a_galaxy_is_a_level(value):
    model = symmetric_light(np.full((SIZE, SIZE), value))
    assert model[:4] == (50.0, 50.0, 1.0, 0.0)
    assert (model.profile == value).all()


def test_a_bright_neighbour_is_not_taken_for_the_centre():
    model = symmetric_light(gaussian(width=2.0, x=62.0, y=50.0))
    assert (model.x, model.y) == (50.0, 50.0)
