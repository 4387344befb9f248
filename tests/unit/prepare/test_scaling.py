from pathlib import Path

import numpy as np
import pytest
import yaml

from lensflow.errors import ConfigError
from lensflow.prepare.scaling import LOG_KNEE, SCALES, compressed, min_max, scale, shown

ROOT = Path(__file__).resolve().parents[3]
STRETCHED = [name for name, scale in SCALES.items() if scale.is_stretched]


@pytest.fixture
def flux():
    return np.random.default_rng(0).normal(5e-12, 1e-11, (3, 21, 21)).astype("f4")


@pytest.mark.parametrize("name", STRETCHED)
def test_images_run_from_0_to_1_and_ignore_the_unit_of_flux(flux, name):
    sigma = np.full(3, 1e-12)
    scaled = scale(flux, sigma, name)
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(scaled.max(axis=(1, 2)), 1)
    np.testing.assert_allclose(scale(flux * 1e9, sigma * 1e9, name), scaled, atol=2e-6)


def test_linear_ignores_an_offset_and_needs_no_noise(flux):
    sigma = np.zeros(3)
    np.testing.assert_allclose(
        scale(flux + 1e-11, sigma, "linear"), scale(flux, sigma, "linear"), atol=1e-5
    )


def test_the_logarithm_by_hand():
    # log10(1 + f / 4), in sky sigmas.
    flux = np.array([[[-6.0, 0.0], [72.0, 792.0]]])
    np.testing.assert_allclose(scale(flux, np.full(1, 2), "log"), [[[0, 0], [0.5, 1]]], rtol=1e-6)


@pytest.mark.parametrize("name", STRETCHED)
def test_a_constant_image_becomes_zeros(name):
    constant = np.full((1, 5, 5), 7.0)
    np.testing.assert_array_equal(scale(constant, np.ones(1), name), np.zeros((1, 5, 5)))
    np.testing.assert_array_equal(min_max(np.zeros((1, 5, 5))), np.zeros((1, 5, 5)))


def test_each_image_is_stretched_by_itself():
    images = np.array([[[1.0, 3.0], [5.0, 9.0]], [[0.0, 2.0], [4.0, 2.0]]])
    expected = [[[0, 0.25], [0.5, 1]], [[0, 0.5], [1, 0.5]]]
    np.testing.assert_array_equal(min_max(images), expected)
    np.testing.assert_array_equal(min_max(images[None]), [expected])  # two bands of one object


def test_an_unknown_scale_and_a_missing_noise_are_errors():
    with pytest.raises(ConfigError, match="'asinh'"):
        scale(np.zeros((1, 3, 3)), np.ones(1), "asinh")
    with pytest.raises(ValueError, match="2 of 3 have none"):
        scale(np.zeros((3, 3, 3)), np.array([1, 0, np.nan]), "log")


@pytest.mark.parametrize("sigma", [0, -1, np.nan, np.inf, 1e39, 1e-50])
@pytest.mark.parametrize("name", ["log", "sigma"])
def test_every_noise_that_is_refused_is_counted(name, sigma):
    with pytest.raises(ValueError, match=r"1 of 2 have none.* 'linear' .* `polar` does not take"):
        scale(np.zeros((2, 3, 3)), np.array([1, sigma]), name)


def test_the_schema_names_the_scales_of_the_table():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    assert schema["$defs"]["scale"]["enum"] == list(SCALES)


def test_images_in_units_of_their_sky_noise_are_neither_stretched_nor_shifted(flux):
    sigma = np.array([1e-12, 2e-12, 4e-12])
    images = scale(flux, sigma, "sigma")
    np.testing.assert_allclose(images, flux / sigma[:, None, None], rtol=1e-6)
    with pytest.raises(ValueError, match="1 of 3 have none"):
        scale(flux, np.array([1, 2, 0]), "sigma")


def test_what_is_shown_lies_between_0_and_1_and_is_that_of_the_logarithm(flux):
    sigma = np.full(3, 1e-12)
    on_log = scale(flux, sigma, "log")
    np.testing.assert_allclose(shown(scale(flux, sigma, "sigma"), "sigma"), on_log, atol=1e-6)
    np.testing.assert_array_equal(shown(on_log, "log"), on_log)


def test_the_range_of_flux_is_compressed_where_it_was_not(flux):
    images = np.array([[[-3.0, 0.0], [LOG_KNEE * 9, LOG_KNEE * 99]]])
    np.testing.assert_allclose(compressed(images, "sigma"), [[[0, 0], [1, 2]]], rtol=1e-6)
    np.testing.assert_array_equal(compressed(images, "linear"), images)


@pytest.mark.parametrize("name", sorted(SCALES))
def test_what_would_come_out_as_nan_is_refused(flux, name):
    """An image without noise, of sigma 1e-43, once became NaN, and p_lens 0.82."""
    sigma = np.full(3, 1e-11, "f4")
    assert np.isfinite(scale(flux, sigma, name)).all()
    missing, huge = flux.copy(), flux.copy()
    missing[1, 2, 3] = np.nan
    huge[1, 0, 0], huge[1, 0, 1] = 3e38, -3e38
    for bad in (missing, huge):
        with pytest.raises(ValueError, match="needs finite images, but 1 of 3"):
            scale(bad, sigma, name)
    if SCALES[name].needs_sky:
        sigma[2] = 1e-43
        with pytest.raises(ValueError, match="but 1 of 3"):
            scale(flux * np.float32(1e10), sigma, name)
