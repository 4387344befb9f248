"""Lens galaxies, their surroundings and their masses, drawn alike for lenses and non-lenses."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lensflow.simulate.bands import Part
from lensflow.simulate.constants import PIXEL_ARCSEC, SIZE
from lensflow.simulate.lensing import Mass
from lensflow.simulate.light import add_rows, arc_rows, sersic_rows, spiral_disc
from lensflow.simulate.population import galaxies

HALF_FIELD = SIZE * PIXEL_ARCSEC / 2.0
DISC_SCALE = 1.678
"""Half-light radius of an exponential disc in scale lengths."""


@dataclass(frozen=True)
class Galaxy:
    """One bulge and disc.

    Attributes
    ----------
    x, y : float
        Centre, arcsec.
    flux : float
        Total flux, sky sigma.
    bulge_share : float
        Share of the flux that is in the bulge.
    half_light : float
        Half-light radius of the disc, arcsec; the bulge's is `bulge_size` times it.
    bulge_size : float
        Ratio of the two half-light radii.
    bulge_ratio, disc_ratio, angle : float
        Axis ratios and the direction (radians) of both.
    bulge_index : float
        Sersic index of the bulge.
    """

    x: float
    y: float
    flux: float
    bulge_share: float
    half_light: float
    bulge_size: float
    bulge_ratio: float
    disc_ratio: float
    angle: float
    bulge_index: float

    def bulge_rows(self):
        """Return the rows of the bulge."""
        return sersic_rows(
            self.x,
            self.y,
            self.flux * self.bulge_share,
            self.half_light * self.bulge_size,
            self.bulge_index,
            self.bulge_ratio,
            self.angle,
        )

    def disc_rows(self):
        """Return the rows of a smooth disc."""
        flux = self.flux * (1.0 - self.bulge_share)
        return sersic_rows(self.x, self.y, flux, self.half_light, 1.0, self.disc_ratio, self.angle)

    def rows(self):
        """Return the rows of both."""
        return np.concatenate([self.bulge_rows(), self.disc_rows()])


def draw_flux(random, kind: dict) -> float:
    """Return a log-normal flux, sky sigma, of a kind of ``galaxies.json``."""
    return kind["flux_sigma"] * float(np.exp(kind["scatter"] * random.normal()))


def draw_galaxy(random, kind: dict, x: float, y: float, flux: float) -> Galaxy:
    """Return a galaxy of a kind of ``galaxies.json`` (Metcalf et al. 2019, section 3).

    Parameters
    ----------
    random : numpy.random.Generator
        The object's own generator.
    kind : dict
        Medians and scatters of flux and size, and the ranges of the bulge's share and size.
    x, y : float
        Centre, arcsec.
    flux : float
        Total flux, sky sigma.

    Returns
    -------
    Galaxy
        Bulge axis ratio in [0.5, 1], disc inclined by 0 to 80 degrees, bulge index
        ``10**(0.4 log10(max(share, 0.03)) + 0.1 u)``, not under 0.5.
    """
    share = float(random.uniform(*kind["bulge_share"]))
    index = 10.0 ** (0.4 * np.log10(max(share, 0.03)) + 0.1 * random.uniform(-1.0, 1.0))
    inclination = np.arccos(random.uniform(np.cos(np.radians(80.0)), 1.0))
    return Galaxy(
        x=x,
        y=y,
        flux=flux,
        bulge_share=share,
        half_light=kind["half_light_arcsec"]
        * float(np.exp(kind["size_scatter"] * random.normal())),
        bulge_size=float(random.uniform(*kind["bulge_size"])),
        bulge_ratio=float(random.uniform(0.5, 1.0)),
        disc_ratio=float(np.sqrt(np.cos(inclination) ** 2 + 0.01)),
        angle=float(random.uniform(0.0, np.pi)),
        bulge_index=max(float(index), 0.5),
    )


def draw_central(random, theta_e: float) -> Galaxy:
    """Return the lens galaxy of an Einstein radius (arcsec): compact, extended or bright."""
    table = galaxies()
    compact = _at_radius(table["compact_fraction"], "fraction", theta_e)
    choice = random.random()
    if choice < compact:
        kind = "compact"
    else:
        kind = "bright" if choice > 1.0 - table["bright_fraction"] * (1.0 - compact) else "extended"
    x, y = random.uniform(-0.5, 0.5, 2) * PIXEL_ARCSEC
    factor = _at_radius(table["flux_factor"], "factor", theta_e)
    flux = draw_flux(random, table[kind]) * (1.0 if kind == "bright" else factor)
    central = draw_galaxy(random, table[kind], float(x), float(y), flux)
    larger = _at_radius(table["size_factor"], "factor", theta_e)
    return replace(central, half_light=central.half_light * larger)


def _at_radius(table, name, theta_e):
    """Return the value of a table of ``galaxies.json`` at an Einstein radius."""
    return float(np.interp(theta_e, table["einstein_radius_arcsec"], table[name]))


def draw_members(random, theta_e: float) -> list[Galaxy]:
    """Return the galaxies that share the lens's halo; more of them around a heavier one."""
    kind = galaxies()["members"]
    found = []
    for _ in range(int(random.poisson(_at_radius(kind, "mean_count", theta_e)))):
        x, y = random.normal(0.0, kind["extent_arcsec"], 2)
        found.append(draw_galaxy(random, kind, float(x), float(y), draw_flux(random, kind)))
    return found


