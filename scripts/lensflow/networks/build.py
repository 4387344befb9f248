"""Builds the denoiser and the feature autoencoder from a preset (paper, section 3.2, figure 1)."""

import keras
import numpy as np

from lensflow.errors import ConfigError
from lensflow.networks import layers as fast
from lensflow.networks.presets import describe
from lensflow.seeds import rng


class KeyedGlorotUniform(keras.initializers.Initializer):
    """Glorot's uniform initialiser, drawn from a seed and the layer's name.

    The numbers do not depend on the backend, on the order in which layers are made, nor on
    whether the layers are plain or fast.
    """

    def __init__(self, seed, layer):
        self.seed = seed
        self.layer = layer

    def __call__(self, shape, dtype=None):
        """Draw an array of the given shape."""
        field = int(np.prod(shape[:-2]))
        limit = np.sqrt(6.0 / (field * (shape[-2] + shape[-1])))
        values = rng(self.seed, "weights", self.layer).uniform(-limit, limit, shape)
        return keras.ops.convert_to_tensor(values.astype("float32"), dtype=dtype)

    def get_config(self):
        """Return the arguments that rebuild the initialiser."""
        return {"seed": self.seed, "layer": self.layer}


def build_denoiser(preset, layers="phase", seed=0, precision=None):
    """Build the denoiser: the autoencoder without its dense layers (paper, section 3.2).

    Parameters
    ----------
    preset : mapping
        The preset; checked by `lensflow.networks.presets.check_preset`.
    layers : {"phase", "plain"}
        ``plain`` are Keras's own layers in the order of the author's code, ``phase`` the same
        network computed several times faster. Weights and their files are interchangeable.
    seed : int
        Seed of the initial weights.
    precision : {"float32", "bfloat16"}, optional
        Precision of the arithmetic; the preset's unless given. Weights and output are float32.

    Returns
    -------
    keras.Model
        From images (n, size, size, 1) in [0, 1] to images of the same shape in (0, 1).
    """
    return _build(preset, None, layers, seed, precision)


def build_autoencoder(preset, n_features, layers="phase", seed=0, precision=None):
    """Build the feature autoencoder (paper, figure 1).

    Parameters
    ----------
    preset : mapping
        The preset.
    n_features : int
        Units of the layer ``embedding``.
    layers, seed, precision
        As for `build_denoiser`.

    Returns
    -------
    keras.Model
        From images (n, size, size, 1) in [0, 1] to images of the same shape in (0, 1).
    """
    return _build(preset, n_features, layers, seed, precision)


def encoder(model):
    """Return the part of a feature autoencoder from the image to the layer ``embedding``.

    Parameters
    ----------
    model : keras.Model
        From `build_autoencoder`; the weights are shared, not copied.

    Returns
    -------
    keras.Model
        From images (n, size, size, 1) to float32 embeddings (n, n_features).
    """
    return keras.Model(model.input, model.get_layer("embedding").output, name="encoder")


def _build(preset, n_features, layers, seed, precision):
    policy = _policy(precision or preset.get("precision", "float32"))
    blocks = _plain_blocks if layers == "plain" else _fast_blocks
    if layers not in ("plain", "phase"):
        raise ConfigError(f"layers: received {layers!r}, expected 'phase' or 'plain'.")
    shapes = describe(preset, n_features)
    tensor = image = keras.Input(shapes[0].shape, name="image", dtype="float32")
    for block in blocks(shapes[1:], seed, policy):
        tensor = block(tensor)
    name = "denoiser" if n_features is None else "autoencoder"
    return keras.Model(image, tensor, name=name)


def _policy(precision):
    name = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]
    return keras.DTypePolicy(name)


def _plain_blocks(shapes, seed, policy):
    """Yield one Keras layer for each layer that the preset describes."""
    for shape in shapes:
        yield from _finish(_plain_layer(shape, seed, policy), shape)


def _fast_blocks(shapes, seed, policy):
    """Yield the same network with pooling and upsampling folded into the convolutions."""
    for number, shape in enumerate(shapes):
        if shape.kind == "convolution":
            options = _neighbours(shapes, number)
            yield from _finish(_convolution(fast.Conv2D, shape, seed, policy, **options), shape)
        elif shape.kind not in ("pooling", "upsampling"):
            yield from _finish(_plain_layer(shape, seed, policy), shape)


def _neighbours(shapes, number):
    """Return what a convolution takes over from the layers beside it."""
    kinds = ["", "", *(shape.kind for shape in shapes), "", ""]
    before, after = kinds[number + 1], kinds[number + 3]
    return {
        "upsample": before == "upsampling",
        "pool": after == "pooling",
        "keep_phases": _leaves_phases(shapes, number),
        "input_phases": 2 if _leaves_phases(shapes, number - 2) else 1,
    }


def _leaves_phases(shapes, number):
    """Say whether a convolution hands its phases to the output convolution, which follows it."""
    return (
        number == len(shapes) - 3
        and shapes[number - 1].kind == "upsampling"
        and shapes[number].padding == "valid"
        and shapes[number].shape[0] % 2 == 0
    )


def _plain_layer(shape, seed, policy):
    kinds = {
        "pooling": lambda: keras.layers.MaxPooling2D(
            2, padding="same", name=shape.name, dtype=policy
        ),
        "upsampling": lambda: keras.layers.UpSampling2D(2, name=shape.name, dtype=policy),
        "flatten": lambda: keras.layers.Flatten(name=shape.name, dtype=policy),
        "reshape": lambda: keras.layers.Reshape(shape.shape, name=shape.name, dtype=policy),
        "dense": lambda: _dense(shape, seed, policy),
        "convolution": lambda: _convolution(keras.layers.Conv2D, shape, seed, policy),
    }
    return kinds[shape.kind]()


def _dense(shape, seed, policy):
    return keras.layers.Dense(
        shape.shape[0],
        activation=shape.activation,
        kernel_initializer=KeyedGlorotUniform(seed, shape.name),
        name=shape.name,
        # The embedding is what the mixture is fitted to: never in half precision.
        dtype="float32" if shape.name == "embedding" else policy,
    )


def _convolution(layer, shape, seed, policy, **kwargs):
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


def _finish(layer, shape):
    """Yield a layer, and after the output convolution its activation in float32."""
    yield layer
    if shape.name == "output":
        yield keras.layers.Activation(shape.activation, name="reconstruction", dtype="float32")
