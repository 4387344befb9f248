import numpy as np
import pytest

from lensflow.errors import ConfigError
from lensflow.prepare.scaling import LOG_KNEE, SCALES, min_max, scale


@pytest.fixture
def flux():
    return np.random.default_rng(0).normal(5e-12, 1e-11, (3, 21, 21)).astype("f4")


@pytest.mark.parametrize("name", SCALES)
def test_images_run_from_0_to_1_and_ignore_the_unit_of_flux(flux, name):
    sigma = np.full(3, 1e-12)
    scaled = scale(flux, sigma, name)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(scaled.max(axis=(1, 2)), 1)
    np.testing.assert_allclose(scale(flux * 1e9, sigma * 1e9, name), scaled, atol=2e-6)


def test_linear_ignores_an_offset(flux):
    sigma = np.ones(3)
    np.testing.assert_allclose(
        scale(flux + 1e-11, sigma, "linear"), scale(flux, sigma, "linear"), atol=1e-5
    )


def test_the_logarithm_by_hand():
    flux = np.array([[[-3.0, 0.0], [LOG_KNEE * 9, LOG_KNEE * 99]]])
    np.testing.assert_allclose(scale(flux, np.ones(1), "log"), [[[0, 0], [0.5, 1]]], rtol=1e-6)


@pytest.mark.parametrize("name", SCALES)
def test_a_constant_image_becomes_zeros(name):
    constant = np.full((1, 5, 5), 7.0)
    np.testing.assert_array_equal(scale(constant, np.ones(1), name), np.zeros((1, 5, 5)))
    np.testing.assert_array_equal(min_max(np.zeros((1, 5, 5))), np.zeros((1, 5, 5)))


def test_an_unknown_scale_and_a_missing_noise_are_errors():
    with pytest.raises(ConfigError, match="'asinh'"):
        scale(np.zeros((1, 3, 3)), np.ones(1), "asinh")
    with pytest.raises(ValueError, match="2 of 3 have none"):
        scale(np.zeros((3, 3, 3)), np.array([1, 0, np.nan]), "log")
