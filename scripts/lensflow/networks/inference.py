"""Networks applied to images, batch by batch."""

from collections.abc import Mapping
from os import PathLike

import keras
import numpy as np

from lensflow.errors import ConfigError
from lensflow.networks import runtime
from lensflow.networks.build import BuiltNetwork, build_network
from lensflow.networks.weights import read_weights, trained_bands
from lensflow.prepare.inputs import channels_last

ACCELERATOR_BATCH = 256
"""Images that an accelerator is given at once, at least: with few it waits for the host."""


def load_network(
    network: str, preset: Mapping, weights_path: str | PathLike, n_features: int | None = None
) -> BuiltNetwork:
    """Rebuild a trained network from its preset and its weights file.

    Parameters
    ----------
    network, preset, n_features
        As for `lensflow.networks.build.build_network`.
    weights_path : path-like
        A ``.weights.h5`` file.

    Returns
    -------
    BuiltNetwork

    Raises
    ------
    ArtifactError
        When the file does not hold weights of that network.
    """
    n_bands = len(trained_bands(weights_path)) or 1
    built = build_network(network, preset, n_features, n_bands=n_bands)
    read_weights(built.model, weights_path, network, n_features)
    return built


def embed(network: BuiltNetwork, images: np.ndarray, batch: int = 32) -> np.ndarray:
    """Return the embeddings of images.

    Parameters
    ----------
    network : BuiltNetwork
        One that has features.
    images : ndarray of shape (n, size, size) or (n, n_bands, size, size)
        In [0, 1].
    batch : int
        Images that the network sees at once.

    Returns
    -------
    ndarray of shape (n, n_features)
        float32.
    """
    return predict(network.encoder, channels_last(images), batch)


def reconstruct(network: BuiltNetwork, images: np.ndarray, batch: int = 32) -> np.ndarray:
    """Return the reconstructions of images.

    Parameters
    ----------
    network : BuiltNetwork
        A denoiser or a feature autoencoder.
    images, batch
        As for `embed`.

    Returns
    -------
    ndarray of the shape of the images
        float32 in (0, 1).
    """
    made = predict(network.model, channels_last(images), batch)
    return made[..., 0] if images.ndim == 3 else np.moveaxis(made, -1, 1)


def predict(model: keras.Model, images: np.ndarray, batch: int) -> np.ndarray | list[np.ndarray]:
    """Apply a model to images (n, rows, columns, channels), batch by batch.

    On an accelerator in batches of `ACCELERATOR_BATCH` at least, the last one filled up: a batch of
    another size would be compiled anew, for seconds.

    Returns
    -------
    ndarray of n rows, or list of them
        What the model returns.

    Raises
    ------
    ConfigError
        When it was trained on images of other bands.
    """
    received, expected = images.shape[-1], model.input.shape[-1]
    if received != expected:
        raise ConfigError(
            f"the network was trained on images of {expected} channel(s), received {received}; "
            "give images of the same bands"
        )
    on_accelerator = runtime.has_accelerator()
    size = max(batch, ACCELERATOR_BATCH) if on_accelerator else batch
    parts = [images[start : start + size] for start in range(0, len(images), size)]
    if on_accelerator:
        missing = size - len(parts[-1])
        parts[-1] = np.pad(parts[-1], [(0, missing), *[(0, 0)] * (images.ndim - 1)])
    outputs = [model.predict_on_batch(part) for part in parts]
    return keras.tree.map_structure(lambda *found: np.concatenate(found)[: len(images)], *outputs)
