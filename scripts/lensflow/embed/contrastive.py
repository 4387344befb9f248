"""The self-supervised encoder: a network on polar images that tells objects, not views, apart.

It is trained by VICReg (`lensflow.networks.losses.vicreg`) on altered copies of each object
(`lensflow.prepare.views`), two at a time. What it makes of an image is the mean over the image and
its mirror image, so that it is the same, up to rounding, in all eight orientations.
"""

from collections.abc import Callable, Mapping
from os import PathLike

import numpy as np

from lensflow.networks.inference import load_network, predict
from lensflow.prepare.polar_images import mirrored, polar_images


def load(path: str | PathLike, preset: Mapping, n_features: int) -> Callable:
    """Return the function from images in units of their sky noise to features.

    Parameters
    ----------
    path : path-like
        Weights of the network.
    preset : mapping
        The preset it was trained with.
    n_features : int
        Size of the embedding.

    Raises
    ------
    ArtifactError
        When the file does not hold weights of that network.
    """
    encoder = load_network("contrastive", preset, path, n_features).encoder
    batch = preset["training"]["contrastive"]["batch_size"]

    def encode(images: np.ndarray) -> np.ndarray:
        seen = polar_images(images)
        return (predict(encoder, seen, batch) + predict(encoder, mirrored(seen), batch)) / 2

    return encode
