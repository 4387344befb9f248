"""What of a preset no schema can say: that each decoder ends at the image's size."""

from collections.abc import Mapping

from lensflow.errors import ConfigError
from lensflow.networks.kinds import NETWORKS, describe
from lensflow.networks.shapes import LayerShape


def check_preset(preset: Mapping, name: str = "preset") -> None:
    """Check that the layers of a preset fit together.

    Parameters
    ----------
    preset : mapping
        As the schema of the configuration has it.
    name : str
        How the configuration names this preset; opens every message.

    Raises
    ------
    lensflow.errors.ConfigError
        Naming the layer, what was received, what was expected, and how to mend it.
    """
    for network in NETWORKS.values():
        layers = describe(preset, network.name, 1 if network.has_features else None)
        _check_output_size(preset["image_size"], layers, f"{name}.{network.name}")


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


def _remedy(grid: int, expected: int) -> str:
    fitting = grid - expected + 1
    if fitting >= 1:
        return f"`output_kernel: {fitting}` would give {expected} px"
    return (
        f"the last grid has {grid} px, less than the image: make an earlier convolution "
        "`padding: same`, or use smaller valid kernels or one more decoder layer"
    )