def draw_field(random) -> list[Galaxy]:
    """Return the unrelated galaxies of the cutout, faint ones most numerous, some fields rich."""
    kind = galaxies()["field"]
    faintest, brightest = kind["flux_sigma"]
    power = 1.0 - kind["slope"]
    found = []
    shape = kind["richness_shape"]
    mean = kind["mean_count"] * float(random.gamma(shape)) / shape
    for _ in range(int(random.poisson(mean))):
        x, y = random.uniform(-HALF_FIELD - 0.5, HALF_FIELD + 0.5, 2)
        level = random.random()
        flux = (faintest**power + level * (brightest**power - faintest**power)) ** (1.0 / power)
        found.append(draw_galaxy(random, kind, float(x), float(y), float(flux)))
    return found


def draw_look_alike(random, central: Galaxy) -> np.ndarray:
    """Return the rows of what may be taken for lensing: a shell, or a tidal arc (mostly none)."""
    table = galaxies()
    shell, tidal = random.random(2) < (table["shell_fraction"], table["tidal_fraction"])
    radius = central.half_light * random.uniform(2.0, 4.0) + 0.3
    start, extent = random.uniform(0.0, 2.0 * np.pi), random.uniform(0.8, 3.0)
    flux, width = central.flux * random.uniform(0.1, 0.4), 0.1 + 0.1 * radius
    rows = np.zeros((0, 6))
    if shell:
        rows = arc_rows(central.x, central.y, flux, radius, width, start, 2.0 * np.pi)
    elif tidal:
        rows = arc_rows(
            central.x + 0.4 * radius * np.cos(start),
            central.y + 0.4 * radius * np.sin(start),
            flux,
            radius,
            width,
            start - 0.5 * extent,
            extent,
        )
    return rows


class Scene(NamedTuple):
    """What is in front of a source.

    Attributes
    ----------
    light : ndarray of shape (101, 101)
        Noise free, in sky sigma.
    mass : Mass
    central : Galaxy
        The galaxy in the centre.
    parts : list of Part
        What the light is the sum of.
    """

    light: np.ndarray
    mass: Mass
    central: Galaxy
    parts: list[Part]


def draw_scene(random, theta_e: float) -> Scene:
    """Return the noise-free light of one field without any source, and its mass.

    Parameters
    ----------
    random : numpy.random.Generator
        The object's own generator.
    theta_e : float
        Einstein radius, arcsec.
    """
    central = draw_central(random, theta_e)
    members = draw_members(random, theta_e)
    others = [("member", each) for each in members]
    others += [("field", each) for each in draw_field(random)]
    image = np.zeros((SIZE, SIZE), "f4")
    parts = [Part("bulge", central.bulge_rows())]
    parts.append(Part("look_alike", draw_look_alike(random, central)))
    arms = _spiral(random, central)
    if arms is None:
        parts.append(Part("disc", central.disc_rows()))
    else:
        image += arms
    parts += [Part(kind, galaxy.rows()) for kind, galaxy in others]
    add_rows(image, np.concatenate([part.light for part in parts]))
    mass = draw_mass(random, central.bulge_ratio, central.angle, members, theta_e)
    return Scene(image, mass, central, parts if arms is None else [*parts, Part("disc", arms)])


def _spiral(random, central):
    """Return the image of a disc with arms, or None for the smooth majority."""
    spiral = random.random() < galaxies()["spiral_fraction"]
    arms, amplitude = int(random.choice([2, 2, 2, 3, 4])), random.uniform(0.2, 0.8)
    winding, phase = random.uniform(2.0, 6.0) * random.choice([-1, 1]), random.uniform(0, 2 * np.pi)
    if not spiral or central.half_light < 0.35 or central.bulge_share > 0.5:
        return None
    return spiral_disc(
        central.x,
        central.y,
        central.flux * (1.0 - central.bulge_share),
        central.half_light / DISC_SCALE / np.sqrt(central.disc_ratio),
        central.disc_ratio,
        central.angle,
        arms,
        amplitude,
        winding,
        phase,
    )


def draw_mass(
    random, axis_ratio: float, angle: float, members: list[Galaxy], theta_e: float
) -> Mass:
    """Return a mass that is rounder than the light, with shear, members and dark subhalos.

    Parameters
    ----------
    random : numpy.random.Generator
    axis_ratio, angle : float
        Shape of the light of the lens galaxy, and its direction (radians).
    members : list of Galaxy
        Galaxies that share its halo.
    theta_e : float
        Einstein radius, arcsec.
    """
    flattening = float(random.uniform(0.1, 0.5)) * (1.0 - axis_ratio)
    strength = abs(float(random.normal(0.0, 0.02)))
    direction = float(random.uniform(0.0, 2.0 * np.pi))
    count = int(random.poisson(1.5))
    dark = random.normal(0.0, theta_e, (count, 2)), theta_e * random.uniform(0.005, 0.03, count)
    subhalos = [[x, y, radius] for (x, y), radius in zip(*dark, strict=True)]
    subhalos += [
        [g.x, g.y, min(0.06 * theta_e * np.sqrt(g.flux / 500.0), 0.25 * theta_e)] for g in members
    ]
    return Mass(
        theta_e,
        1.0 - flattening,
        angle + float(random.normal(0.0, 0.15)),
        (strength * float(np.cos(direction)), strength * float(np.sin(direction))),
        np.array(subhalos).reshape(-1, 3),
    )
