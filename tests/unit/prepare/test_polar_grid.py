"""The polar grid, and the Fourier magnitudes on it, of images whose answer is known."""

import numpy as np
import pytest
from scipy.ndimage import rotate
from scipy.sparse import csr_array

from lensflow.prepare.augmentation import views
from lensflow.prepare.polar_grid import N_ANGLES, N_RINGS, RING_EDGES_PX, magnitudes, polar_matrix

SIDE, CENTRE = 101, 50
Y, X = np.mgrid[:SIDE, :SIDE] - CENTRE
RADIUS, ANGLE = np.hypot(X, Y), np.arctan2(Y, X)


@pytest.fixture(scope="module")
def images(training_objects):
    return np.stack([made["public"] for made in training_objects[:50]])


def cells(image):
    return (polar_matrix() @ image.ravel()).reshape(N_RINGS, N_ANGLES)


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
    seen = [magnitudes(np.ascontiguousarray(view)) for view in views(images)]
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
