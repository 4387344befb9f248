"""How cutouts are shown: grey on a scale, or in colour where they have several bands.

Colours are those of Lupton et al. (2004), by astropy. The last band is red and the first blue, so
that bands are to be given from blue to red; of three or more the middle one is green, of two their
mean. Each is taken in units of its sky noise: the sky is grey, and of Euclid's bands an old galaxy
is nearly white, while what is bluer, as many sources are, is blue. Point-spread functions are left
as they are, so that a compact centre is blue where the first band is the sharpest.
"""

import numpy as np

from lensflow.prepare.scaling import scale

FAINTEST, STRETCH, SOFTENING = -0.5, 6.0, 6.0
"""Black, and where the stretch turns from linear to logarithmic (sky sigma); Lupton's Q."""

BRIGHT = 500.0
"""The brightest pixel of an image without sky noise is shown like this (sky sigma)."""


def shown_images(flux: np.ndarray, sky_sigma: np.ndarray, scaling: str) -> np.ndarray:
    """Return cutouts as they are shown.

    Parameters
    ----------
    flux : ndarray of shape (n, size, size) or (n, n_bands, size, size)
    sky_sigma : ndarray of shape (n,) or (n, n_bands)
    scaling : {"log", "linear"}
        Scale of images of one band; those without sky noise are always shown linear.

    Returns
    -------
    ndarray of shape (n, size, size), or (n, size, size, 3) of several bands
        In [0, 1].
    """
    if np.ndim(flux) == 4:
        return colour_images(flux, sky_sigma)
    return scale(flux, sky_sigma, scaling if (sky_sigma > 0).all() else "linear")


def colour_images(flux: np.ndarray, sky_sigma: np.ndarray) -> np.ndarray:
    """Return colour pictures.

    Parameters
    ----------
    flux : ndarray of shape (n, n_bands, size, size)
    sky_sigma : ndarray of shape (n, n_bands)

    Returns
    -------
    ndarray of shape (n, size, size, 3), float32
        Red, green and blue in [0, 1].
    """
    # Slow to import, and only what has several bands needs it.
    from astropy.visualization import make_lupton_rgb

    images = in_sigma(flux, sky_sigma)
    n_bands = images.shape[1]
    green = images[:, n_bands // 2] if n_bands > 2 else images.mean(axis=1)
    made = [
        make_lupton_rgb(*bands, minimum=FAINTEST, stretch=STRETCH, Q=SOFTENING)
        for bands in zip(images[:, -1], green, images[:, 0], strict=True)
    ]
    return np.array(made, np.float32).reshape(-1, *images.shape[2:], 3) / 255


def in_sigma(flux: np.ndarray, sky_sigma: np.ndarray) -> np.ndarray:
    """Return images in units of their sky noise; without noise, of their peak.

    Parameters
    ----------
    flux : ndarray of shape (..., size, size)
    sky_sigma : ndarray of shape (...)
    """
    sky_sigma = np.asarray(sky_sigma, float)
    peak = np.abs(flux).max(axis=(-2, -1))
    unit = np.where(sky_sigma > 0, sky_sigma, np.where(peak > 0, peak, 1) / BRIGHT)
    return flux / unit[..., None, None]
