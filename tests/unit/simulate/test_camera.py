import numpy as np
import pytest

from lensflow.evaluate.selection import snr
from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.constants import SIZE
from lensflow.simulate.lensing import Mass
from lensflow.simulate.matching import matched_image
from lensflow.simulate.sources import LensedSource

CAMERAS = {
    "challenge": CHALLENGE,
    "ground": Camera.of_fwhm(0.26, 0.9),
    "sharp": Camera.of_fwhm(0.05, 0.08),
}
SOURCE_SIGMA = 0.03

cameras = pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)


def point_source(camera, x, y, flux=1000.0):
    """Return the image of a source too small to be resolved, behind no mass."""
    rows = np.array([[x, y, flux, SOURCE_SIGMA, 1.0, 0.0]])
    return LensedSource(Mass(1e-9), camera).image(rows).astype("f8")


@cameras
def test_a_point_source_has_its_flux_its_place_and_the_width_of_the_psf(camera):
    x, y = 7.3 * camera.pixel_arcsec, -4.2 * camera.pixel_arcsec
    image = point_source(camera, x, y)
    assert image.sum() == pytest.approx(1000, rel=3e-3)
    lines, columns = np.mgrid[:SIZE, :SIZE]
    centre = [np.average(axis, weights=image) for axis in (columns, lines)]
    assert centre == pytest.approx([SIZE // 2 + 7.3, SIZE // 2 - 4.2], abs=0.02)
    expected = camera.psf_sigma_arcsec**2 + camera.pixel_arcsec**2 / 12 + SOURCE_SIGMA**2
    for axis, middle in zip((columns, lines), centre, strict=True):
        variance = np.average((axis - middle) ** 2, weights=image) * camera.pixel_arcsec**2
        assert variance == pytest.approx(expected, rel=0.03)


@cameras
def test_light_comes_in_from_beyond_the_edge(camera):
    """Of a point source on the edge of the cutout one half is seen."""
    image = point_source(camera, camera.half_field, 0.0)
    assert image.sum() == pytest.approx(500, rel=0.02)


def test_the_instrument_of_the_challenge_sees_what_the_challenge_has():
    assert CHALLENGE.seen(123.0, 456.0) == (123.0, 456.0)
    assert (CHALLENGE.zoom, CHALLENGE.margin) == (1.0, 3)
    assert CHALLENGE.half_field == pytest.approx(5.05)


def test_a_lensed_image_has_the_same_area_and_signal_to_noise_in_other_pixels():
    camera = CAMERAS["ground"]
    pixels, flux = camera.seen(400.0, 9000.0)
    assert pixels * camera.pixel_arcsec**2 == pytest.approx(400 * 0.1**2)
    assert snr(flux, pixels) == pytest.approx(snr(9000, 400))


def test_of_a_faint_image_a_pixel_is_left():
    pixels, flux = Camera.of_fwhm(1.0, 1.0).seen(3.0, 4.0)
    assert (pixels, flux) == (1.0, 1.0005)


@cameras
def test_a_source_is_found_for_the_wanted_flux_and_area(camera):
    pixels, flux = camera.seen(300.0, 1500.0)
    lensed = matched_image(
        np.random.default_rng(2), Mass(1.2, 0.8, 0.4), pixels, flux, camera=camera
    )
    bright = lensed.image[lensed.image > 1].astype("f8")
    assert bright.sum() == pytest.approx(flux, rel=1e-3)
    assert len(bright) == pytest.approx(pixels, rel=0.25)
    # A lens multiplies the light of a source.
    assert 0 < lensed.source_flux < lensed.image.sum()
