"""Light as sums of elliptical Gaussians, which a Gaussian point-spread function keeps Gaussian.

A *row* is one Gaussian: x, y (arcsec), flux, sigma (arcsec, geometric mean of the axes), axis
ratio, angle (radians). Sersic profiles, arcs, rings and clumps are all tables of rows (k, 6).
"""

from functools import cache

import numpy as np
from scipy.optimize import nnls
from scipy.special import erf, gamma, gammaincinv

from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.constants import PIXEL_ARCSEC, PSF_SIGMA_ARCSEC, SIZE

BLUR_VARIANCE = PSF_SIGMA_ARCSEC**2 + PIXEL_ARCSEC**2 / 12.0
"""Variance of the point-spread function and of the pixel's own box, arcsec squared."""

FAINTEST = 0.01
"""Surface brightness below which a galaxy is not drawn, in sky sigma a pixel."""


@cache
def sersic_mixture(index: float, n_gaussians: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Return the Gaussians whose sum is a Sersic profile.

    Parameters
    ----------
    index : float
        Sersic index, 0.5 to 6.
    n_gaussians : int
        Number of widths tried; those that the fit does not need are dropped.

    Returns
    -------
    tuple of numpy.ndarray
        Fluxes, which sum to 1, and sigmas in units of the half-light radius. From 0.05 to 4
        half-light radii the surface brightness is right to a few per cent with ten widths.
    """
    slope = gammaincinv(2.0 * index, 0.5)
    radius = np.geomspace(0.02, 3.0 + 2.0 * index, 120)
    profile = np.exp(-slope * radius ** (1.0 / index))
    profile *= slope ** (2.0 * index) / (2.0 * np.pi * index * gamma(2.0 * index))
    sharpness = min(index - 0.5, 1.5)
    sigmas = np.geomspace(0.84 * 0.06**sharpness, 0.86 + 0.9 * sharpness, n_gaussians)
    model = np.exp(-0.5 * (radius[:, None] / sigmas) ** 2) / (2.0 * np.pi * sigmas**2)
    weight = 0.03 + np.sqrt(radius**2 * profile)
    fluxes, _ = nnls(model * (weight / profile)[:, None], weight)
    kept = fluxes > 1e-3
    return fluxes[kept] / fluxes[kept].sum(), sigmas[kept]


def sersic_rows(x, y, flux, half_light, index, axis_ratio, angle, n_gaussians=10) -> np.ndarray:
    """Return the rows of one elliptical Sersic galaxy.

    Parameters
    ----------
    x, y, half_light : float
        Centre and circularised half-light radius, arcsec.
    flux : float
        Total flux.
    index : float
        Sersic index; rounded to a quarter so that few mixtures are fitted.
    axis_ratio, angle : float
        Shape and direction (radians) of the isophotes.
    n_gaussians : int
        Passed to `sersic_mixture`.

    Returns
    -------
    numpy.ndarray
        Rows (k, 6).
    """
    fluxes, sigmas = sersic_mixture(float(np.round(4.0 * index) / 4.0), n_gaussians)
    rows = np.empty((len(fluxes), 6))
    rows[:] = x, y, 0.0, 0.0, axis_ratio, angle
    rows[:, 2] = flux * fluxes
    rows[:, 3] = half_light * sigmas
    return rows


def arc_rows(x, y, flux, radius, width, start, extent) -> np.ndarray:
    """Return the rows of an arc of light (a tidal arc, or a whole ring or shell).

    Parameters
    ----------
    x, y : float
        Centre of curvature, arcsec.
    flux : float
        Flux of the whole arc.
    radius, width : float
        Radius of curvature and Gaussian sigma across the arc, arcsec.
    start, extent : float
        First angle and angle covered, radians; 2 pi is a ring.

    Returns
    -------
    numpy.ndarray
        Rows (k, 6), spaced 1.5 widths apart.
    """
    count = max(3, int(np.ceil(extent * radius / (1.5 * width))))
    angles = start + extent * (np.arange(count) + 0.5) / count
    rows = np.empty((count, 6))
    rows[:] = 0.0, 0.0, flux / count, width, 1.0, 0.0
    rows[:, 0] = x + radius * np.cos(angles)
    rows[:, 1] = y + radius * np.sin(angles)
    return rows


def covariances(rows, extra_variance=0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the xx, xy and yy covariance of each row, arcsec squared, blurred by a round PSF."""
    major, minor = rows[:, 3] ** 2 / rows[:, 4], rows[:, 3] ** 2 * rows[:, 4]
    cos, sin = np.cos(rows[:, 5]), np.sin(rows[:, 5])
    xx = major * cos**2 + minor * sin**2 + extra_variance
    yy = major * sin**2 + minor * cos**2 + extra_variance
    return xx, (major - minor) * cos * sin, yy


def add_rows(image, rows) -> None:
    """Add Gaussians, seen through the point-spread function and the pixels, to an image.

    Parameters
    ----------
    image : numpy.ndarray
        Square float32 image, changed in place; its central pixel is the origin.
    rows : numpy.ndarray
        Rows (k, 6), any positions; each is drawn out to where it falls below `FAINTEST`.
    """
    xx, xy, yy = covariances(rows, BLUR_VARIANCE)
    determinant = xx * yy - xy * xy
    peak = rows[:, 2] * PIXEL_ARCSEC**2 / (2.0 * np.pi * np.sqrt(determinant))
    reach = np.sqrt(2.0 * np.log(np.maximum(peak / FAINTEST, 1.0)))
    half = len(image) // 2
    columns = _window(rows[:, 0], reach * np.sqrt(xx), half)
    lines = _window(rows[:, 1], reach * np.sqrt(yy), half)
    drawn = (reach > 0) & (columns[0] < columns[1]) & (lines[0] < lines[1])
    forms = np.stack([-0.5 * yy, xy, -0.5 * xx]) / determinant
    for k in np.flatnonzero(drawn):
        dx = (np.arange(columns[0][k], columns[1][k]) - half) * PIXEL_ARCSEC - rows[k, 0]
        dy = (np.arange(lines[0][k], lines[1][k]) - half) * PIXEL_ARCSEC - rows[k, 1]
        a, b, c = forms[:, k]
        exponent = np.multiply.outer((b * dy).astype("f4"), dx.astype("f4"))
        exponent += (a * dx * dx).astype("f4")
        exponent += (c * dy * dy).astype("f4")[:, None]
        np.exp(exponent, out=exponent)
        exponent *= np.float32(peak[k])
        image[lines[0][k] : lines[1][k], columns[0][k] : columns[1][k]] += exponent


def _window(centre, reach, half):
    """Return first and last-plus-one pixel of each interval centre +- reach, cut at the edges."""
    first = np.ceil((centre - reach) / PIXEL_ARCSEC).astype(int) + half
    last = np.floor((centre + reach) / PIXEL_ARCSEC).astype(int) + half + 1
    return np.clip(first, 0, 2 * half + 1), np.clip(last, 0, 2 * half + 1)


@cache
def blur_matrix(oversampling: int, camera: Camera = CHALLENGE) -> np.ndarray:
    """Return the matrix that turns a line of fine samples into blurred pixels.

    Both the Gaussian point-spread function and the integral over each pixel are in it, so that
    ``matrix @ fine @ matrix.T`` is the image of a scene sampled on a grid finer by
    ``oversampling`` and wider by the camera's margin on each side. Every column sums to
    1/oversampling where the light stays inside the cutout.

    Parameters
    ----------
    oversampling : int
        Samples a pixel.
    camera : Camera

    Returns
    -------
    numpy.ndarray
        Matrix (101, (101 + 2 margin) oversampling), float32.
    """
    count = (SIZE + 2 * camera.margin) * oversampling
    fine = (np.arange(count) + 0.5) / oversampling - camera.margin - 0.5
    edges = np.arange(SIZE + 1) - 0.5
    width = camera.psf_sigma_arcsec / camera.pixel_arcsec * np.sqrt(2.0)
    below = 0.5 * (1.0 + erf((edges[:, None] - fine) / width))
    return np.ascontiguousarray((below[1:] - below[:-1]) / oversampling, dtype="f4")


def spiral_disc(x, y, flux, scale, axis_ratio, angle, arms, amplitude, winding, phase):
    """Return the image of an exponential disc with spiral arms (Metcalf et al. 2019, section 3).

    The surface brightness is ``exp(-r/R) (1 + A cos(N theta + phi_r))`` with
    ``phi_r = winding log(2 r / R) + phase``, seen inclined.

    Parameters
    ----------
    x, y, scale : float
        Centre and scale length R of the disc's major axis, arcsec.
    flux : float
        Total flux.
    axis_ratio, angle : float
        Shape and direction (radians) of the inclined disc.
    arms : int
        Number of arms N.
    amplitude, winding, phase : float
        A, and the two constants of the phase.

    Returns
    -------
    numpy.ndarray
        Image (101, 101), float32.
    """
    oversampling, margin = 2, CHALLENGE.margin
    count = (SIZE + 2 * margin) * oversampling
    line = ((np.arange(count) + 0.5) / oversampling - margin - 0.5 - SIZE // 2) * PIXEL_ARCSEC
    reach = 9.0 * scale
    columns = slice(*np.searchsorted(line, [x - reach, x + reach]))
    lines = slice(*np.searchsorted(line, [y - reach, y + reach]))
    dx, dy = (line[columns] - x).astype("f4"), (line[lines] - y).astype("f4")[:, None]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u, v = cos * dx + sin * dy, (cos * dy - sin * dx) / np.float32(axis_ratio)
    radius = np.maximum(np.sqrt(u * u + v * v) / np.float32(scale), np.float32(1e-3))
    waves = arms * np.arctan2(v, u) + winding * np.log(2.0 * radius) + phase
    fine = np.exp(-radius) * (1.0 + np.float32(amplitude) * np.cos(waves))
    fine *= np.float32(flux * PIXEL_ARCSEC**2 / (2.0 * np.pi * scale**2 * axis_ratio))
    matrix = blur_matrix(oversampling)
    return matrix[:, lines] @ fine @ matrix[:, columns].T
