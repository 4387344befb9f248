import numpy as np
import pytest

from lensflow.simulate.lensing import (
    CriticalMap,
    Mass,
    MassGroup,
    shear_deflection,
    sie_deflection,
    sis_deflection,
)
from lensflow.simulate.light import sersic_rows
from lensflow.simulate.sources import LensedSource, amplitude_for_flux, scaled


def grid(half_width=3.0, count=61):
    line = np.linspace(-half_width, half_width, count) + 0.0137
    return np.meshgrid(line, line)


def jacobian(deflection, x, y, step=1e-4):
    """Return d alpha_x/dx, d alpha_x/dy, d alpha_y/dx, d alpha_y/dy by central differences."""
    along = [
        (a - b) / (2 * step)
        for a, b in zip(deflection(x + step, y), deflection(x - step, y), strict=True)
    ]
    across = [
        (a - b) / (2 * step)
        for a, b in zip(deflection(x, y + step), deflection(x, y - step), strict=True)
    ]
    return along[0], across[0], along[1], across[1]


def test_sphere_deflects_by_the_einstein_radius_everywhere():
    x, y = grid()
    alpha_x, alpha_y = sis_deflection(x, y, 1.3)
    np.testing.assert_allclose(np.hypot(alpha_x, alpha_y), 1.3, rtol=1e-12)
    np.testing.assert_allclose(alpha_x * y - alpha_y * x, 0.0, atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.9])
def test_ellipsoid_becomes_a_sphere_as_it_gets_round(angle):
    x, y = grid()
    nearly = sie_deflection(x, y, 0.8, 0.999, angle)
    np.testing.assert_allclose(nearly, sis_deflection(x, y, 0.8), atol=1e-3)
    np.testing.assert_array_equal(sie_deflection(x, y, 0.8, 1.0, angle), sis_deflection(x, y, 0.8))


