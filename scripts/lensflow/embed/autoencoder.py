"""The paper's encoder: the part of the feature autoencoder up to its embedding (section 3.2)."""

from collections.abc import Callable, Mapping
from os import PathLike

from lensflow.networks.inference import embed, load_network
from lensflow.prepare.augmentation import mean_over_views


def load(path: str | PathLike, preset: Mapping, n_features: int) -> Callable:
    """Return the function from images to embeddings.

    Parameters
    ----------
    path : path-like
        Weights of the feature autoencoder.
    preset : mapping
        The preset it was trained with; with ``embedding_pooling: d4`` the embedding is the mean
        over the eight orientations of an image.
    n_features : int
        Size of the embedding.
    """
    network = load_network("autoencoder", preset, path, n_features)
    batch = preset["training"]["autoencoder"]["batch_size"]
    if preset["autoencoder"]["embedding_pooling"] == "none":
        return lambda images: embed(network, images, batch)
    return lambda images: mean_over_views(lambda view: embed(network, view, batch), images)
