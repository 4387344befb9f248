"""Builds networks from a preset (paper, section 3.2, figure 1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from lensflow.errors import ConfigError
from lensflow.networks import layers as fast
from lensflow.networks import runtime
from lensflow.networks.examples import Examples
from lensflow.networks.kinds import NETWORKS, describe
from lensflow.networks.losses import Loss
from lensflow.networks.runtime import Tensor
from lensflow.networks.shapes import LayerShape
from lensflow.seeds import rng

MOMENTUM = 0.95
"""Of the running means of batch normalisation: those of the last few dozen steps count."""

FULL_PRECISION = ("embedding", "projection", "logit")
"""Dense layers that are never in half precision: what the mixture is fitted to, and outputs."""


class KeyedGlorotUniform(keras.initializers.Initializer):
    """Glorot's uniform initialiser, drawn from a seed and the layer's name.

    The numbers do not depend on the backend, on the order in which layers are made, nor on
    whether the layers are plain or fast.
    """

    def __init__(self, seed: int, layer: str):
        self.seed = seed
        self.layer = layer

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Tensor:
        """Draw an array of the given shape."""
        field = int(np.prod(shape[:-2]))
        limit = np.sqrt(6.0 / (field * (shape[-2] + shape[-1])))
        values = rng(self.seed, "weights", self.layer).uniform(-limit, limit, shape)
        return keras.ops.convert_to_tensor(values.astype("float32"), dtype=dtype)

    def get_config(self) -> dict:
        """Return the arguments that rebuild the initialiser."""
        return {"seed": self.seed, "layer": self.layer}


@dataclass(frozen=True, eq=False)
class BuiltNetwork:
    """A network that can be trained and applied.

    Attributes
    ----------
    name : str
        Which of `lensflow.networks.kinds.NETWORKS`.
    model : keras.Model
        From what it sees of images (n, rows, columns, channels) to its outputs.
    bottleneck : keras.KerasTensor
        The model's tensor that everything must pass: (n, n_features), or maps for the denoiser.
    examples : lensflow.networks.examples.Examples
        What it sees of images.
    loss : lensflow.networks.losses.Loss
        What its training makes small.
    precision : {"float32", "bfloat16"}
        In which its layers compute.
    """

    name: str
    model: keras.Model
    bottleneck: keras.KerasTensor
    examples: Examples
    loss: Loss
    precision: str

    @cached_property
    def encoder(self) -> keras.Model:
        """The part from the image to the bottleneck; it shares the weights."""
        return keras.Model(self.model.input, self.bottleneck, name="encoder")


def build_network(
    network: str,
    preset: Mapping,
    n_features: int | None = None,
    layers: str = "phase",
    seed: int = 0,
    precision: str | None = None,
    n_bands: int = 1,
) -> BuiltNetwork:
    """Build a network from a preset.

    Parameters
    ----------
    network : str
        Which of `lensflow.networks.kinds.NETWORKS`.
    preset : mapping
        The preset; checked by `lensflow.networks.presets.check_preset`.
    n_features : int, optional
        The number of features, for a network that has them.
    layers : {"phase", "plain"}
        ``plain`` are Keras's own layers in the order of the author's code, ``phase`` the same
        network computed several times faster. Weights and their files are interchangeable.
    seed : int
        Seed of the initial weights.
    precision : {"float32", "bfloat16", "auto"}, optional
        Precision of the arithmetic; the preset's unless given. Weights and output are float32.
        ``auto`` is `lensflow.networks.runtime.fast_precision`.
    n_bands : int
        Bands of the images.

    Returns
    -------
    BuiltNetwork

    Raises
    ------
    lensflow.errors.ConfigError
        On other ``layers``, and as `lensflow.networks.kinds.describe`.
    """
    if layers not in _BLOCKS:
        raise ConfigError(f"layers: received {layers!r}, expected 'phase' or 'plain'.")
    precision = precision or preset["precision"]
    if precision == "auto":
        precision = runtime.fast_precision()
    policy = dtype_policy(precision)
    shapes, kind = describe(preset, network, n_features, n_bands), NETWORKS[network]
    tensor = image = keras.Input(shapes[0].shape, name="image", dtype="float32")
    for block in _BLOCKS[layers](shapes[1:], seed, policy):
        tensor = block(tensor)
    model = keras.Model(image, tensor, name=network)
    bottleneck = _output_of(model, kind.bottleneck(shapes))
    return BuiltNetwork(network, model, bottleneck, kind.examples, kind.loss, precision)


def _output_of(model: keras.Model, name: str) -> keras.KerasTensor:
    """Return the output of a described layer, also where its convolution does the pooling."""
    outputs = {layer.name: layer.output for layer in model.layers}
    return outputs[name if name in outputs else name.removesuffix("_pooling")]


def dtype_policy(precision: str) -> keras.DTypePolicy:
    """Return Keras's policy of layers that compute in float32 or bfloat16; weights are float32."""
    name = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]
    return keras.DTypePolicy(name)


