"""From flux to what encoders see: units of the sky noise, a scale, the range [0, 1]."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lensflow.errors import ConfigError

# One logarithm for the whole range of peak fluxes (15 to 500 sky sigmas in the challenge's
# images): the knee lies at LOG_KNEE sky sigmas, so that pixels of pure sky stay near zero.
LOG_KNEE = 4.0


def _as_it_is(flux: np.ndarray) -> np.ndarray:
    return flux


def _log(flux: np.ndarray) -> np.ndarray:
    return np.log10(1 + np.maximum(flux, 0) / LOG_KNEE)


@dataclass(frozen=True)
class Scale:
    """One scale of images.

    Attributes
    ----------
    name : str
        The value in an experiment's ``scales``, and the name of a folder.
    needs_sky : bool
        Whether the flux is taken in units of the image's sky noise.
    is_stretched : bool
        Whether each image is then stretched to [0, 1], as the networks take it.
    transform : callable
        From flux to what is stretched.
    words : str
        What the images are.
    """

    name: str
    needs_sky: bool
    is_stretched: bool
    transform: Callable[[np.ndarray], np.ndarray]
    words: str


SCALES = {
    scale.name: scale
    for scale in (
        Scale("linear", False, True, _as_it_is, "linear image, stretched to [0, 1]"),
        Scale("log", True, True, _log, "log image, stretched to [0, 1]"),
        Scale("sigma", True, False, _as_it_is, "image in units of its sky noise"),
    )
}


def scale(flux: np.ndarray, sky_sigma: np.ndarray, name: str) -> np.ndarray:
    """Bring images to a scale, each by itself, and each band of it by itself.

    The paper trains on linear and on logarithmic images (section 3.2) and does not give its
    logarithm. Ours is ``log10(1 + max(f, 0) / (4 sigma))``: it depends on the flux in units of the
    image's sky noise alone, never on an absolute flux, and does not spend the range on the sky.

    Parameters
    ----------
    flux : ndarray of shape (n_images, size, size) or (n_images, n_bands, size, size)
        Flux, in any unit.
    sky_sigma : ndarray of shape (n_images,) or (n_images, n_bands)
        Standard deviation of each image's sky, in the unit of ``flux``. ``linear`` needs none.
    name : str
        Which of `SCALES`.

    Returns
    -------
    ndarray of the shape of the flux, float32
        On a stretched scale each image runs from 0 to 1, and a constant image is 0 everywhere.

    Raises
    ------
    ConfigError
        If the scale is unknown.
    ValueError
        If the sky noise is needed and an image's is not a positive, finite number, or so small that
        the result is not finite; or if a flux is not finite.
    """
    if name not in SCALES:
        raise ConfigError(f"Unknown scale {name!r}; expected one of {sorted(SCALES)}.")
    chosen = SCALES[name]
    if chosen.needs_sky:
        with np.errstate(over="ignore"):
            flux = np.asarray(flux, np.float32) / _positive(sky_sigma, name)[..., None, None]
    _check_range(flux, name)
    images = chosen.transform(flux)
    return min_max(images) if chosen.is_stretched else images


def _check_range(flux: np.ndarray, name: str) -> None:
    """Refuse images that would not come out finite; NaN and overflow show in the range."""
    axes = (-2, -1)
    with np.errstate(over="ignore", invalid="ignore"):
        span = flux.max(axis=axes, initial=-np.inf) - flux.min(axis=axes, initial=np.inf)
    bad = ~np.isfinite(span)
    if bad.any():
        raise ValueError(
            f"The scale {name!r} needs finite images, but {np.count_nonzero(bad)} of {bad.size} "
            "have pixels without a value, or too large for their sky noise. Ingest the images "
            "again: such cutouts are left out there."
        )


def _positive(sky_sigma: np.ndarray, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        sigma = np.asarray(sky_sigma, dtype=np.float32)
    bad = ~(np.isfinite(sigma) & (sigma > 0))
    if bad.any():
        raise ValueError(
            f"The scale {name!r} needs a positive, finite sky noise for every image, but "
            f"{np.count_nonzero(bad)} of {bad.size} have none. Images that are already denoised "
            "carry no sky: use the scale 'linear' for them, which `polar` does not take."
        )
    return sigma


def shown(images: np.ndarray, name: str) -> np.ndarray:
    """Return images of a scale as a picture shows them: in [0, 1], each by itself.

    Parameters
    ----------
    images : ndarray of shape (n_images, size, size)
        What `scale` made.
    name : str
        Which of `SCALES`; images in units of their sky noise are shown on the scale ``log``.
    """
    return images if SCALES[name].is_stretched else min_max(_log(images))


def compressed(images: np.ndarray, name: str) -> np.ndarray:
    """Return images of a scale with their range of flux compressed, as linear methods need it.

    Parameters
    ----------
    images : ndarray of shape (n_images, size, size)
        What `scale` made.
    name : str
        Which of `SCALES`; of images in units of their sky noise the logarithm is taken.
    """
    return images if SCALES[name].is_stretched else _log(images)


def min_max(images: np.ndarray) -> np.ndarray:
    """Stretch each image to [0, 1]; a constant image becomes zeros.

    Parameters
    ----------
    images : ndarray of shape (..., size, size)
        Finite values.

    Returns
    -------
    ndarray of shape (..., size, size), float32
        ``(image - min) / (max - min)`` of each image.
    """
    images = np.asarray(images, dtype=np.float32)
    low = images.min(axis=(-2, -1), keepdims=True)
    span = images.max(axis=(-2, -1), keepdims=True) - low
    return (images - low) / np.where(span > 0, span, 1)