@pytest.mark.parametrize("axis_ratio", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("angle", [0.0, 1.1])
def test_ellipsoid_has_its_convergence_and_no_curl(axis_ratio, angle):
    x, y = grid()
    xx, xy, yx, yy = jacobian(lambda *p: sie_deflection(*p, 1.2, axis_ratio, angle), x, y)
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    convergence = 1.2 / (2.0 * np.sqrt(axis_ratio * u**2 + v**2 / axis_ratio))
    np.testing.assert_allclose(0.5 * (xx + yy), convergence, rtol=1e-4)
    np.testing.assert_allclose(xy, yx, rtol=1e-4, atol=1e-4)


def test_ellipsoid_is_symmetric_about_both_axes():
    x, y = grid()
    alpha_x, alpha_y = sie_deflection(x, y, 1.0, 0.5, 0.0)
    np.testing.assert_allclose(sie_deflection(-x, y, 1.0, 0.5, 0.0), (-alpha_x, alpha_y))
    np.testing.assert_allclose(sie_deflection(x, -y, 1.0, 0.5, 0.0), (alpha_x, -alpha_y))


def test_turning_an_ellipsoid_turns_its_deflection():
    x, y = grid()
    turned = sie_deflection(-y, x, 1.0, 0.5, np.pi / 2)
    alpha_x, alpha_y = sie_deflection(x, y, 1.0, 0.5, 0.0)
    np.testing.assert_allclose(turned, (-alpha_y, alpha_x), atol=1e-12)


@pytest.mark.parametrize("axis_ratio", [0.5, 0.8, 1.0])
def test_critical_curve_of_an_ellipsoid_encloses_the_einstein_area(axis_ratio):
    x, y = grid(2.4, 481)
    mass = Mass(1.0, axis_ratio, 0.4)
    xx, xy, yx, yy = jacobian(mass.deflection, x, y, 1e-5)
    inside = (1 - xx) * (1 - yy) - xy * yx < 0
    cell = (x[0, 1] - x[0, 0]) ** 2
    assert inside.sum() * cell == pytest.approx(np.pi, rel=0.01)


def test_shear_has_no_convergence():
    x, y = grid()
    xx, xy, yx, yy = jacobian(lambda *p: shear_deflection(*p, 0.05, -0.02), x, y)
    np.testing.assert_allclose(xx + yy, 0.0, atol=1e-9)
    np.testing.assert_allclose(xy, yx, atol=1e-9)
    np.testing.assert_allclose(xx, 0.05, atol=1e-9)


def test_subhalos_add_their_own_deflection():
    x, y = grid()
    mass = Mass(1.0, 0.7, 0.3, (0.02, 0.01), np.array([[0.5, -1.0, 0.1]]))
    smooth = Mass(1.0, 0.7, 0.3, (0.02, 0.01))
    added = np.subtract(mass.deflection(x, y), smooth.deflection(x, y))
    np.testing.assert_allclose(added, sis_deflection(x - 0.5, y + 1.0, 0.1), atol=1e-12)


def gaussian_source(size, x=0.0, y=0.0, flux=1000.0):
    return scaled(np.array([[0.0, 0.0, flux, 1.0, 1.0, 0.0]]), size, x, y)


@pytest.mark.parametrize("theta_e", [0.8, 2.0, 4.0])
def test_a_centred_source_makes_a_ring_of_the_einstein_radius(theta_e):
    image = LensedSource(Mass(theta_e)).image(gaussian_source(0.03))
    y, x = (np.mgrid[:101, :101] - 50) * 0.1
    radius = np.hypot(x, y)
    # the blur moves light outwards by sigma^2 / (2 theta) only
    assert np.average(radius, weights=image) == pytest.approx(theta_e, abs=0.01)
    assert image[radius < theta_e - 0.6].max(initial=0) < 1e-3 * image.max()


@pytest.mark.parametrize("beta", [0.3, 0.5, 0.9])
def test_a_point_behind_a_sphere_is_magnified_as_known(beta):
    image = LensedSource(Mass(1.5)).image(gaussian_source(0.02, x=beta))
    x = np.arange(101) - 50
    assert image[:, x > 0].sum() / 1000 == pytest.approx(1 + 1.5 / beta, rel=0.02)
    assert image[:, x < 0].sum() / 1000 == pytest.approx(1.5 / beta - 1, rel=0.04)


def test_without_a_lens_the_flux_is_kept_and_the_image_is_that_of_the_light():
    from lensflow.simulate.light import add_rows

    rows = scaled(sersic_rows(0, 0, 500.0, 1.0, 1.0, 0.6, 0.4), 0.4, 0.33, -0.21)
    traced = LensedSource(Mass(1e-9)).image(rows)
    direct = np.zeros((101, 101), "f4")
    add_rows(direct, rows)
    assert traced.sum() == pytest.approx(500, rel=2e-3)
    np.testing.assert_allclose(traced, direct, atol=0.02 * direct.max())


def test_arcs_are_converged():
    rows = scaled(sersic_rows(0, 0, 500.0, 1.0, 1.5, 0.7, 0.4, 5), 0.1, 0.2, 0.1)
    lensed = LensedSource(Mass(1.2, 0.75, 0.3, (0.03, 0.0)))
    lines, columns, beta = lensed._trace(np.ones((107, 107), bool), 8)
    from lensflow.simulate.sources import _blur, surface_brightness

    fine = np.zeros((107, 8, 107, 8), "f4")
    fine[lines, :, columns, :] = surface_brightness(rows, *beta)
    expected = _blur(fine.reshape(856, 856), 8, lines, columns)
    image = lensed.image(rows)
    np.testing.assert_allclose(image, expected, atol=0.01 * expected.max())
    assert image.sum() == pytest.approx(expected.sum(), rel=3e-3)


def test_rays_that_are_kept_give_the_same_image_as_new_ones():
    mass = Mass(1.2, 0.75, 0.3)
    kept = LensedSource(mass)
    for size in (0.2, 0.21, 0.6, 0.19):
        rows = gaussian_source(size, 0.1, 0.2)
        np.testing.assert_allclose(
            kept.image(rows), LensedSource(mass).image(rows), atol=2e-4 * 1000 * 0.01
        )


def test_amplitude_gives_the_wanted_flux_above_one_sigma():
    image = LensedSource(Mass(1.0, 0.8)).image(gaussian_source(0.1, 0.1, 0.05, 1.0))
    for flux in (30.0, 500.0, 20000.0):
        amplitude, count = amplitude_for_flux(image, flux)
        scaled_image = image.astype("f8") * amplitude
        bright = scaled_image[scaled_image > 1]
        assert bright.sum() == pytest.approx(flux, abs=1.1)
        assert len(bright) == count
    assert amplitude_for_flux(np.zeros((5, 5)), 10.0) == (0.0, 0.0)


def test_deflection_equals_that_of_lenstronomy():
    lens_model = pytest.importorskip("lenstronomy.LensModel.lens_model")
    util = pytest.importorskip("lenstronomy.Util.param_util")
    axis_ratio, angle = 0.65, 0.8
    e1, e2 = util.phi_q2_ellipticity(angle, axis_ratio)
    model = lens_model.LensModel(["SIE", "SHEAR"])
    parameters = [
        {"theta_E": 1.3, "e1": e1, "e2": e2, "center_x": 0, "center_y": 0},
        {"gamma1": 0.04, "gamma2": -0.03},
    ]
    x, y = (part.ravel() for part in grid())
    expected = model.alpha(x, y, parameters)
    ours = Mass(1.3, axis_ratio, angle, (0.04, -0.03)).deflection(x, y)
    np.testing.assert_allclose(ours, expected, atol=2e-4)


def ring_radius(mass):
    """Mean distance from the origin of the light of a small source on the axis."""
    image = LensedSource(mass).image(np.array([[0.0, 0.0, 1.0, 0.05, 1.0, 0.0]]))
    y, x = (np.mgrid[:101, :101] - 50) * 0.1
    return np.average(np.hypot(x, y), weights=np.maximum(image, 0))


@pytest.mark.parametrize("theta_e", [1.0, 2.3])
def test_a_source_on_the_axis_is_a_ring_of_the_einstein_radius(theta_e):
    assert ring_radius(Mass(theta_e)) == pytest.approx(theta_e, rel=0.01)
    together = MassGroup(((0.0, 0.0, Mass(0.4 * theta_e)), (0.0, 0.0, Mass(0.6 * theta_e))))
    assert ring_radius(together) == pytest.approx(theta_e, rel=0.01)


def test_a_farther_source_is_deflected_more():
    mass = Mass(1.2, 0.7, 0.5, (0.03, -0.02), np.array([[0.5, 0.8, 0.05]]))
    x, y = grid()
    near, far = mass.deflection(x, y), mass.scaled(1.5).deflection(x, y)
    np.testing.assert_allclose(far, np.multiply(near, 1.5), rtol=1e-9, atol=1e-12)
    assert ring_radius(Mass(1.0).scaled(1.5)) == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("axis_ratio", [1.0, 0.8, 0.5])
def test_the_critical_area_of_an_ellipsoid_is_that_of_its_einstein_radius(axis_ratio):
    mass = Mass(1.4, axis_ratio, 0.6)
    assert mass.critical.area == pytest.approx(np.pi * 1.4**2, rel=0.01)
    assert mass.critical.einstein_radius == pytest.approx(1.4, rel=0.005)


def test_the_critical_area_of_coincident_spheres_is_that_of_their_sum():
    group = MassGroup(((0.3, -0.2, Mass(0.9)), (0.3, -0.2, Mass(0.7))))
    assert group.theta_e == pytest.approx(1.6, rel=0.01)


def test_deflectors_far_apart_act_alone():
    first, second = Mass(1.0, 0.7, 0.2), Mass(0.8, 0.9, 1.0)
    group = MassGroup(((0.0, 0.0, first), (30.0, 0.0, second)))
    x, y = grid(1.5)
    alpha = np.array(group.deflection(x, y)) - np.array(second.deflection(x - 30.0, y))
    np.testing.assert_allclose(alpha, first.deflection(x, y), atol=1e-12)
    # what the other adds is constant but for its shear, theta_E / (2 d) to first order
    added = np.array(second.deflection(x - 30.0, y))
    assert np.ptp(added, axis=(1, 2)).max() < 2 * 1.5 * 2 * 0.8 / 30.0


def test_the_critical_areas_of_spheres_far_apart_add_up():
    group = MassGroup(((0.0, 0.0, Mass(0.5)), (12.0, 0.0, Mass(0.4))))
    # the other one's convergence and shear, theta_E / (2 d) each, enlarge an area by 2 theta_E / 2d
    expected = np.pi * (0.5**2 * (1 + 0.4 / 12) + 0.4**2 * (1 + 0.5 / 12))
    assert CriticalMap(group, 1600).area == pytest.approx(expected, rel=0.01)


def test_a_shear_does_not_change_the_critical_area_to_first_order():
    sheared = Mass(1.0, 1.0, 0.0, (0.03, 0.0))
    assert sheared.critical.area == pytest.approx(np.pi, rel=0.01)


def test_places_behind_a_strongly_magnified_position_are_near_the_axis():
    mass = Mass(1.5, 0.7, 0.4)
    places = mass.critical.draw_places(np.random.default_rng(0), 200)
    assert places.shape == (200, 2)
    # within the tangential caustic and the inverse magnification times the Einstein radius
    assert np.hypot(*places.T).max() < 1.5 * (0.35 + CriticalMap.STRONG)
    assert np.hypot(*places.T).std() > 0.05
    again = mass.critical.draw_places(np.random.default_rng(0), 200)
    np.testing.assert_array_equal(places, again)


def test_a_group_reaches_as_far_as_its_farthest_member():
    group = MassGroup(((0.0, 0.0, Mass(1.0)), (0.0, 2.0, Mass(0.7))))
    assert group.reach == pytest.approx(2.7)
    x, y = grid()
    expected = np.maximum(Mass(1.0).stretch(x, y), Mass(0.7).stretch(x, y - 2.0))
    np.testing.assert_array_equal(group.stretch(x, y), expected)
