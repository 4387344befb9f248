"""What of a preset no schema can say: that layers fit together, and that networks are trained."""

from collections.abc import Collection, Mapping

from lensflow.errors import ConfigError
from lensflow.networks.kinds import NETWORKS, Network, describe
from lensflow.networks.shapes import LayerShape

MOST_PARAMETERS = 500_000_000
"""2 GB of weights, and three times that with an optimizer's moments."""


def check_preset(preset: Mapping, name: str = "preset") -> None:
    """Check that the layers of a preset fit together, and that each of its networks is trained.

    Parameters
    ----------
    preset : mapping
        As the schema of the configuration has it.
    name : str
        How the configuration names this preset; opens every message.

    Raises
    ------
    lensflow.errors.ConfigError
        Naming the layer or key, what was received, what was expected, and how to mend it.
    """
    networks = [network for network in NETWORKS.values() if network.name in preset]
    _check_trained([network.name for network in networks], preset.get("training", {}), name)
    for network in networks:
        _check_shifts(network, preset, name)
        layers = describe(preset, network.name, 1 if network.has_features else None)
        if len(layers[-1].shape) == len(layers[0].shape):
            _check_output_size(preset["image_size"], layers, f"{name}.{network.name}")
        _check_parameters(layers, f"{name}.{network.name}")


def _check_trained(networks: list[str], trained: Collection[str], name: str) -> None:
    """Refuse a network that nothing says how to train, and the other way round."""
    if missing := [network for network in networks if network not in trained]:
        raise ConfigError(
            f"{name} has the network {missing[0]!r}, but {name}.training does not say how it is "
            f"trained; add training.{missing[0]}, or remove {missing[0]!r}"
        )
    if unused := [network for network in trained if network not in networks]:
        raise ConfigError(
            f"{name}.training says how {unused[0]!r} is trained, but {name} has no such network; "
            f"add {name}.{unused[0]}, or remove training.{unused[0]}"
        )


def _check_shifts(network: Network, preset: Mapping, name: str) -> None:
    """Refuse shifts where they are not made, or are more than a quarter of an image."""
    most = preset["training"][network.name]["max_shift"]
    if most and not network.examples.can_shift:
        able = ", ".join(kind.name for kind in NETWORKS.values() if kind.examples.can_shift)
        raise ConfigError(
            f"{name}.training.{network.name}.max_shift is {most}, but only the images of these "
            f"networks are shifted: {able}. Remove it."
        )
    size = preset[network.name].get("image_size", preset["image_size"])
    if most > size // 4:
        raise ConfigError(
            f"{name}.training.{network.name}.max_shift is {most}, expected at most {size // 4}: a "
            f"quarter of its images' side, {size} px"
        )


def _check_output_size(expected: int, layers: list[LayerShape], where: str) -> None:
    """Compare the decoder's last grid with the image (paper, figure 1: 101 px in and out)."""
    received = layers[-1].shape[0]
    if received == expected:
        return
    grid = layers[-2].shape[0]
    steps = " -> ".join(
        f"{layer.name} {layer.shape[0]}" for layer in layers if len(layer.shape) == 3
    )
    raise ConfigError(
        f"{where}: layer output: received {received} x {received} px from output_kernel = "
        f"{layers[-1].kernel} on a grid of {grid} px ({grid} - {layers[-1].kernel} + 1), "
        f"expected image_size = {expected} px; {_remedy(grid, expected)}. Sides in px: {steps}."
    )


def _check_parameters(layers: list[LayerShape], where: str) -> None:
    largest = max(layers, key=lambda layer: layer.parameters)
    total = sum(layer.parameters for layer in layers)
    if total > MOST_PARAMETERS:
        raise ConfigError(
            f"{where}: {total:,} parameters, {largest.parameters:,} of them in layer "
            f"{largest.name}; expected at most {MOST_PARAMETERS:,}. Use fewer filters or units."
        )


def _remedy(grid: int, expected: int) -> str:
    fitting = grid - expected + 1
    if fitting >= 1:
        return f"`output_kernel: {fitting}` would give {expected} px"
    return (
        f"the last grid has {grid} px, less than the image: make an earlier convolution "
        "`padding: same`, or use smaller valid kernels or one more decoder layer"
    )
