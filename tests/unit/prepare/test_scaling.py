import numpy as np
import pytest

from lensflow.errors import ConfigError
from lensflow.prepare.scaling import LOG_KNEE, bin_images, bin_matrix, binned_noise, min_max, scale


@pytest.fixture
def flux():
    return np.random.default_rng(0).normal(5e-12, 1e-11, (3, 21, 21)).astype("f4")


@pytest.mark.parametrize("method", ["linear", "log"])
def test_images_run_from_0_to_1_and_ignore_the_unit_of_flux(flux, method):
    sigma = np.full(3, 1e-12)
    scaled = scale(flux, sigma, method)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(scaled.max(axis=(1, 2)), 1)
    np.testing.assert_allclose(scale(flux * 1e9, sigma * 1e9, method), scaled, atol=2e-6)


def test_linear_ignores_an_offset(flux):
    sigma = np.ones(3)
    np.testing.assert_allclose(
        scale(flux + 1e-11, sigma, "linear"), scale(flux, sigma, "linear"), atol=1e-5
    )


def test_the_logarithm_by_hand():
    flux = np.array([[[-3.0, 0.0], [LOG_KNEE * 9, LOG_KNEE * 99]]])
    np.testing.assert_allclose(scale(flux, np.ones(1), "log"), [[[0, 0], [0.5, 1]]], rtol=1e-6)


@pytest.mark.parametrize("method", ["linear", "log"])
def test_a_constant_image_becomes_zeros(method):
    constant = np.full((1, 5, 5), 7.0)
    np.testing.assert_array_equal(scale(constant, np.ones(1), method), np.zeros((1, 5, 5)))
    np.testing.assert_array_equal(min_max(np.zeros((1, 5, 5))), np.zeros((1, 5, 5)))


def test_an_unknown_scale_and_a_missing_noise_are_errors():
    with pytest.raises(ConfigError, match="'asinh'"):
        scale(np.zeros((1, 3, 3)), np.ones(1), "asinh")
    with pytest.raises(ValueError, match="2 of 3 have none"):
        scale(np.zeros((3, 3, 3)), np.array([1, 0, np.nan]), "log")


def test_binning_keeps_the_mean_and_the_centre():
    matrix = bin_matrix(101, 51)
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(matrix, matrix[::-1, ::-1])
    images = np.random.default_rng(1).random((2, 101, 101)).astype("f4")
    binned = bin_images(images, 51)
    np.testing.assert_allclose(binned.mean(axis=(1, 2)), images.mean(axis=(1, 2)), rtol=1e-5)
    turned = bin_images(np.rot90(images, axes=(1, 2)), 51)
    np.testing.assert_allclose(turned, np.rot90(binned, axes=(1, 2)), rtol=2e-6)


def test_binning_by_a_whole_number_averages_blocks():
    image = np.arange(16.0).reshape(1, 4, 4)
    np.testing.assert_allclose(bin_images(image, 2), [[[2.5, 4.5], [10.5, 12.5]]])
    assert bin_images(image, 4).shape == (1, 4, 4)
    with pytest.raises(ConfigError, match="image_size 9"):
        bin_images(image, 9)


def test_binned_noise_is_what_binned_noise_has():
    sky = np.random.default_rng(2).normal(0, 2, (200, 101, 101)).astype("f4")
    expected = bin_images(sky, 51).std()
    np.testing.assert_allclose(binned_noise(np.array([2.0]), 101, 51), expected, rtol=0.01)
