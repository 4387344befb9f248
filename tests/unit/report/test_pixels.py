"""Images as the pages hold them."""

import base64
import zlib

import numpy as np
import pytest

from lensflow.figures.colour import colour_images
from lensflow.prepare.binning import bin_images, binned_noise
from lensflow.prepare.symmetric import symmetric_light
from lensflow.report import pixels


def unpacked(text, dtype):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype)


def flux_of(levels):
    """What the browser makes of levels."""
    steps = (levels.astype(float) - pixels.ZERO) * pixels.STEP
    return pixels.SOFTENING * np.sinh(steps / pixels.SOFTENING)


def test_levels_are_half_a_step_from_the_flux():
    flux = np.concatenate([np.linspace(-8, 8, 500), np.geomspace(8, 2000, 500)])
    error = np.abs(flux_of(pixels.levels(flux)) - flux)
    assert error.max() <= 0.036 * 2000 / 2
    assert (error <= np.maximum(0.36 * np.cosh(np.arcsinh(flux / 20)), 0.36)).all()


def test_what_is_out_of_range_is_shown_as_the_end_of_it():
    assert pixels.levels(np.array([-1e9, 1e9])).tolist() == [0, 255]


def test_the_noise_grows_by_two_per_cent():
    noise = np.random.default_rng(0).normal(size=100_000)
    assert flux_of(pixels.levels(noise)).std() == pytest.approx(noise.std(), rel=0.03)


def test_colour_pictures_are_binned_and_come_out_again():
    flux = np.random.default_rng(1).normal(0, 2, (3, 4, 101, 101))
    flux[:, :, 40:61, 40:61] += 50
    sigma = np.full((3, 4), 2.0)
    packed = pixels.packed_colour(flux, sigma)
    side = packed["colour_side"]
    levels = unpacked(packed["colour"], np.uint8).reshape(3, side, side, 3)
    noise = binned_noise(sigma, 101, side)
    shown = colour_images(bin_images(flux, side), noise)
    assert (levels == np.rint(255 * shown)).all()
    assert levels[:, side // 2, side // 2].min() > 150
    assert np.median(levels[:, :8, :8]) < 60
    small = pixels.packed_colour(flux[..., :13, :13], sigma)
    assert small["colour_side"] == 13


def test_packed_images_come_out_again():
    images = np.random.default_rng(1).normal(5, 3, (4, 11, 11))
    raw = unpacked(pixels.packed_images(images), np.uint8)
    assert (raw.reshape(images.shape) == pixels.levels(images)).all()
    pictures = unpacked(pixels.packed_pictures(np.array([[[0.0, 1.0], [0.5, 2.0]]])), np.uint8)
    assert pictures.tolist() == [0, 255, 128, 255]
    light = unpacked(pixels.packed_light(images), "<f4").reshape(4, -1)
    model = symmetric_light(images[2])
    assert light[2] == pytest.approx([*model[:4], *model.profile], rel=1e-6)


def test_noise_takes_no_more_than_its_entropy_and_a_tenth():
    levels = pixels.levels(np.random.default_rng(2).normal(size=(20, 101, 101)))
    shares = np.bincount(levels.ravel()) / levels.size
    shares = shares[shares > 0]
    entropy = -(shares * np.log2(shares)).sum() / 8
    assert len(pixels.pack(levels)) * 3 / 4 < 1.1 * entropy * levels.size