def _plain_blocks(
    shapes: Sequence[LayerShape], seed: int, policy: keras.DTypePolicy
) -> Iterator[keras.Layer]:
    """Yield one Keras layer for each layer that the preset describes."""
    for shape in shapes:
        yield from _finish(_plain_layer(shape, seed, policy), shape)


def _fast_blocks(
    shapes: Sequence[LayerShape], seed: int, policy: keras.DTypePolicy
) -> Iterator[keras.Layer]:
    """Yield the same network with pooling and upsampling folded into the convolutions."""
    for number, shape in enumerate(shapes):
        if shape.kind == "convolution":
            options = _neighbours(shapes, number)
            yield from _finish(_convolution(fast.Conv2D, shape, seed, policy, **options), shape)
        elif shape.kind not in ("pooling", "upsampling"):
            yield from _finish(_plain_layer(shape, seed, policy), shape)


def _neighbours(shapes: Sequence[LayerShape], number: int) -> dict[str, bool | int]:
    """Return what a convolution takes over from the layers beside it."""
    kinds = ["", "", *(shape.kind for shape in shapes), "", ""]
    before, after = kinds[number + 1], kinds[number + 3]
    return {
        "upsample": before == "upsampling",
        "pool": after == "pooling",
        "keep_phases": _leaves_phases(shapes, number),
        "input_phases": 2 if _leaves_phases(shapes, number - 2) else 1,
    }


def _leaves_phases(shapes: Sequence[LayerShape], number: int) -> bool:
    """Say whether a convolution hands its phases to the output convolution, which follows it."""
    return (
        number == len(shapes) - 3
        and shapes[number - 1].kind == "upsampling"
        and shapes[number].padding == "valid"
        and shapes[number].shape[0] % 2 == 0
    )


def _plain_layer(shape: LayerShape, seed: int, policy: keras.DTypePolicy) -> keras.Layer:
    kinds = {
        "pooling": lambda: keras.layers.MaxPooling2D(
            2, padding="same", name=shape.name, dtype=policy
        ),
        "upsampling": lambda: keras.layers.UpSampling2D(2, name=shape.name, dtype=policy),
        "flatten": lambda: keras.layers.Flatten(name=shape.name, dtype=policy),
        "reshape": lambda: keras.layers.Reshape(shape.shape, name=shape.name, dtype=policy),
        "dense": lambda: _dense(shape, seed, policy),
        "convolution": lambda: _convolution(keras.layers.Conv2D, shape, seed, policy),
        "normalisation": lambda: keras.layers.BatchNormalization(
            momentum=MOMENTUM, name=shape.name, dtype=policy
        ),
        "activation": lambda: keras.layers.Activation(
            shape.activation, name=shape.name, dtype=policy
        ),
        "closing": lambda: fast.Closing(shape.kernel, name=shape.name, dtype=policy),
        "summary": lambda: fast.MeanAndMaximum((1, 2), name=shape.name, dtype=policy),
        "ring_summary": lambda: fast.MeanAndMaximum((2,), name=shape.name, dtype=policy),
    }
    return kinds[shape.kind]()


def _dense(shape: LayerShape, seed: int, policy: keras.DTypePolicy) -> keras.Layer:
    return keras.layers.Dense(
        shape.shape[0],
        activation=shape.activation,
        kernel_initializer=KeyedGlorotUniform(seed, shape.name),
        name=shape.name,
        dtype="float32" if shape.name in FULL_PRECISION else policy,
    )


def _convolution(
    layer: type[keras.Layer], shape: LayerShape, seed: int, policy: keras.DTypePolicy, **kwargs
) -> keras.Layer:
    return layer(
        shape.shape[-1],
        shape.kernel,
        padding=shape.padding,
        # The sigmoid of the output follows in float32, see _finish.
        activation="linear" if shape.name == "output" else shape.activation,
        kernel_initializer=KeyedGlorotUniform(seed, shape.name),
        name=shape.name,
        dtype=policy,
        **kwargs,
    )


def _finish(layer: keras.Layer, shape: LayerShape) -> Iterator[keras.Layer]:
    """Yield a layer, and after the output convolution its activation in float32."""
    yield layer
    if shape.name == "output":
        yield keras.layers.Activation(shape.activation, name="reconstruction", dtype="float32")


_BLOCKS = {"plain": _plain_blocks, "phase": _fast_blocks}
