"""The search for a source whose lensed image has wanted pixels and flux above one sky sigma."""

from typing import NamedTuple

import numpy as np

from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.lensing import Deflector, Mass
from lensflow.simulate.population import galaxies
from lensflow.simulate.sources import (
    CoarseView,
    LensedSource,
    amplitude_for_flux,
    draw_source,
    scaled,
)

SIZE_RANGE = (0.02, 2.5)
"""Half-light radii of sources that are allowed, arcsec."""

EDGE = 4.4
"""Distance from the centre within which an image is surely in a cutout of the challenge, arcsec."""

WIDEST = 5.3
"""Half the side of the largest grid on which sizes are sought there, arcsec."""

TOLERANCE = 0.04
"""Error of log pixels that is left as it is."""

MENDS = 3
"""Corrections of the size on the full image."""


class LensedImage(NamedTuple):
    """What is seen of a source, noise free.

    Attributes
    ----------
    image : numpy.ndarray
        Image (101, 101) in sky sigma, float32.
    source_flux : float
        Flux that the source would have without the lens, sky sigma.
    rows : numpy.ndarray
        The source in its plane: Gaussians (k, 6) of unit flux together.
    """

    image: np.ndarray
    source_flux: float
    rows: np.ndarray


def matched_image(
    random,
    mass: Deflector,
    pixels: float,
    flux: float,
    magnified: bool = False,
    camera: Camera = CHALLENGE,
) -> LensedImage:
    """Return the image of a source that attains the wanted flux, and nearly the wanted pixels.

    A clumpy source is placed, as in Metcalf et al. 2019, section 3, within three caustic radii or,
    where every such place gives too large an image, farther out; then its size is sought on a
    coarse grid and mended on the real one; last its brightness is set, exactly.

    Parameters
    ----------
    random : numpy.random.Generator
        The object's own generator.
    mass : lensflow.simulate.lensing.Deflector
        The lens.
    pixels : float
        Wanted number of pixels above one sigma.
    flux : float
        Wanted sum of those pixels, sky sigma.
    magnified : bool
        Whether the source is sought only where the mass magnifies strongly, not near the caustic or
        anywhere behind.
    camera : Camera
    """
    body, clumps = draw_source(random)
    view = CoarseView(mass, _half_width(mass, pixels, camera), camera)
    body_only = body * [1, 1, 1.0 / body[:, 2].sum(), 1, 1, 1]
    near = (
        mass.critical.draw_places(random, 3) if magnified else _draw_places(random, mass, 3, camera)
    )
    x, y = _place(random, mass, view, body_only, near, pixels, flux, camera)
    size = _find_size(view, body_only, x, y, pixels, flux)
    return _mended_image(
        LensedSource(mass, camera), np.concatenate([body, clumps]), size, x, y, pixels, flux
    )


def invisible_image(random, mass: Mass, camera: Camera = CHALLENGE) -> LensedImage:
    """Return the image of a source that nowhere exceeds one sky sigma."""
    body, clumps = draw_source(random)
    x, y = _draw_places(random, mass, 1, camera)[0]
    size = float(np.exp(random.normal(np.log(0.15), 0.4)))
    rows = scaled(np.concatenate([body, clumps]), size, x, y)
    image = LensedSource(mass, camera).image(rows)
    peak = float(random.uniform(0.05, 0.95))
    amplitude = peak / max(float(image.max()), 1e-12)
    return LensedImage(image * np.float32(amplitude), amplitude, rows)


def _half_width(mass, pixels, camera):
    """Return half the side of the grid that holds an image of so many pixels, arcsec."""
    image = 2.5 * camera.pixel_arcsec * np.sqrt(pixels / np.pi)
    return min(WIDEST * camera.zoom, 1.3 * mass.reach + image + 0.9)


def _draw_places(random, mass, count, camera):
    """Return positions (count, 2) in the source plane, near the caustic or anywhere behind.

    Most are uniform within three caustic radii; a share (``galaxies.json``) is uniform within a
    wider disc, where a source is displaced and stretched but barely multiplied.
    """
    table = galaxies()["sources"]
    near = 3.0 * max(mass.caustic_radius, 0.03 * mass.theta_e)
    wide = table["wide_radius_einstein"] * mass.theta_e + table["wide_radius_arcsec"]
    share = np.interp(mass.theta_e, table["einstein_radius_arcsec"], table["wide_fraction"])
    limit = _farthest(mass, wide if random.random() < share else near, camera)
    radius = limit * np.sqrt(random.random(count))
    angle = random.uniform(0.0, 2.0 * np.pi, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _farthest(mass, distance, camera):
    """Return a distance from the axis, arcsec, no larger than leaves one image in the cutout.

    The outer image appears about an Einstein radius farther out; the inner one exists for sources
    nearer than that.
    """
    return min(distance, max(0.8 * mass.theta_e, EDGE * camera.zoom - mass.theta_e))


def _place(random, mass, view, body, near, pixels, flux, camera):
    """Return the first place, ``near`` or farther out, where the smallest source is small enough.

    That is, covers fewer pixels than wanted.
    """
    reach = _farthest(mass, 1.1 * mass.theta_e, camera) * random.uniform(0.35, 1.0, 3)
    angle = random.uniform(0.0, 2.0 * np.pi, 3)
    far = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)
    counts = []
    for x, y in (places := np.concatenate([near, far])):
        counts.append(view.pixels(scaled(body, 0.04, x, y), flux))
        if 0 < counts[-1] < 0.8 * pixels:
            return x, y
    return places[int(np.argmin(counts))]


def _find_size(view, body, x, y, pixels, flux):
    """Return the half-light radius that gives the wanted pixels on the coarse grid, arcsec."""
    size = 0.15
    for _ in range(5):
        count = max(view.pixels(scaled(body, size, x, y), flux), 0.5)
        size = float(np.clip(size * (pixels / count) ** 0.75, *SIZE_RANGE))
    return size


def _mended_image(lensed, rows, size, x, y, pixels, flux):
    """Return the full-resolution image after at most `MENDS` corrections of the size."""
    for attempt in range(MENDS + 1):
        moved = scaled(rows, size, x, y)
        image = lensed.image(moved)
        amplitude, count = amplitude_for_flux(image, flux)
        error = np.log(pixels / max(count, 0.5))
        if abs(error) < TOLERANCE or attempt == MENDS:
            break
        size = float(np.clip(size * np.exp(1.1 * error), *SIZE_RANGE))
    return LensedImage(image * np.float32(amplitude), amplitude, moved)
