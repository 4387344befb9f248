"""The layers of a network as arithmetic: their shapes and numbers of parameters, without Keras."""

from collections.abc import Mapping
from dataclasses import dataclass

from lensflow.errors import ConfigError


@dataclass(frozen=True)
class LayerShape:
    """One layer of a network as an architecture figure shows it.

    Attributes
    ----------
    name : str
        The name that the Keras layer carries.
    kind : str
        ``input``, ``convolution``, ``pooling``, ``flatten``, ``dense``, ``reshape``,
        ``upsampling``, ``normalisation``, ``activation``, ``closing`` (`lensflow.networks.layers`)
        or a summary of maps: ``summary`` over all pixels, ``ring_summary`` along each row.
    shape : tuple of int
        The output shape without the batch: (rows, columns, channels) or (units,).
    kernel : int
        The side of the square kernel in pixels, 0 where the layer has none.
    padding : str
        ``same`` or ``valid`` for a convolution, else empty.
    activation : str
        ``relu``, ``linear`` or ``sigmoid``, empty for a layer without weights.
    parameters : int
        The number of trained numbers, biases included.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    kernel: int = 0
    padding: str = ""
    activation: str = ""
    parameters: int = 0


def convolutional(settings: Mapping, image_size: int, n_bands: int) -> list[LayerShape]:
    """List the layers of an autoencoder of convolutions alone: the paper's denoiser.

    Parameters
    ----------
    settings : mapping
        ``encoder``, ``decoder``, ``output_kernel`` and ``output_activation`` of a preset's network.
    image_size : int
        Side of the images (pixels).
    n_bands : int
        Their bands, and those of the output.

    Returns
    -------
    list of LayerShape
        In the order of the data. The last is the output convolution.

    Raises
    ------
    lensflow.errors.ConfigError
        When a convolution is larger than the map that it is given.
    """
    layers = _encoder(settings, image_size, n_bands)
    _add_decoder(layers, settings)
    return layers


def with_dense_layers(
    settings: Mapping, image_size: int, n_features: int, n_bands: int
) -> list[LayerShape]:
    """List the layers of an autoencoder with an embedding between dense layers (paper, figure 1).

    Parameters
    ----------
    settings : mapping
        As for `convolutional`, with ``dense`` and ``embedding_activation``.
    image_size : int
        Side of the images (pixels).
    n_features : int
        Units of the layer ``embedding``.
    n_bands : int
        Bands of the images, and of the output.

    Returns
    -------
    list of LayerShape
        As from `convolutional`, which also says what is raised.
    """
    layers = _encoder(settings, image_size, n_bands)
    _add_dense_part(layers, settings, n_features)
    _add_decoder(layers, settings)
    return layers


def _encoder(settings: Mapping, image_size: int, n_bands: int) -> list[LayerShape]:
    layers = [LayerShape("image", "input", (image_size, image_size, n_bands))]
    for number, block in enumerate(settings["encoder"], start=1):
        add_convolution(layers, f"encoder_{number}", block, "same")
        add_pooling(layers)
    return layers


def _add_decoder(layers: list[LayerShape], settings: Mapping) -> None:
    for number, block in enumerate(settings["decoder"], start=1):
        add_convolution(layers, f"decoder_{number}", block, block["padding"])
        rows, columns, channels = layers[-1].shape
        doubled = (2 * rows, 2 * columns, channels)
        layers.append(LayerShape(f"decoder_{number}_upsampling", "upsampling", doubled))
    output = {"filters": layers[0].shape[-1], "kernel": settings["output_kernel"]}
    add_convolution(layers, "output", output, "valid", settings["output_activation"])


def add_pooling(layers: list[LayerShape]) -> None:
    """Add the maximum over blocks of 2 x 2 pixels of the last layer's maps."""
    rows, columns, channels = layers[-1].shape
    pooled = (-(-rows // 2), -(-columns // 2), channels)
    layers.append(LayerShape(f"{layers[-1].name}_pooling", "pooling", pooled))


def add_convolution(
    layers: list[LayerShape], name: str, block: Mapping, padding: str, activation: str = "relu"
) -> None:
    """Add a convolution with a block's ``filters`` and ``kernel``; refuse maps that are too small.

    Raises
    ------
    lensflow.errors.ConfigError
    """
    rows, columns, channels = layers[-1].shape
    kernel, filters = block["kernel"], block["filters"]
    lost = kernel - 1 if padding == "valid" else 0
    largest = 2 * min(rows, columns) - 1
    if kernel > largest and padding == "same":
        raise ConfigError(
            f"layer {name}: received a kernel of {kernel} x {kernel} px for a map of {rows} x "
            f"{columns} px, whose outer part would see nothing but padding wherever it stands. Use "
            f"a kernel of at most {largest} px, or one layer less before it."
        )
    if rows <= lost:
        raise ConfigError(
            f"layer {name}: received a map of {rows} x {columns} px, but a valid convolution with "
            f"a {kernel} x {kernel} kernel needs at least {kernel} px a side. "
            "Use a smaller kernel, `padding: same`, or one layer less before it."
        )
    shape = (rows - lost, columns - lost, filters)
    parameters = (kernel * kernel * channels + 1) * filters
    layers.append(LayerShape(name, "convolution", shape, kernel, padding, activation, parameters))


def _add_dense_part(layers: list[LayerShape], settings: Mapping, n_features: int) -> None:
    grid = layers[-1].shape
    n_flat = grid[0] * grid[1] * grid[2]
    hidden = list(settings["dense"])
    layers.append(LayerShape("flatten", "flatten", (n_flat,)))
    for number, units in enumerate(hidden, start=1):
        add_dense(layers, f"dense_{number}", units)
    add_dense(layers, "embedding", n_features, settings["embedding_activation"])
    for number, units in enumerate([*hidden[::-1], n_flat], start=len(hidden) + 1):
        add_dense(layers, f"dense_{number}", units)
    layers.append(LayerShape("reshape", "reshape", grid))


def add_dense(layers: list[LayerShape], name: str, units: int, activation: str = "relu") -> None:
    """Add a dense layer."""
    parameters = (layers[-1].shape[0] + 1) * units
    layers.append(LayerShape(name, "dense", (units,), 0, "", activation, parameters))
