"""What an object looks like without noise and without impostors: foreground and lensed source."""

from typing import NamedTuple

import numpy as np

from lensflow.simulate.bands import Part
from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.constants import SIZE
from lensflow.simulate.lensing import Deflector
from lensflow.simulate.matching import LensedImage, invisible_image, matched_image
from lensflow.simulate.population import Population
from lensflow.simulate.scene import Galaxy, Scene, draw_scene


class View(NamedTuple):
    """One object, noise free.

    Attributes
    ----------
    light, no_lens : numpy.ndarray
        Images (101, 101), float32, of everything in front and of the lensed source, sky sigma.
    central : Galaxy
        The galaxy in the centre.
    theta_e : float
        Einstein radius, arcsec.
    is_lens : bool
        Whether there is a source.
    parts : list of Part
        What the light in front is the sum of.
    """

    light: np.ndarray
    no_lens: np.ndarray
    central: Galaxy
    theta_e: float
    is_lens: bool
    parts: list[Part]


def draw_ordinary(population: Population, scene_random, source_random) -> View:
    """Return an object of a population; its foreground does not know whether there is a source.

    Parameters
    ----------
    population : Population
        See `lensflow.simulate.population.load`.
    scene_random, source_random : numpy.random.Generator
        The object's own generators, of what is in front and of what is behind.
    """
    rank, theta_e = population.draw_einstein_radius(scene_random)
    scene = draw_scene(scene_random, theta_e)
    is_lens = bool(source_random.random() < population.lens_fraction)
    if not is_lens:
        nothing = np.zeros((SIZE, SIZE), "f4")
        return View(scene.light, nothing, scene.central, theta_e, False, scene.parts)
    no_lens = lensed_source(source_random, population, rank, scene.mass).image
    return lens_view(scene, no_lens, theta_e)


def lens_view(scene: Scene, no_lens, theta_e: float) -> View:
    """Return the lens with this foreground, image of its source, and Einstein radius (arcsec)."""
    return View(scene.light, no_lens, scene.central, theta_e, True, scene.parts)


def lensed_source(
    random,
    population: Population,
    rank: float,
    mass: Deflector,
    magnified: bool = False,
    camera: Camera = CHALLENGE,
) -> LensedImage:
    """Return what is seen of a source drawn from the population.

    Parameters
    ----------
    random : numpy.random.Generator
        The object's own generator.
    population : Population
        Draws how many pixels and how much flux the image has.
    rank : float
        Rank of the Einstein radius within the population, 0 to 1.
    mass : Deflector
        The lens.
    magnified : bool
        See `lensflow.simulate.matching.matched_image`.
    camera : Camera
        The area on the sky and the S/N of the image are those of the population in any camera.
    """
    if random.random() < population.invisible_fraction:
        return invisible_image(random, mass, camera)
    wanted = camera.seen(*population.draw_lensed_image(random, rank))
    return matched_image(random, mass, *wanted, magnified, camera)
