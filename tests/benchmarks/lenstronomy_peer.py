"""The images of simulated objects by lenstronomy: galaxies, masses and sources as ours draws them.

Two renderings an object, the light of the field and the lensed source; the third image is their sum
with noise. lenstronomy is not asked for what ours does besides: the search for a source of the
wanted brightness, and the files.
"""

import numpy as np
from lenstronomy.Data.imaging_data import ImageData
from lenstronomy.Data.psf import PSF
from lenstronomy.ImSim.image_model import ImageModel
from lenstronomy.LensModel.lens_model import LensModel
from lenstronomy.LightModel.light_model import LightModel
from lenstronomy.Util.param_util import phi_q2_ellipticity

from lensflow.seeds import rng
from lensflow.simulate.constants import PIXEL_ARCSEC, SIZE
from lensflow.simulate.population import load
from lensflow.simulate.scene import draw_central, draw_field, draw_mass, draw_members
from lensflow.simulate.sources import draw_source

EDGE = -PIXEL_ARCSEC * (SIZE // 2)
GRID = {
    "ra_at_xy_0": EDGE,
    "dec_at_xy_0": EDGE,
    "transform_pix2angle": np.eye(2) * PIXEL_ARCSEC,
    "image_data": np.zeros((SIZE, SIZE)),
}
NUMERICS = {"supersampling_factor": 2, "supersampling_convolution": False}


def draw(population: str, number: int) -> tuple:
    """Return the galaxies, the mass and the clumps of the source (None without) of one object."""
    described, random = load(population), rng(1, "peer", number)
    _, theta_e = described.draw_einstein_radius(random)
    central, members = draw_central(random, theta_e), draw_members(random, theta_e)
    galaxies = [central, *members, *draw_field(random)]
    mass = draw_mass(random, central.bulge_ratio, central.angle, members, theta_e)
    is_lens = random.random() < described.lens_fraction
    return galaxies, mass, draw_source(random)[1] if is_lens else None


def render(galaxies, mass, clumps) -> np.ndarray:
    """Return the image with the lensed source; a source has one Sersic body and Gaussian clumps."""
    psf = PSF(psf_type="GAUSSIAN", fwhm=0.18, pixel_size=PIXEL_ARCSEC)
    light = [part for galaxy in galaxies for part in _sersics(galaxy)]
    model = LightModel(["SERSIC_ELLIPSE"] * len(light))
    fields = ImageModel(
        ImageData(**GRID), psf, lens_light_model_class=model, kwargs_numerics=NUMERICS
    )
    image = fields.image(kwargs_lens_light=light)
    if clumps is None:
        return image
    names, lenses = _lens(mass)
    body = {"amp": 1.0, "R_sersic": 0.15, "n_sersic": 1.0, **_place(0.1, 0.05, 0.3, 0.7)}
    spots = [
        {
            "amp": 1.0,
            "sigma": 0.15 * row[3],
            "center_x": 0.1 + 0.15 * row[0],
            "center_y": 0.15 * row[1],
        }
        for row in clumps
    ]
    source = LightModel(["SERSIC_ELLIPSE", *["GAUSSIAN"] * len(spots)])
    lensed = ImageModel(ImageData(**GRID), psf, LensModel(names), source, kwargs_numerics=NUMERICS)
    return image + lensed.image(lenses, [body, *spots])


def _sersics(galaxy) -> list[dict]:
    bulge = {"amp": 1.0, "R_sersic": galaxy.half_light * galaxy.bulge_size}
    bulge |= {"n_sersic": galaxy.bulge_index}
    bulge |= _place(galaxy.x, galaxy.y, galaxy.angle, galaxy.bulge_ratio)
    disc = {"amp": 1.0, "R_sersic": galaxy.half_light, "n_sersic": 1.0}
    return [bulge, disc | _place(galaxy.x, galaxy.y, galaxy.angle, galaxy.disc_ratio)]


def _place(x, y, angle, axis_ratio) -> dict:
    e1, e2 = phi_q2_ellipticity(angle, axis_ratio)
    return {"center_x": x, "center_y": y, "e1": e1, "e2": e2}


def _lens(mass) -> tuple[list[str], list[dict]]:
    names = ["SIE", "SHEAR", *["SIS"] * len(mass.subhalos)]
    ellipsoid = {"theta_E": mass.theta_e, **_place(0.0, 0.0, mass.angle, mass.axis_ratio)}
    halos = [{"theta_E": r, "center_x": x, "center_y": y} for x, y, r in mass.subhalos]
    return names, [ellipsoid, dict(zip(("gamma1", "gamma2"), mass.shear, strict=True)), *halos]
