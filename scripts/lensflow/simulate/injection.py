"""A lensed source behind a galaxy that was observed: what of it is added to the galaxy's cutout."""

from typing import NamedTuple

import numpy as np

from lensflow.simulate.camera import Camera
from lensflow.simulate.lensing import Mass
from lensflow.simulate.objects import lensed_source
from lensflow.simulate.population import Population
from lensflow.simulate.scene import draw_mass
from lensflow.simulate.shapes import Shape
from lensflow.simulate.sources import LensedSource


class Injected(NamedTuple):
    """One lensed source.

    Attributes
    ----------
    image : numpy.ndarray
        What is seen of it (101, 101), float32, noise free, in sky sigma.
    source_flux : float
        Its flux without the lens, sky sigma.
    theta_e : float
        Einstein radius, arcsec.
    mass : Mass
    rows : numpy.ndarray
        The source in its plane: Gaussians (k, 6) of unit flux together.
    """

    image: np.ndarray
    source_flux: float
    theta_e: float
    mass: Mass
    rows: np.ndarray

    def seen_by(self, camera: Camera) -> np.ndarray:
        """Return what a camera sees of the same light (101, 101), as ``image`` is of the first."""
        return LensedSource(self.mass, camera).image(self.rows) * np.float32(self.source_flux)


def draw_injected(
    random, population: Population, galaxy: Shape, camera: Camera, theta_e: float | None = None
) -> Injected:
    """Draw a mass whose axes are those of the galaxy's light, and a source behind it.

    Parameters
    ----------
    random : numpy.random.Generator
        The object's own generator.
    population : Population
        Draws area and S/N of the lensed image, and the Einstein radius where it is not known.
    galaxy : Shape
    camera : Camera
        The central pixel is the centre of the mass.
    theta_e : float, optional
        Einstein radius, arcsec, less than half of the cutout. None draws one as small, which knows
        nothing of the galaxy.
    """
    while True:
        radius = _draw_radius(random, population, camera) if theta_e is None else theta_e
        mass = draw_mass(random, galaxy.axis_ratio, galaxy.angle, [], radius)
        lensed = lensed_source(random, population, population.rank_of(radius), mass, camera=camera)
        # Now and then a source has no light in the cutout at all.
        if lensed.image.any():
            return Injected(lensed.image, lensed.source_flux, radius, mass, lensed.rows)


def _draw_radius(random, population: Population, camera: Camera) -> float:
    while True:
        _, theta_e = population.draw_einstein_radius(random)
        if theta_e < camera.half_field:
            return theta_e


def with_shot_noise(random, image: np.ndarray, sky_electrons: float) -> np.ndarray:
    """Return an image with the Poisson noise of its own light.

    Parameters
    ----------
    random : numpy.random.Generator
    image : numpy.ndarray
        Noise free, in sky sigma, not negative.
    sky_electrons : float
        Noise of the sky of a pixel, electrons: one sky sigma.

    Returns
    -------
    numpy.ndarray
        Float32, in sky sigma.
    """
    return (random.poisson(image * sky_electrons) / sky_electrons).astype("f4")
