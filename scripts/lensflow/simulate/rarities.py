"""Rare lenses, to be planted among ordinary objects: who looks for lenses must not lose them.

A kind is an entry of `RARITIES`; a population says in its JSON file, under ``rarities``, which it
has, in what order, and the numbers of each. The object of identifier i is of kind i modulo their
number, so that any run of identifiers holds equal parts.

All are lenses with visible sources; those of the rare kinds lie where the lens magnifies strongly,
so that there is something to find, the ordinary ones anywhere, as always. The Einstein area of a
double ring is that of the nearer source; the nearer source's own mass is left out. The light of the
deflectors of a group is that of lens galaxies of the population; what differs is the configuration.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lensflow.simulate.bands import Part
from lensflow.simulate.lensing import MassGroup
from lensflow.simulate.light import add_rows
from lensflow.simulate.objects import View, draw_ordinary, lens_view, lensed_source
from lensflow.simulate.population import Population
from lensflow.simulate.scene import Scene, draw_central, draw_mass, draw_scene


class Rarity(NamedTuple):
    """One kind of lens.

    Attributes
    ----------
    words : str
        What it is, for a reader.
    draw : callable
        From population, the numbers of the kind, and the generators of scene and source to a
        `View`.
    """

    words: str
    draw: Callable[..., View]


def rarity_of(population: Population, identifier: int) -> str:
    """Return the kind of an object of a population with ``rarities``."""
    return list(population.rarities)[identifier % len(population.rarities)]


def draw_rarity(population: Population, identifier: int, scene_random, source_random):
    """Return the kind's name and the `View` of one object of a population with ``rarities``."""
    name = rarity_of(population, identifier)
    numbers = population.rarities[name]
    return name, RARITIES[name].draw(population, numbers, scene_random, source_random)


def _ordinary(population, _, scene_random, source_random):
    return draw_ordinary(population, scene_random, source_random)


def _large_separation(population, numbers, scene_random, source_random):
    theta_e = float(scene_random.uniform(*numbers["einstein_radius_arcsec"]))
    scene = draw_scene(scene_random, theta_e)
    rank = population.rank_of(theta_e)
    no_lens = lensed_source(source_random, population, rank, scene.mass, True).image
    return lens_view(scene, no_lens, theta_e)


def _double_ring(population, numbers, scene_random, source_random):
    theta_e = float(scene_random.uniform(*numbers["einstein_radius_arcsec"]))
    ratio = float(scene_random.uniform(*numbers["radius_ratio"]))
    scene = draw_scene(scene_random, theta_e)
    images = [
        lensed_source(source_random, population, population.rank_of(mass.theta_e), mass, True).image
        for mass in (scene.mass, scene.mass.scaled(ratio))
    ]
    return lens_view(scene, images[0] + images[1], theta_e)


def _group(population, numbers, scene_random, source_random):
    theta_e = float(scene_random.uniform(*numbers["einstein_radius_arcsec"]))
    scene = draw_scene(scene_random, theta_e)
    members = [(0.0, 0.0, scene.mass)]
    for direction in _directions(scene_random, int(scene_random.choice(numbers["companions"]))):
        members.append(_draw_companion(scene_random, numbers, scene, theta_e, direction))
    mass = MassGroup(tuple(members))
    rank = population.rank_of(mass.theta_e)
    no_lens = lensed_source(source_random, population, rank, mass, True).image
    return lens_view(scene, no_lens, mass.theta_e)


def _directions(random, count):
    """Return directions (radians) that are apart by at least half of an even spacing."""
    step = 2.0 * np.pi / count
    return random.uniform(0.0, 2.0 * np.pi) + step * (
        np.arange(count) + 0.25 * random.uniform(-1.0, 1.0, count)
    )


def _draw_companion(random, numbers, scene: Scene, theta_e, direction):
    """Add a galaxy comparable to the central one to the light; return its place and mass."""
    share = float(random.uniform(*numbers["companion_share"]))
    distance = float(random.uniform(*numbers["distance_arcsec"]))
    x, y = distance * float(np.cos(direction)), distance * float(np.sin(direction))
    galaxy = draw_central(random, share * theta_e)
    galaxy = replace(galaxy, x=x, y=y, flux=share * scene.central.flux)
    add_rows(scene.light, galaxy.rows())
    scene.parts.append(Part("member", galaxy.rows()))
    return x, y, draw_mass(random, galaxy.bulge_ratio, galaxy.angle, [], share * theta_e)


RARITIES = {
    "ordinary": Rarity("a lens as the population has them", _ordinary),
    "double_ring": Rarity("two sources at different distances behind one lens", _double_ring),
    "large_separation": Rarity("an Einstein radius of 3 to 5 arcsec", _large_separation),
    "group": Rarity("two or three comparable deflectors", _group),
}
"""The kinds of lenses by name; a population's JSON file must have the numbers of those it draws."""
