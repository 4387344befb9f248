"""The kinds of networks: their layers, their bottleneck, their examples and their loss.

A kind is an entry of `NETWORKS`; nothing else compares its name. A preset has it where it says
something under its name, and it is trained with that and with what stands under ``training``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lensflow.errors import ConfigError
from lensflow.networks import pooled
from lensflow.networks.examples import (
    IMAGES,
    JUDGED_IMAGES,
    JUDGED_RINGS,
    VIEW_PAIRS,
    Examples,
)
from lensflow.networks.losses import RECONSTRUCTION, SOFT_TARGETS, TWO_VIEWS, Loss
from lensflow.networks.shapes import LayerShape, convolutional, with_dense_layers
from lensflow.samples.stacks import DENOISED, PREPARED


@dataclass(frozen=True)
class Network:
    """One kind of network.

    Attributes
    ----------
    name : str
        Its key in a preset.
    has_features : bool
        Whether it is made for a number of features, as an encoder's network is.
    layers : callable
        From (its part of the preset, image size, number of features or None, number of bands) to
        its layers.
    bottleneck : callable
        From the layers to the name of the one that everything must pass.
    examples : lensflow.networks.examples.Examples
        What it is trained on.
    loss : Loss
    input_stage : {"stacks", "denoised"} or None
        The stage of the images that it must be trained on; None where any will do.
    """

    name: str
    has_features: bool
    layers: Callable[[Mapping, int, int | None, int], list[LayerShape]]
    bottleneck: Callable[[list[LayerShape]], str]
    examples: Examples
    loss: Loss
    input_stage: str | None = None


def _denoiser_layers(settings: Mapping, image_size: int, _: None, n_bands: int) -> list[LayerShape]:
    return convolutional(settings, image_size, n_bands)


def _last_pooling(layers: list[LayerShape]) -> str:
    return [layer.name for layer in layers if layer.kind == "pooling"][-1]


def _embedding(layers: list[LayerShape]) -> str:
    return "embedding"


def _summary(layers: list[LayerShape]) -> str:
    return "summary"


NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network(
            "denoiser", False, _denoiser_layers, _last_pooling, IMAGES, RECONSTRUCTION, PREPARED
        ),
        Network(
            "autoencoder", True, with_dense_layers, _embedding, IMAGES, RECONSTRUCTION, DENOISED
        ),
        Network("contrastive", True, pooled.contrastive, _embedding, VIEW_PAIRS, TWO_VIEWS),
        Network("student", False, pooled.student, _summary, JUDGED_IMAGES, SOFT_TARGETS),
        Network("ring_student", False, pooled.ring_student, _summary, JUDGED_RINGS, SOFT_TARGETS),
    )
}

STUDENTS = tuple(name for name, network in NETWORKS.items() if network.examples.has_targets)
"""Those that learn what somebody says of each image."""


def describe(
    preset: Mapping, network: str, n_features: int | None = None, n_bands: int = 1
) -> list[LayerShape]:
    """List a network's layers with their shapes and numbers of parameters.

    Parameters
    ----------
    preset : mapping
        The preset.
    network : str
        Which of `NETWORKS`.
    n_features : int, optional
        The number of features, for a network that has them.
    n_bands : int
        Bands of the images.

    Returns
    -------
    list of LayerShape
        In the order of the data.

    Raises
    ------
    lensflow.errors.ConfigError
        When a convolution is larger than the map that it is given, or ``n_features`` is given to a
        network that has none, or the other way round.
    """
    kind = NETWORKS[network]
    if kind.has_features != (n_features is not None):
        expected = "a number" if kind.has_features else "None"
        raise ConfigError(
            f"{network}: received n_features = {n_features}, expected {expected}. Only a network "
            "with an embedding is made for a number of features."
        )
    return kind.layers(preset[network], preset["image_size"], n_features, n_bands)
