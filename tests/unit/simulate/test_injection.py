import numpy as np
import pytest

from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.injection import draw_injected, with_shot_noise
from lensflow.simulate.population import load
from lensflow.simulate.shapes import Shape

ROUND = Shape(1000.0, 0.5, 1.0, 0.0)


def draws(camera, count=40, population="training", galaxy=ROUND, theta_e=None):
    return [
        draw_injected(np.random.default_rng(seed), load(population), galaxy, camera, theta_e)
        for seed in range(count)
    ]


def test_a_source_is_seen_and_has_no_noise():
    for one in draws(CHALLENGE, 15):
        assert one.image.shape == (101, 101)
        assert (one.image >= 0).all()
        assert one.image.max() > 0
        assert 0 < one.source_flux < np.inf


def test_another_camera_sees_the_same_light_more_blurred():
    def size(image, axis):
        return (image * axis**2).sum(dtype=float) / image.sum(dtype=float)

    line = (np.arange(101) - 50) * 0.1
    sharp, broad = 0.18, 0.60
    added = (broad**2 - sharp**2) / (8 * np.log(2))
    for one in draws(Camera.of_fwhm(0.1, sharp), 8, theta_e=0.7):
        np.testing.assert_allclose(one.seen_by(Camera.of_fwhm(0.1, sharp)), one.image, atol=1e-3)
        seen = one.seen_by(Camera.of_fwhm(0.1, broad))
        assert seen.sum(dtype=float) == pytest.approx(one.image.sum(dtype=float), rel=1e-3)
        for axis in (line[None], line[:, None]):
            assert size(seen, axis) - size(one.image, axis) == pytest.approx(added, rel=0.05)


def test_einstein_radii_fit_in_the_cutout():
    camera = Camera.of_fwhm(0.03, 0.08)
    radii = [one.theta_e for one in draws(camera, 12)]
    assert max(radii) < camera.half_field
    assert max(one.theta_e for one in draws(CHALLENGE, 12)) > camera.half_field


def test_shot_noise_has_the_mean_and_the_variance_of_its_electrons():
    sky_electrons = 3.0
    image = np.full((300, 300), 8.0, "f4")
    noisy = with_shot_noise(np.random.default_rng(1), image, sky_electrons)
    assert noisy.mean() == pytest.approx(8.0, abs=4 * np.sqrt(8 / sky_electrons) / 300)
    # A count of n electrons has the variance n.
    assert noisy.var() == pytest.approx(8.0 / sky_electrons, rel=0.03)
    assert not with_shot_noise(np.random.default_rng(1), np.zeros((3, 3)), sky_electrons).any()


def test_more_electrons_make_less_noise():
    image = np.full((100, 100), 50.0)
    spread = [with_shot_noise(np.random.default_rng(0), image, e).std() for e in (1.0, 100.0)]
    assert spread[0] / spread[1] == pytest.approx(10, rel=0.05)
