import numpy as np
import pytest
from scipy.special import gamma, gammaincinv

from lensflow.simulate.light import (
    BLUR_VARIANCE,
    add_rows,
    arc_rows,
    blur_matrix,
    sersic_mixture,
    sersic_rows,
    spiral_disc,
)


def drawn(rows):
    image = np.zeros((101, 101), "f4")
    add_rows(image, np.atleast_2d(rows))
    return image


def moments(image):
    y, x = (np.mgrid[:101, :101] - 50) * 0.1
    total = image.sum(dtype="f8")
    cx, cy = (image * x).sum() / total, (image * y).sum() / total
    xx, yy = (image * (x - cx) ** 2).sum() / total, (image * (y - cy) ** 2).sum() / total
    return total, cx, cy, xx, yy, (image * (x - cx) * (y - cy)).sum() / total


@pytest.mark.parametrize("oversampling", [1, 2, 3, 5])
def test_point_spread_function_is_normalised_and_has_the_stated_width(oversampling):
    matrix = blur_matrix(oversampling).astype("f8")
    inner = slice(8 * oversampling, -8 * oversampling)
    np.testing.assert_allclose(matrix.sum(axis=0)[inner], 1 / oversampling, rtol=1e-5)
    column = matrix[:, (50 + 3) * oversampling + oversampling // 2] * oversampling
    pixel = np.arange(101)
    centre = (column * pixel).sum()
    width = np.sqrt((column * (pixel - centre) ** 2).sum()) * 0.1
    assert width == pytest.approx(np.sqrt((0.18 / 2.3548) ** 2 + 0.1**2 / 12), rel=1e-3)


@pytest.mark.parametrize("index", [0.5, 1.0, 1.5, 2.5, 4.0])
def test_sersic_mixture_follows_the_profile(index):
    fluxes, sigmas = sersic_mixture(index)
    assert fluxes.sum() == pytest.approx(1)
    assert (fluxes > 0).all()
    slope = gammaincinv(2 * index, 0.5)
    radius = np.geomspace(0.1, 2.0, 20)
    profile = np.exp(-slope * radius ** (1 / index))
    profile *= slope ** (2 * index) / (2 * np.pi * index * gamma(2 * index))
    sums = fluxes / (2 * np.pi * sigmas**2) * np.exp(-0.5 * (radius[:, None] / sigmas) ** 2)
    np.testing.assert_allclose(sums.sum(axis=1), profile, rtol=0.13)


def test_a_gaussian_keeps_flux_place_and_shape():
    total, cx, cy, xx, yy, xy = moments(drawn([0.31, -0.72, 5000.0, 0.4, 0.5, 0.6]))
    assert total == pytest.approx(5000, rel=1e-3)
    assert (cx, cy) == pytest.approx((0.31, -0.72), abs=2e-3)
    major, minor = 0.16 / 0.5, 0.16 * 0.5
    cos, sin = np.cos(0.6), np.sin(0.6)
    assert xx == pytest.approx(major * cos**2 + minor * sin**2 + BLUR_VARIANCE, rel=5e-3)
    assert yy == pytest.approx(major * sin**2 + minor * cos**2 + BLUR_VARIANCE, rel=5e-3)
    assert xy == pytest.approx((major - minor) * cos * sin, rel=1e-2)


def test_light_outside_the_cutout_is_cut_off():
    assert not drawn([30.0, 0.0, 1000.0, 0.2, 1.0, 0.0]).any()
    half = drawn([5.05, 0.0, 1000.0, 0.2, 1.0, 0.0]).sum()
    assert half == pytest.approx(500, rel=0.02)


def test_an_arc_lies_on_its_circle():
    image = drawn(arc_rows(0.2, 0.1, 800.0, 2.0, 0.15, 0.5, 1.5))
    y, x = (np.mgrid[:101, :101] - 50) * 0.1
    radius = np.average(np.hypot(x - 0.2, y - 0.1), weights=image)
    assert radius == pytest.approx(2.0, abs=0.02)
    angle = np.arctan2(y - 0.1, x - 0.2)[image > 0.5 * image.max()]
    assert angle.min() > 0.4
    assert angle.max() < 2.1


def test_a_disc_without_arms_is_an_exponential_disc():
    scale, axis_ratio = 0.5, 0.7
    arms = spiral_disc(0.1, -0.2, 2000.0, scale, axis_ratio, 0.9, 2, 0.0, 4.0, 1.0)
    half_light = 1.678 * scale * np.sqrt(axis_ratio)
    smooth = drawn(sersic_rows(0.1, -0.2, 2000.0, half_light, 1.0, axis_ratio, 0.9))
    np.testing.assert_allclose(arms, smooth, atol=0.05 * smooth.max())
    assert arms.sum() == pytest.approx(2000, rel=0.02)


def test_arms_add_no_flux_and_repeat_around_the_centre():
    image = spiral_disc(0.0, 0.0, 2000.0, 0.6, 1.0, 0.0, 2, 0.6, 4.0, 1.0)
    assert image.sum() == pytest.approx(2000, rel=0.02)
    np.testing.assert_allclose(image, image[::-1, ::-1], atol=1e-3 * image.max())
    assert np.abs(image - image.T).max() > 0.05 * image.max()
