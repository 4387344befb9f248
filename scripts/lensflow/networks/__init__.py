"""The networks: presets and their arithmetic, the fast layers, and the builders.

Importing the package loads no Keras; the builders do, on first use, so that a script may choose
the backend before.
"""

from importlib import import_module

from lensflow.networks.presets import LayerShape, check_preset, describe, training_settings

__all__ = [
    "LayerShape",
    "build_autoencoder",
    "build_denoiser",
    "check_preset",
    "describe",
    "encoder",
    "training_settings",
]


def __getattr__(name):
    if name in ("build_autoencoder", "build_denoiser", "encoder"):
        return getattr(import_module("lensflow.networks.build"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
