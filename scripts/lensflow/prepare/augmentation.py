"""Quarter turns and a little noise: how the paper makes four images of one (section 3.1)."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from lensflow.seeds import rng

LARGEST_CORRELATION = 0.7
"""Of neighbours, by three pixels that are added up."""


def rotate(images: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Turn each image anticlockwise by its number of quarter turns; pixels move exactly.

    Parameters
    ----------
    images : ndarray of shape (n_images, ..., size, size)
        Square images, in row-major order ([y, x]); all bands of one are turned alike.
    rotations : ndarray of shape (n_images,), int
        Quarter turns, taken modulo 4.

    Returns
    -------
    ndarray of shape (n_images, ..., size, size)
        The turned images.
    """
    turned = np.empty_like(images)
    for quarter in range(4):
        chosen = np.asarray(rotations) % 4 == quarter
        turned[chosen] = np.rot90(images[chosen], quarter, axes=(-2, -1))
    return turned


def views(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the eight views of square images: four quarter turns, and those of the mirror image.

    Parameters
    ----------
    images : ndarray of shape (n_images, ..., size, size)
        Square images.

    Yields
    ------
    ndarray of shape (n_images, ..., size, size)
        One element of the dihedral group D4 applied to every image; the first is the identity.
    """
    for image in (images, images[..., ::-1]):
        for quarter in range(4):
            yield np.rot90(image, quarter, axes=(-2, -1))


def mean_over_views(function: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Average what a function makes of the eight views of images.

    Parameters
    ----------
    function : callable
        From images (n_images, ..., size, size) to an array of n_images rows.
    images : ndarray of shape (n_images, ..., size, size)
        Square images.

    Returns
    -------
    ndarray of n_images rows
        The same for an image and for its turned or mirrored copies (up to rounding).
    """
    return sum(function(np.ascontiguousarray(view)) for view in views(images)) / np.float32(8)


def add_noise(
    flux: np.ndarray,
    noise: np.ndarray,
    ids: Sequence[str],
    rotations: Sequence[int],
    seed: int,
    correlation: np.ndarray | None = None,
) -> np.ndarray:
    """Add Gaussian noise to each image; the paper calls its own "insignificant" (section 3.1).

    Parameters
    ----------
    flux : ndarray of shape (n_images, size, size) or (n_images, n_bands, size, size)
        Flux.
    noise : ndarray of shape (n_images,) or (n_images, n_bands)
        Standard deviation of the noise to add, in the unit of ``flux``; 0 adds none.
    ids, rotations : sequences of length n_images
        Name the image and its quarter turns: the noise is drawn from (seed, id, rotation), so it
        depends neither on the order of the images nor on how they are spread over shards.
    seed : int
        Seed of the configuration.
    correlation : ndarray of shape (n_images,) or (n_images, n_bands), optional
        Correlation of neighbouring pixels that the noise of each image has; the added noise has it
        too. None, or NaN where it could not be measured: the added noise is white.

    Returns
    -------
    ndarray of the shape of the flux, float32
        The noisy images.
    """
    noisy = np.array(flux, dtype=np.float32)
    sigmas = np.asarray(noise)
    shared = np.full(sigmas.shape, np.nan) if correlation is None else np.asarray(correlation)
    for image, sigma, name, rotation, share in zip(
        noisy, sigmas, ids, rotations, shared, strict=True
    ):
        if np.any(sigma > 0):
            draw = rng(seed, "noise", str(name), int(rotation))
            white = draw.standard_normal(image.shape, np.float32)
            for band in np.ndindex(np.shape(sigma)):
                if sigma[band] > 0:
                    image[band] += np.float32(sigma[band]) * correlated(white[band], share[band])
    return noisy


def correlated(white: np.ndarray, correlation: float) -> np.ndarray:
    """Give white noise a correlation between neighbours; its variance stays.

    The noise is smoothed along each axis by (a, 1, a), which gives neighbours the correlation
    2 a / (1 + 2 a^2). The edges are joined, so that every pixel is alike.

    Parameters
    ----------
    white : ndarray of shape (size, size), float32
    correlation : float
        At most `LARGEST_CORRELATION` is given; none for NaN, 0 or less.

    Returns
    -------
    ndarray of shape (size, size), float32
    """
    if not correlation > 0:
        return white
    wanted = min(float(correlation), LARGEST_CORRELATION)
    a = (1 - np.sqrt(1 - 2 * wanted**2)) / (2 * wanted)
    for axis in (0, 1):
        beside = np.roll(white, 1, axis) + np.roll(white, -1, axis)
        white = (white + np.float32(a) * beside) / np.float32(np.sqrt(1 + 2 * a**2))
    return white
