"""The networks: presets and their arithmetic, the fast layers, and the builders.

Importing the package loads no Keras; the builders do, on first use, so that a script may choose
the backend before.
"""

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
    if name in __all__:
        # An import, not the name of a module: the code hash of a stage follows import statements.
        from lensflow.networks import build

        return getattr(build, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
