import numpy as np
import pytest

from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.shapes import Shape, measure, most_lens_like


def gaussian(sigma, axis_ratio, angle, camera, flux=1000.0):
    """Return an elliptical Gaussian of some major sigma (arcsec) in the central pixel."""
    y, x = (np.mgrid[:101, :101] - 50) * camera.pixel_arcsec
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    image = np.exp(-0.5 * ((u / sigma) ** 2 + (v / (axis_ratio * sigma)) ** 2))
    return flux * image / image.sum()


@pytest.mark.parametrize("camera", [CHALLENGE, Camera.of_fwhm(0.05, 0.1)], ids=["0.1", "0.05"])
@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_a_gaussian_has_its_axes_and_its_concentration(camera, angle):
    shape = measure(gaussian(0.4, 0.6, angle, camera), camera)
    assert shape.axis_ratio == pytest.approx(0.6, abs=1e-6)
    assert shape.angle == pytest.approx(angle, abs=1e-6)
    assert shape.flux == pytest.approx(1000, rel=2e-3)
    # Of a round one of sigma s the share 1 - exp(-r^2 / 2 s^2) is within r.
    round_one = measure(gaussian(0.4, 1.0, 0.0, camera), camera)
    expected = (1 - np.exp(-0.5 * (0.5 / 0.4) ** 2)) / (1 - np.exp(-0.5 * (1.5 / 0.4) ** 2))
    assert round_one.concentration == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("image", [np.zeros((101, 101)), np.full((101, 101), -1.0)])
def test_where_there_is_no_light_there_is_no_direction(image):
    shape = measure(image, CHALLENGE)
    assert (shape.concentration, shape.axis_ratio, shape.angle) == (0.0, 1.0, 0.0)


def test_light_that_is_wider_than_the_weight_can_tell_is_round():
    assert measure(np.ones((101, 101)), CHALLENGE)[2:] == (1.0, 0.0)


def shape(flux, concentration):
    return Shape(flux, concentration, 1.0, 0.0)


def test_the_most_lens_like_is_concentrated_among_the_brighter_half():
    faint = [shape(1.0, 0.9), shape(2.0, 0.8)]
    assert most_lens_like([*faint, shape(5.0, 0.3), shape(4.0, 0.4)]) == 3
    assert most_lens_like([shape(5.0, 0.3), *faint]) == 2
    assert most_lens_like([shape(1.0, 0.2)]) == 0
