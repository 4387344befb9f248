import numpy as np
import pytest

from lensflow.errors import ConfigError
from lensflow.prepare.binning import bin_images, bin_matrix, binned_noise


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
