"""Quarter turns and a little noise: how the paper makes four images of one non-lens (section 3.1)."""

from collections.abc import Sequence

import numpy as np

from lensflow.seeds import rng


def rotate(images: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Turn each image anticlockwise by its number of quarter turns; pixels move exactly.

    Parameters
    ----------
    images : ndarray of shape (n_images, size, size)
        Square images, in row-major order ([y, x]).
    rotations : ndarray of shape (n_images,), int
        Quarter turns, taken modulo 4.

    Returns
    -------
    ndarray of shape (n_images, size, size)
        The turned images.
    """
    turned = np.empty_like(images)
    for quarter in range(4):
        chosen = np.asarray(rotations) % 4 == quarter
        turned[chosen] = np.rot90(images[chosen], quarter, axes=(1, 2))
    return turned


def add_noise(
    flux: np.ndarray,
    sky_sigma: np.ndarray,
    fraction: float,
    ids: Sequence[str],
    rotations: Sequence[int],
    seed: int,
) -> np.ndarray:
    """Add Gaussian noise of ``fraction`` of each image's sky noise.

    Parameters
    ----------
    flux : ndarray of shape (n_images, size, size)
        Flux.
    sky_sigma : ndarray of shape (n_images,)
        Noise of the sky in the unit of ``flux``.
    fraction : float
        Size of the added noise in units of the sky noise; the paper calls its own "insignificant"
        (section 3.1) and does not give it.
    ids, rotations : sequences of length n_images
        Name the image and its quarter turns: the noise is drawn from (seed, id, rotation), so it
        depends neither on the order of the images nor on how they are spread over shards.
    seed : int
        Seed of the configuration.

    Returns
    -------
    ndarray of shape (n_images, size, size), float32
        The noisy images.
    """
    noisy = np.array(flux, dtype=np.float32)
    for image, sigma, name, rotation in zip(noisy, sky_sigma, ids, rotations, strict=True):
        draw = rng(seed, "noise", str(name), int(rotation))
        image += np.float32(fraction * sigma) * draw.standard_normal(image.shape, np.float32)
    return noisy
