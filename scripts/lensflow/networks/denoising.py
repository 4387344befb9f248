"""Denoising: the denoiser's output, stretched to [0, 1] image by image as in the author's code."""

from collections.abc import Callable, Mapping
from os import PathLike

import numpy as np

from lensflow.prepare.scaling import min_max

DESCRIPTION = "denoised image, min-max to [0, 1]"
"""What a stack of denoised images says of them."""


def load_denoiser(
    weights_path: str | PathLike, preset: Mapping
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that denoises images.

    Parameters
    ----------
    weights_path : path-like
        The denoiser's weights.
    preset : mapping
        The preset it was trained with.

    Returns
    -------
    callable
        From images (n, size, size) in [0, 1] to denoised images of the same shape, float32, each
        running from 0 to 1; one that comes out constant becomes zeros.

    Raises
    ------
    ArtifactError
        When the file does not hold weights of the preset's denoiser.
    """
    # Keras takes the backend that is set when it is imported.
    from lensflow.networks.inference import load_network, reconstruct

    network = load_network("denoiser", preset, weights_path)
    batch = preset["training"]["denoiser"]["batch_size"]
    return lambda images: min_max(reconstruct(network, images, batch))
