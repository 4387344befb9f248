import numpy as np
import pytest

from lensflow.figures import sources
from lensflow.figures.colour import BRIGHT, colour_images, in_sigma, shown_images
from lensflow.prepare.scaling import scale


def bands(*fluxes, sigma=1.0):
    """Return images with a square of a flux (sky sigma) in each band, and their sky noise."""
    flux = np.random.default_rng(1).normal(0, 0.1, (1, len(fluxes), 21, 21))
    flux[0, :, 5:10, 5:10] += np.array(fluxes)[:, None, None]
    return flux * sigma, np.full((1, len(fluxes)), float(sigma))


@pytest.mark.parametrize(
    ("fluxes", "colour"),
    [
        ((50, 0, 0), "blue"),
        ((0, 50, 0), "green"),
        ((0, 0, 50), "red"),
        ((50, 0, 0, 0), "blue"),
        ((0, 0, 50, 0), "green"),
        ((0, 0, 0, 50), "red"),
        ((50, 0), "blue"),
        ((0, 50), "red"),
    ],
)
def test_the_first_band_is_blue_and_the_last_red(fluxes, colour):
    image = colour_images(*bands(*fluxes))[0]
    assert image.shape == (21, 21, 3)
    square = image[5:10, 5:10].mean(axis=(0, 1))
    assert ("red", "green", "blue")[square.argmax()] == colour
    assert square.max() > 0.5


def test_equal_flux_in_units_of_the_noise_is_grey_and_the_unit_does_not_matter():
    one, other = (colour_images(*bands(30, 30, 30, sigma=sigma))[0] for sigma in (1.0, 1e-12))
    np.testing.assert_allclose(one, other, atol=2 / 255)
    square = one[5:10, 5:10].mean(axis=(0, 1))
    assert np.ptp(square) < 0.03
    assert one[12:].mean() < 0.3


def test_one_band_is_shown_as_ever_and_without_noise_linear():
    flux, sigma = (each[:, 0] for each in bands(40, 1))
    assert (shown_images(flux, sigma, "log") == scale(flux, sigma, "log")).all()
    assert (shown_images(flux, 0 * sigma, "log") == scale(flux, sigma, "linear")).all()


def test_images_without_noise_are_in_units_of_their_peak():
    flux = np.zeros((3, 4, 4))
    flux[0, 1, 1], flux[1, 2, 2] = 6.0, 0.25
    images = in_sigma(flux, np.array([2.0, 0.0, 0.0]))
    assert images.max(axis=(1, 2)).tolist() == [3.0, BRIGHT, 0.0]


def test_objects_of_several_bands_are_drawn_in_colour(tmp_path, monkeypatch):
    flux, sigma = bands(50, 5, 0)
    monkeypatch.setattr(sources, "_collect", lambda *_: [(flux[0], sigma[0])] * 2)
    pictures = sources.dataset_pictures([], ["a", "b"], "log")
    assert (pictures[0] == colour_images(flux, sigma)[0]).all()
    first, noise = sources.dataset_images([], ["a", "b"])
    assert (first[1] == flux[0, 0]).all()
    assert noise.shape == (2,)
