"""Foreground light that looks like lensing, or spoils the view of it.

A kind is an entry of `IMPOSTORS`; a population says in its JSON file, under ``impostors``, which
share of its objects has it, and the numbers of its draw: ranges are uniform, those of fluxes in sky
sigma and of the brightness of stars uniform in the logarithm; a ``flux_share`` is in units of the
central galaxy's flux; ``second`` is the chance of another one.

**Nothing but lensing tells the class.** An impostor is light in front, added to an object, drawn
from a generator of its own that knows the central galaxy and not whether a source is behind it. So
a lens has an impostor as often as a non-lens, of the same kinds, brightness and place, and the
images without the lensed source are distributed alike in both classes (tested). The alternatives
have a shortcut. Impostors among the non-lenses alone, which is how a set of "hard negatives" is
usually made, let a classifier find lenses by the absence of spikes or arms, and would count a
finder as better the worse it is at lenses behind spirals. Impostors in place of lens galaxies
would take the lens galaxies with them. The price: some lenses are hidden by an arm or a halo, as
they are in the sky; recall falls for that too, and not for false positives alone.

What an impostor weighs is left out: it does not deflect. A star does not saturate, and adds no
photon noise (the sky's noise is all there is in these images).

Population ``hard`` is population ``challenge``, object by object of the same identifier and seed,
with impostors on half of them: figures on both are paired, and an object must not be in the
training sample by one name and among the evaluated by the other.

What the kinds are was seen in the 100 best-ranked non-lenses of 3,000 challenge-like objects (polar
features, 24 clusters): 77 had a neighbour within 1.1 arcsec (17 % of all non-lenses have), 18 a
whole ring or a tidal arc (4 % have), 5 neighbours farther out; the other kinds are those that lens
hunters list and that the simulation did not have.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lensflow.errors import ConfigError
from lensflow.simulate.constants import SIZE
from lensflow.simulate.light import add_rows, arc_rows, sersic_rows, spiral_disc
from lensflow.simulate.scene import Galaxy

FULL_TURN = 2.0 * np.pi


class Impostor(NamedTuple):
    """One kind of impostor.

    Attributes
    ----------
    words : str
        What it is, for a reader.
    draw : callable
        From a generator, the central galaxy and the numbers of the kind to an image (101, 101).
    """

    words: str
    draw: Callable[..., np.ndarray]


def choose_impostor(random: np.random.Generator, kinds: dict) -> str:
    """Return the name of a kind, each with its ``fraction``, or an empty text for none.

    Parameters
    ----------
    random : numpy.random.Generator
        The object's own generator.
    kinds : dict
        ``impostors`` of a population.
    """
    reached = np.cumsum([numbers["fraction"] for numbers in kinds.values()])
    place = int(np.searchsorted(reached, random.random(), side="right"))
    return [*kinds, ""][place]


def draw_impostor(kind: str, random: np.random.Generator, central: Galaxy, numbers) -> np.ndarray:
    """Return the light of one impostor.

    Parameters
    ----------
    kind : str
        A key of `IMPOSTORS`.
    random : numpy.random.Generator
        The object's own generator.
    central : Galaxy
        The galaxy in the centre of the cutout.
    numbers : mapping
        The numbers of the kind, ``population.load("hard").impostors[kind]``.

    Returns
    -------
    numpy.ndarray
        Image (101, 101), float32, sky sigma a pixel, noise free.

    Raises
    ------
    ConfigError
        If there is no such kind.
    """
    if kind not in IMPOSTORS:
        raise ConfigError(
            f"impostor {kind!r} does not exist; known kinds: {', '.join(IMPOSTORS)}. Choose one, "
            f"or add its drawing function to lensflow.simulate.impostors."
        )
    return IMPOSTORS[kind].draw(random, central, numbers).astype("f4", copy=False)


def _image(*rows):
    """Return the image of tables of Gaussians."""
    image = np.zeros((SIZE, SIZE), "f4")
    add_rows(image, np.concatenate(rows))
    return image


def _log_uniform(random, limits):
    return float(np.exp(random.uniform(*np.log(limits))))


def _around(random, distance):
    """Return a direction (radians) and the place (x, y) at a distance from the centre, arcsec."""
    angle = float(random.uniform(0.0, FULL_TURN))
    return angle, distance * float(np.cos(angle)), distance * float(np.sin(angle))


def _count(random, numbers):
    """Return 1, or 2 with the chance ``second``."""
    return 1 + int(random.random() < numbers["second"])


def ring_rows(x, y, flux, radius, width, axis_ratio, angle) -> np.ndarray:
    """Return the rows of a round ring seen inclined.

    Parameters
    ----------
    x, y : float
        Centre, arcsec.
    flux : float
        Flux of the whole ring.
    radius, width : float
        Radius of the major axis, and Gaussian sigma across the ring, arcsec.
    axis_ratio, angle : float
        Shape and direction (radians) of the ellipse.

    Returns
    -------
    numpy.ndarray
        Rows (k, 6).
    """
    rows = arc_rows(0.0, 0.0, flux, radius, width, 0.0, FULL_TURN)
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = rows[:, 0].copy(), rows[:, 1] * axis_ratio
    rows[:, 0], rows[:, 1] = x + cos * u - sin * v, y + sin * u + cos * v
    return rows


def tail_rows(x, y, flux, radii, start, extent) -> np.ndarray:
    """Return the rows of a tidal arm: a logarithmic spiral that widens and fades outwards.

    Parameters
    ----------
    x, y : float
        Centre of the spiral, arcsec.
    flux : float
        Flux of the whole arm.
    radii : tuple of float
        Distance from the centre of the arm's first and last point, arcsec.
    start, extent : float
        First angle, and signed angle covered, radians.

    Returns
    -------
    numpy.ndarray
        Rows (k, 6).
    """
    count = int(np.clip(np.ceil(abs(extent) * max(radii) / 0.15), 8, 60))
    along = (np.arange(count) + 0.5) / count
    radius, angle = radii[0] * (radii[1] / radii[0]) ** along, start + extent * along
    rows = np.empty((count, 6))
    rows[:, 0], rows[:, 1] = x + radius * np.cos(angle), y + radius * np.sin(angle)
    rows[:, 2] = flux * (1.2 - along) / np.sum(1.2 - along)
    rows[:, 3:] = 0.0, 1.0, 0.0
    rows[:, 3] = 0.05 + 0.07 * radius
    return rows


def _blend(random, central, numbers):
    rows = []
    for _ in range(_count(random, numbers)):
        _, x, y = _around(random, random.uniform(*numbers["distance_arcsec"]))
        flux = central.flux * _log_uniform(random, numbers["flux_share"])
        size, index = random.uniform(*numbers["half_light_arcsec"]), random.choice([1.0, 2.0, 3.0])
        shape = random.uniform(0.3, 1.0), random.uniform(0.0, np.pi)
        rows.append(sersic_rows(x, y, flux, size, index, *shape))
    return _image(*rows)


def _ring_spiral(random, central, numbers):
    flux = central.flux * _log_uniform(random, numbers["flux_share"])
    radius, ring = random.uniform(*numbers["radius_arcsec"]), random.uniform(*numbers["ring_share"])
    axis_ratio, angle = random.uniform(*numbers["axis_ratio"]), random.uniform(0.0, np.pi)
    disc = spiral_disc(
        central.x,
        central.y,
        flux * (1.0 - ring),
        radius / random.uniform(*numbers["scale_lengths"]),
        axis_ratio,
        angle,
        int(random.choice([2, 2, 3, 4])),
        random.uniform(*numbers["amplitude"]),
        random.choice([-1, 1]) * random.uniform(*numbers["winding"]),
        random.uniform(0.0, FULL_TURN),
    )
    width = 0.05 + 0.07 * radius
    place = central.x, central.y
    return disc + _image(ring_rows(*place, flux * ring, radius, width, axis_ratio, angle))


def _tidal_arms(random, central, numbers):
    """Draw two arms on opposite sides, and the nucleus that drew them out."""
    flux = central.flux * _log_uniform(random, numbers["flux_share"])
    start, turn = random.uniform(0.0, FULL_TURN), random.choice([-1, 1])
    share, rows = random.uniform(0.3, 0.7), []
    for part, first in ((share, start), (1.0 - share, start + np.pi + random.normal(0.0, 0.3))):
        inner = 0.3 + central.half_light * random.uniform(*numbers["start_half_lights"])
        radii = inner, inner * random.uniform(*numbers["growth"])
        extent = turn * random.uniform(*numbers["extent_rad"])
        rows.append(tail_rows(central.x, central.y, flux * part, radii, first, extent))
    _, x, y = _around(random, random.uniform(*numbers["nucleus_arcsec"]))
    nucleus = central.flux * random.uniform(*numbers["nucleus_share"])
    shape = random.uniform(0.5, 1.0), random.uniform(0.0, np.pi)
    return _image(*rows, sersic_rows(x, y, nucleus, 0.5 * central.half_light, 2.0, *shape))


def _shells(random, central, numbers):
    """Draw arcs about the centre, by turns on either side of one axis, fainter outwards."""
    count, axis = random.integers(*numbers["count"], endpoint=True), random.uniform(0.0, FULL_TURN)
    radii = np.sort(random.uniform(*numbers["radius_arcsec"], count))
    rows = []
    for number, radius in enumerate(radii):
        flux = central.flux * random.uniform(*numbers["flux_share"])
        extent, width = (
            random.uniform(*numbers["extent_rad"]),
            random.uniform(*numbers["width_arcsec"]),
        )
        start = axis + np.pi * number - 0.5 * extent + random.normal(0.0, 0.15)
        rows.append(arc_rows(central.x, central.y, flux, radius, width, start, extent))
    return _image(*rows)


def _edge_on(random, _, numbers):
    """Draw thin discs across the line to the centre, as an arc would be."""
    rows = []
    for _ in range(_count(random, numbers)):
        direction, x, y = _around(random, random.uniform(*numbers["distance_arcsec"]))
        flux, axis_ratio = (
            _log_uniform(random, numbers["flux_sigma"]),
            random.uniform(*numbers["axis_ratio"]),
        )
        half_light = random.uniform(*numbers["length_arcsec"]) * np.sqrt(axis_ratio)
        angle = direction + np.pi / 2.0 + random.normal(0.0, numbers["tilt_rad"])
        rows.append(sersic_rows(x, y, flux, half_light, 1.0, axis_ratio, angle))
    return _image(*rows)


def _polar_ring(random, central, numbers):
    flux = central.flux * _log_uniform(random, numbers["flux_share"])
    radius, width = (
        random.uniform(*numbers["radius_arcsec"]),
        random.uniform(*numbers["width_arcsec"]),
    )
    angle = central.angle + np.pi / 2.0 + random.normal(0.0, numbers["tilt_rad"])
    shape = random.uniform(*numbers["axis_ratio"]), angle
    return _image(ring_rows(central.x, central.y, flux, radius, width, *shape))


def _star(random, _, numbers):
    """Draw a point, its halo and spikes from the telescope, and a ghost ring nearby."""
    flux = _log_uniform(random, numbers["flux_sigma"])
    _, x, y = _around(random, random.uniform(*numbers["distance_arcsec"]))
    ghost = random.uniform(*numbers["ghost_arcsec"])
    _, dx, dy = _around(random, random.uniform(*numbers["ghost_offset_arcsec"]))
    ghost_flux = flux * _log_uniform(random, numbers["ghost_share"])
    return _image(
        star_rows(x, y, flux, random.uniform(0.0, np.pi), numbers),
        arc_rows(x + dx, y + dy, ghost_flux, ghost, 0.06 + 0.05 * ghost, 0.0, FULL_TURN),
    )


def star_rows(x, y, flux, angle, numbers) -> np.ndarray:
    """Return the rows of a star: its point, a halo of two widths, and six spikes.

    Parameters
    ----------
    x, y : float
        Place, arcsec.
    flux : float
        Flux of the point.
    angle : float
        Direction of a spike, radians.
    numbers : mapping
        ``halo_share`` and ``spike_share``: flux of the whole halo, and of a pair of spikes, in
        units of the point's.

    Returns
    -------
    numpy.ndarray
        Rows (12, 6).
    """
    rows = [(x, y, flux, 0.01, 1.0, 0.0)]
    rows += [(x, y, 0.5 * flux * numbers["halo_share"], sigma, 1.0, 0.0) for sigma in (0.4, 1.5)]
    for direction in angle + np.pi / 3.0 * np.arange(3):
        for share, length in ((0.5, 0.5), (0.35, 1.3), (0.15, 3.0)):
            across = 0.02
            shape = np.sqrt(length * across), across / length, direction
            rows.append((x, y, flux * numbers["spike_share"] * share, *shape))
    return np.array(rows)


def _compact_group(random, _, numbers):
    """Draw small galaxies at like distances from the centre, as images of one source would be."""
    count = int(random.integers(*numbers["count"], endpoint=True))
    middle, flux = (
        random.uniform(*numbers["distance_arcsec"]),
        _log_uniform(random, numbers["flux_sigma"]),
    )
    rows = []
    for _ in range(count):
        _, x, y = _around(random, middle * np.exp(random.normal(0.0, numbers["spread"])))
        size, shape = random.uniform(*numbers["half_light_arcsec"]), random.uniform(0.4, 1.0)
        brightness = flux * np.exp(random.normal(0.0, 0.4))
        rows.append(sersic_rows(x, y, brightness, size, 1.0, shape, random.uniform(0.0, np.pi)))
    return _image(*rows)


IMPOSTORS = {
    "blend": Impostor("one or two galaxies on the edge of the central one", _blend),
    "ring_spiral": Impostor("face-on disc with tightly wound arms and a ring", _ring_spiral),
    "tidal_arms": Impostor("merger with two tidal arms and a second nucleus", _tidal_arms),
    "shells": Impostor("concentric shells on either side", _shells),
    "edge_on": Impostor("edge-on galaxy across the line to the centre", _edge_on),
    "polar_ring": Impostor("ring over the poles of the central galaxy", _polar_ring),
    "star": Impostor("bright star with halo, spikes and a ghost ring", _star),
    "compact_group": Impostor("compact galaxies at like distances", _compact_group),
}
"""The kinds by name; a population's JSON file has their fractions and numbers."""
