"""Clumpy background sources, their lensed images, and the search for one of wanted brightness."""

import numpy as np

from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.constants import SIZE
from lensflow.simulate.light import blur_matrix, covariances, sersic_rows

SHARPEST = 0.03
"""Sigma of HUDF's point-spread function, arcsec: no source has finer structure."""

CUTOFF = 4.2
"""Radius at which a source's Gaussian is cut off, in sigmas."""

DARKEST = 1e-9
"""Share of a source's flux in a pixel below which the pixel holds no light of it."""

CELLS = 64
"""Side of the coarse grid on which the size of a source is searched."""


def draw_source(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of one clumpy galaxy of unit flux and half-light radius about 1.

    A Sersic body, its clumps and a share of the flux between them, as in the star-forming
    galaxies of the HUDF that the challenge used.

    Parameters
    ----------
    random : numpy.random.Generator
        The object's own generator.

    Returns
    -------
    tuple of numpy.ndarray
        Rows (k, 6) of the body and rows (m, 6) of the clumps, m from 0 to 8.
    """
    index = random.choice([0.5, 1.0, 1.5, 2.0])
    axis_ratio, angle = random.uniform(0.35, 1.0), random.uniform(0.0, np.pi)
    count = min(int(random.poisson(2.5)), 8)
    share = random.uniform(0.02, 0.4) if count else 0.0
    body = sersic_rows(0.0, 0.0, 1.0 - share, 1.0, index, axis_ratio, angle, 5)
    clumps = np.empty((count, 6))
    clumps[:, :2] = random.normal(0.0, 0.75, (count, 2))
    clumps[:, 2] = share * random.dirichlet(np.full(count, 2.0)) if count else 0.0
    clumps[:, 3] = random.uniform(0.08, 0.3, count)
    clumps[:, 4] = random.uniform(0.5, 1.0, count)
    clumps[:, 5] = random.uniform(0.0, np.pi, count)
    return body, clumps


def scaled(rows, scale, x, y) -> np.ndarray:
    """Return the source of half-light radius ``scale`` (arcsec) moved to (x, y) in its plane."""
    rows = rows.copy()
    rows[:, :2] = rows[:, :2] * scale + (x, y)
    rows[:, 3] = np.sqrt((rows[:, 3] * scale) ** 2 + SHARPEST**2)
    return rows


def surface_brightness(rows, x, y, camera=CHALLENGE, extra_variance=0.0) -> np.ndarray:
    """Return the flux a pixel's area of the source at positions of its plane.

    Parameters
    ----------
    rows : numpy.ndarray
        Rows (k, 6).
    x, y : numpy.ndarray
        Positions in the source plane, arcsec, float32, one shape.
    camera : Camera
        Its pixels.
    extra_variance : float
        Blur, arcsec squared.

    Returns
    -------
    numpy.ndarray
        Array like ``x``.
    """
    xx, xy, yy = covariances(rows, extra_variance)
    determinant = xx * yy - xy * xy
    peak = rows[:, 2] * camera.pixel_arcsec**2 / (2.0 * np.pi * np.sqrt(determinant))
    forms = (np.stack([-0.5 * yy, xy, -0.5 * xx]) / determinant).astype("f4")
    total = np.zeros_like(x)
    for row, height, (a, b, c) in zip(rows, peak.astype("f4"), forms.T, strict=True):
        dx, dy = x - np.float32(row[0]), y - np.float32(row[1])
        exponent = (a * dx + b * dy) * dx
        exponent += c * dy * dy
        np.exp(exponent, out=exponent)
        exponent *= height
        total += exponent
    return total


class LensedSource:
    """Images of sources behind one mass, blurred by the point-spread function.

    Parameters
    ----------
    mass : lensflow.simulate.lensing.Deflector
        The lens.
    camera : Camera
    """

    def __init__(self, mass, camera: Camera = CHALLENGE):
        self.mass, self.camera = mass, camera
        side = SIZE + 2 * camera.margin
        line = ((np.arange(side) - side // 2) * camera.pixel_arcsec).astype("f4")
        self._x, self._y = np.broadcast_arrays(line[None, :], line[:, None])
        self._beta = mass.to_source_plane(self._x, self._y)
        self._half_pixel = (0.08 * camera.zoom * mass.stretch(self._x, self._y)).astype("f4")
        self._rays = 0, np.zeros(self._x.shape, bool), ()

    def image(self, rows) -> np.ndarray:
        """Return the image (101, 101) of a source, float32, in the units of its flux.

        Pixels that the source can reach are traced on a grid fine enough for its sharpest
        structure; the others are empty.
        """
        oversampling = _oversampling(rows, self.camera)
        lines, columns, beta = self._traced_rays(rows, oversampling)
        if not len(lines):
            return np.zeros((SIZE, SIZE), "f4")
        side = SIZE + 2 * self.camera.margin
        fine = np.zeros((side, oversampling, side, oversampling), "f4")
        fine[lines, :, columns, :] = surface_brightness(rows, *beta, self.camera)
        side *= oversampling
        return _blur(fine.reshape(side, side), oversampling, lines, columns, self.camera)

    def _traced_rays(self, rows, oversampling):
        """Return the pixels that the source reaches, and their rays in the source plane.

        The last rays are kept: the search for a source's size asks for nearly the same ones again.
        """
        known, reached, rays = self._rays
        needed = self._reached(rows, 1.0)
        if known != oversampling or (needed & ~reached).any():
            reached = self._reached(rows, 1.15)
            rays = self._trace(reached, oversampling)
            self._rays = oversampling, reached, rays
        return rays

    def _trace(self, reached, oversampling):
        """Return lines and columns of pixels, and the source-plane positions of their rays."""
        steps = (np.arange(oversampling) + 0.5) / oversampling - 0.5
        steps = (steps * self.camera.pixel_arcsec).astype("f4")
        lines, columns = np.nonzero(reached)
        shape = (len(lines), oversampling, oversampling)
        x = np.broadcast_to(self._x[reached][:, None, None] + steps, shape)
        y = np.broadcast_to(self._y[reached][:, None, None] + steps[:, None], shape)
        return lines, columns, self.mass.to_source_plane(x, y)

    def _reached(self, rows, allowance):
        """Return which pixels of the padded cutout hold light of the source."""
        x, y = np.average(rows[:, :2], axis=0, weights=rows[:, 2])
        distance = np.hypot(rows[:, 0] - x, rows[:, 1] - y)
        reach = allowance * np.max(distance + CUTOFF * rows[:, 3] / np.sqrt(rows[:, 4]))
        dx, dy = self._beta[0] - np.float32(x), self._beta[1] - np.float32(y)
        return dx * dx + dy * dy < (np.float32(reach) + self._half_pixel) ** 2


def _oversampling(rows, camera: Camera) -> int:
    """Return samples a pixel so that the sharpest Gaussian is sampled every 1.4 sigma."""
    sharpest = np.min(rows[:, 3] * np.sqrt(rows[:, 4]))
    return int(np.clip(np.ceil(camera.pixel_arcsec / (1.4 * sharpest)), 2, 5))


def _blur(fine, oversampling, lines, columns, camera=CHALLENGE):
    """Blur and bin the part of the fine image between the first and last pixel with light."""
    matrix = blur_matrix(oversampling, camera)
    rows = slice(lines.min() * oversampling, (lines.max() + 1) * oversampling)
    cols = slice(columns.min() * oversampling, (columns.max() + 1) * oversampling)
    return matrix[:, rows] @ np.ascontiguousarray(fine[rows, cols]) @ matrix[:, cols].T


def amplitude_for_flux(image, flux, area=1.0) -> tuple[float, float]:
    """Return the factor that gives an image the wanted flux above one sigma.

    Parameters
    ----------
    image : numpy.ndarray
        Noise-free image, in sky sigma a pixel but for the factor; of a source of unit flux.
    flux : float
        Wanted sum of the pixels above 1, in sky sigma.
    area : float
        Area of an element of ``image`` in pixels.

    Returns
    -------
    tuple of float
        The factor, and the number of pixels that are then above 1; zeros for an empty image.
    """
    values = image[image > max(image.max() * 1e-5, DARKEST)]
    if not values.size:
        return 0.0, 0.0
    values = np.sort(values)[::-1].astype("f8")
    sums = np.cumsum(values) * area
    reached = sums[:-1] / np.maximum(values[1:], 1e-300)
    count = int(np.searchsorted(reached, flux))
    lowest = 1.0 / values[count] * (1.0 + 1e-6)
    return max(flux / sums[count], lowest), (count + 1) * area


class CoarseView:
    """A cheap estimate of how many pixels a lensed source covers, for the search of its size.

    Parameters
    ----------
    mass : lensflow.simulate.lensing.Deflector
        The lens.
    half_width : float
        Half the side of the grid, arcsec.
    camera : Camera
    """

    def __init__(self, mass, half_width, camera: Camera = CHALLENGE):
        self._camera = camera
        line = ((np.arange(CELLS) + 0.5) / CELLS * 2.0 - 1.0) * half_width
        x, y = np.broadcast_arrays(line.astype("f4")[None, :], line.astype("f4")[:, None])
        self._beta = mass.to_source_plane(x, y)
        self._area = (2.0 * half_width / CELLS / camera.pixel_arcsec) ** 2

    def pixels(self, rows, flux) -> float:
        """Return the number of pixels above one sigma once the image has the wanted flux."""
        blur = self._camera.psf_sigma_arcsec**2
        image = surface_brightness(rows, *self._beta, self._camera, blur)
        return amplitude_for_flux(image, flux, self._area)[1]
