"""Polar images: where the axis of a galaxy lies, and what is left of an image without it."""

import numpy as np
import pytest

from lensflow.prepare.polar_grid import N_ANGLES, N_RINGS, compressed, ring_flux
from lensflow.prepare.polar_images import double_axis, mirrored, polar_images, symmetric_galaxy

Y, X = np.mgrid[:101, :101] - 50.0
EIGHT = [(turns, is_mirror) for is_mirror in (False, True) for turns in range(4)]


def ellipse(angle_deg, ratio=0.5, size=8.0):
    """Return a galaxy (101, 101) whose major axis lies at an angle from the x axis towards y."""
    angle = np.deg2rad(angle_deg)
    along, across = X * np.cos(angle) + Y * np.sin(angle), Y * np.cos(angle) - X * np.sin(angle)
    return (100 * np.exp(-np.hypot(along, across / ratio) / size)).astype("f4")


def arc(angle_deg, radius=15.0):
    """Return an arc (101, 101) of 60 degrees about an angle."""
    away = np.angle(np.exp(1j * (np.arctan2(Y, X) - np.deg2rad(angle_deg))))
    on_ring = np.exp(-((np.hypot(X, Y) - radius) ** 2) / 4)
    return (20 * on_ring * (abs(away) < np.pi / 6)).astype("f4")


@pytest.mark.parametrize("angle", [0, 15, 45, 90, 130, 179])
def test_the_axis_of_a_galaxy_is_found(angle):
    found = double_axis(ring_flux(ellipse(angle)[None]))[0] / N_ANGLES * 180
    away = (found - angle + 90) % 180 - 90
    assert abs(away) <= 180 / N_ANGLES / 2 + 0.5


@pytest.mark.parametrize("angle", [0, 45, 90, 135])
def test_a_galaxy_by_itself_leaves_nothing(angle):
    flux = ring_flux(ellipse(angle)[None])
    np.testing.assert_allclose(symmetric_galaxy(flux), flux, rtol=1e-3, atol=1e-3)


def test_what_is_on_one_side_is_left():
    galaxy, added = ellipse(0), arc(60)
    flux, alone = ring_flux((galaxy + added)[None]), ring_flux(added[None])
    left = flux - symmetric_galaxy(flux)
    cells = alone[0] > 10
    assert cells.sum() >= 10
    assert (left[0][cells] > 0.8 * alone[0][cells]).all()
    assert abs(left[0][alone[0] == 0]).max() < 0.2 * alone.max()


def test_the_galaxy_is_never_brighter_than_the_third_of_its_mirror_images():
    flux = ring_flux(np.random.default_rng(0).normal(size=(3, 101, 101)).astype("f4"))
    galaxy = symmetric_galaxy(flux)
    opposite = np.roll(flux, N_ANGLES // 2, axis=2)
    assert galaxy.shape == (3, N_RINGS, N_ANGLES)
    np.testing.assert_array_equal(np.roll(galaxy, N_ANGLES // 2, axis=2), galaxy)
    assert (galaxy <= np.maximum(flux, opposite)).all()


def test_the_channels_are_the_image_and_what_is_left():
    images = np.stack([ellipse(20) + arc(80), ellipse(70)])
    flux = ring_flux(images)
    seen = polar_images(images)
    assert (seen.shape, seen.dtype) == ((2, N_RINGS, N_ANGLES, 2), np.float32)
    np.testing.assert_array_equal(seen[..., 0], compressed(flux))
    np.testing.assert_array_equal(seen[..., 1], compressed(flux - symmetric_galaxy(flux)))


@pytest.mark.parametrize(("turns", "is_mirror"), EIGHT)
def test_an_orientation_moves_the_cells(turns, is_mirror):
    """`numpy.rot90` turns the other way than the angle runs, since y points down the rows."""
    image = ellipse(25) + arc(100) + np.random.default_rng(0).normal(size=(101, 101))
    view = np.rot90(image[:, ::-1] if is_mirror else image, turns)
    seen = polar_images(np.stack([image, view]).astype("f4"))
    expected = seen[:1]
    if is_mirror:
        expected = np.roll(mirrored(expected), N_ANGLES // 2, axis=2)
    expected = np.roll(expected, -turns * N_ANGLES // 4, axis=2)
    np.testing.assert_allclose(seen[1:], expected, atol=2e-5)


def test_mirroring_twice_changes_nothing():
    seen = np.random.default_rng(0).random((2, N_RINGS, N_ANGLES, 2))
    np.testing.assert_array_equal(mirrored(mirrored(seen)), seen)
    np.testing.assert_array_equal(mirrored(seen)[:, :, 0], seen[:, :, 0])
    np.testing.assert_array_equal(mirrored(seen)[:, :, 1], seen[:, :, -1])
