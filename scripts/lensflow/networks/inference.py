"""Networks applied to images, batch by batch."""

from collections.abc import Mapping
from os import PathLike

import keras
import numpy as np

from lensflow.networks.build import BuiltNetwork, build_network
from lensflow.networks.weights import read_weights


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
    built = build_network(network, preset, n_features)
    read_weights(built.model, weights_path, network, n_features)
    return built


def embed(network: BuiltNetwork, images: np.ndarray, batch: int = 32) -> np.ndarray:
    """Return the embeddings of images.

    Parameters
    ----------
    network : BuiltNetwork
        One that has features.
    images : ndarray of shape (n, size, size)
        In [0, 1].
    batch : int
        Images that the network sees at once.

    Returns
    -------
    ndarray of shape (n, n_features)
        float32.
    """
    return predict(network.encoder, _with_channel(images), batch)


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
    ndarray of shape (n, size, size)
        float32 in (0, 1).
    """
    return predict(network.model, _with_channel(images), batch)[..., 0]


def predict(model: keras.Model, images: np.ndarray, batch: int) -> np.ndarray | list[np.ndarray]:
    """Apply a model to images (n, size, size, 1), batch by batch; return what it returns."""
    outputs = [
        model.predict_on_batch(images[start : start + batch])
        for start in range(0, len(images), batch)
    ]
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *outputs)


def _with_channel(images: np.ndarray) -> np.ndarray:
    return np.asarray(images, "float32")[..., None]
