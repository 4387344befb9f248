"""What a training makes small, and what a network must do better than to have learned anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Loss:
    """The loss of a kind of network.

    Attributes
    ----------
    value : callable
        From a batch and what the network makes of its images to a number: the mean over the batch.
        The batch is a mapping with ``images`` (n, size, size, 1), as the network was given them,
        and ``turns`` (n,), see `lensflow.train.model.turn`.
    constant : callable
        From images (n, size, size) to the loss of the best output that is the same for all.
    """

    value: Callable[[Mapping[str, Any], Any], Any]
    constant: Callable[[np.ndarray], float]


def cross_entropy(batch: Mapping[str, Any], outputs: Any) -> Any:
    """Return the mean binary cross-entropy a pixel (nats) of reconstructions of the images."""
    # Keras takes the backend that is set when it is imported.
    import keras

    return keras.ops.mean(keras.losses.binary_crossentropy(batch["images"], outputs))


def constant_cross_entropy(images: np.ndarray) -> float:
    """Return the cross-entropy of the best constant image, which every useful network must beat.

    Binary cross-entropy is linear in the target, so among all constant reconstructions the mean
    image has the least loss: the mean over pixels of the entropy of the mean.

    Parameters
    ----------
    images : ndarray of shape (n, size, size)
        Held-out images in [0, 1].

    Returns
    -------
    float
        In nats a pixel.
    """
    mean = np.clip(np.mean(images, axis=0, dtype="float64"), 1e-7, 1 - 1e-7)
    return float(-np.mean(mean * np.log(mean) + (1 - mean) * np.log1p(-mean)))


RECONSTRUCTION = Loss(cross_entropy, constant_cross_entropy)
"""The image is its own target, for the denoiser, too: what does not fit through its bottleneck is
the noise (paper, section 3.2)."""
