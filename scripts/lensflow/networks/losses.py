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
        The batch is a mapping with ``images``, as the network was given them, and what else its
        `lensflow.networks.examples.Examples` keep and draw.
    constant : callable
        From what is to be met (n, ...) to the loss of the best output that is the same for all.
    words : str
        What it is called beside an axis.
    met : str
        What is to be met: ``images`` or ``targets`` of a batch.
    """

    value: Callable[[Mapping[str, Any], Any], Any]
    constant: Callable[[np.ndarray], float]
    words: str
    met: str = "images"


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


RECONSTRUCTION = Loss(cross_entropy, constant_cross_entropy, "cross-entropy a pixel (nats)")
"""The image is its own target, for the denoiser, too: what does not fit through its bottleneck is
the noise (paper, section 3.2)."""


def soft_cross_entropy(batch: Mapping[str, Any], outputs: Any) -> Any:
    """Return the mean cross-entropy (nats) of logits (n, 1) and probabilities, the targets (n,)."""
    # Keras takes the backend that is set when it is imported.
    from keras import ops

    logits = outputs[:, 0]
    return ops.mean(ops.softplus(logits) - batch["targets"] * logits)


SOFT_TARGETS = Loss(soft_cross_entropy, constant_cross_entropy, "cross-entropy (nats)", "targets")
"""Each image has a probability that is to be met; as for images, the best constant is the mean."""

INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""Weights of the three terms of VICReg (Bardes, Ponce & LeCun 2022, section 4.2)."""

LEAST_VARIANCE = 1e-4
"""Added to a variance before its root is taken, whose slope at 0 is infinite."""


def vicreg(batch: Mapping[str, Any], outputs: Any) -> Any:
    """Return how far two views of each object are apart, and how little objects differ.

    VICReg (Bardes, Ponce & LeCun 2022, equations 1 to 6): the two views of an object are to be
    near each other; in either view each output is to vary by a standard deviation of 1 at least
    over the objects, and no two outputs together.

    Parameters
    ----------
    batch : mapping
        Not used: the views meet each other.
    outputs : tensor of shape (2 n, d)
        Of one view of n objects, then of the other view of each.

    Returns
    -------
    tensor
        A number. What is summed over outputs is divided by their number.
    """
    # Keras takes the backend that is set when it is imported.
    from keras import ops

    views = ops.split(outputs, 2, axis=0)
    apart = ops.mean(ops.square(views[0] - views[1]))
    loss = INVARIANCE * apart
    for view in views:
        centred = view - ops.mean(view, axis=0)
        # Of a single object, the last of an epoch, nothing varies.
        n_others = ops.cast(ops.maximum(ops.shape(view)[0] - 1, 1), view.dtype)
        covariance = ops.matmul(ops.transpose(centred), centred) / n_others
        # Not the diagonal of it, whose gradient is a scatter: no GPU repeats that to the bit.
        variance = ops.sum(ops.square(centred), axis=0) / n_others
        missing = ops.relu(1 - ops.sqrt(variance + LEAST_VARIANCE))
        together = ops.sum(ops.square(covariance)) - ops.sum(ops.square(variance))
        loss += VARIANCE / 2 * ops.mean(missing) + COVARIANCE * together / view.shape[1]
    return loss


def constant_vicreg(views: np.ndarray) -> float:
    """Return the loss of outputs that are the same for all images: all that is missing is variance.

    Parameters
    ----------
    views : ndarray
        Not used.
    """
    return VARIANCE * (1 - LEAST_VARIANCE**0.5)


TWO_VIEWS = Loss(vicreg, constant_vicreg, "VICReg")
"""Objects are to differ, and views of one object are not."""
