"""Networks that end in a summary of their maps: the mean and the maximum of each channel."""

from collections.abc import Mapping

from lensflow.errors import ConfigError
from lensflow.networks.shapes import LayerShape, add_convolution, add_dense, add_pooling
from lensflow.prepare.polar_grid import N_ANGLES, N_RINGS
from lensflow.prepare.polar_images import CHANNELS

LARGEST_STEP = N_ANGLES // 4
"""Most cells that may be pooled along the angle: by so many a quarter turn moves an image."""


def student(settings: Mapping, image_size: int, _: None, n_bands: int) -> list[LayerShape]:
    """List the layers of a network that says of an image whether it is a lens.

    Parameters
    ----------
    settings : mapping
        ``image_size`` (pixels, of the images that it sees) and ``convolutions``.
    image_size : int
        Side of the images that it is given (pixels); they are binned to its own.
    n_bands : int
        Their bands.

    Returns
    -------
    list of LayerShape
        In the order of the data: convolutions, each halving its map, the mean and the maximum of
        each channel, and the logit of a lens.

    Raises
    ------
    lensflow.errors.ConfigError
        When its images are larger than those that it is given.
    """
    size = settings["image_size"]
    if size > image_size:
        raise ConfigError(
            f"student.image_size: received {size} px, expected at most the preset's image_size of "
            f"{image_size} px; it sees the same images, binned"
        )
    layers = [LayerShape("image", "input", (size, size, n_bands))]
    for number, block in enumerate(settings["convolutions"], start=1):
        add_convolution(layers, f"convolution_{number}", block, "same")
        add_pooling(layers)
    layers.append(LayerShape("summary", "summary", (2 * layers[-1].shape[-1],)))
    add_dense(layers, "logit", 1, "linear")
    return layers


def contrastive(settings: Mapping, _: int, n_features: int, n_bands: int) -> list[LayerShape]:
    """List the layers of a network whose features tell objects apart, not the views of one object.

    Parameters
    ----------
    settings : mapping
        ``convolutions``, ``dense`` (units before the embedding) and ``projection`` (units after
        it, of which the last are compared).
    n_features : int
        Units of the embedding.
    n_bands : int
        Bands of the images.

    Returns
    -------
    list of LayerShape
        In the order of the data: convolutions of polar images (rings x angles), closed along the
        angle, each halving its map; the mean and the maximum over the angle; dense layers up to the
        embedding, and from there to the projection, which is used in training alone.

    Raises
    ------
    lensflow.errors.ConfigError
        When so many convolutions halve the map that a quarter turn would change the features.
    """
    layers = _rings(settings, "contrastive", n_bands)
    add_dense(layers, "embedding", n_features, "linear")
    _add_hidden(layers, "projection", settings["projection"][:-1])
    add_dense(layers, "projection", settings["projection"][-1], "linear")
    return layers


def ring_student(settings: Mapping, _: int, __: None, n_bands: int) -> list[LayerShape]:
    """List the layers of a network that says of a polar image whether it is a lens.

    Parameters
    ----------
    settings : mapping
        ``convolutions`` and ``dense`` (units before the logit).
    n_bands : int
        Bands of the images.

    Returns
    -------
    list of LayerShape
        In the order of the data: those of `contrastive` up to its embedding, and in the place of
        that the logit of a lens.

    Raises
    ------
    lensflow.errors.ConfigError
        As `contrastive`.
    """
    layers = _rings(settings, "ring_student", n_bands)
    add_dense(layers, "logit", 1, "linear")
    return layers


def _rings(settings: Mapping, network: str, n_bands: int) -> list[LayerShape]:
    """List convolutions of polar images, mean and maximum over the angle, and dense layers."""
    most = LARGEST_STEP.bit_length() - 1
    if len(settings["convolutions"]) > most:
        raise ConfigError(
            f"{network}.convolutions: received {len(settings['convolutions'])}, expected at most "
            f"{most}: each halves the {N_ANGLES} angles, and after more a quarter turn of the "
            "image would change what the network makes of it"
        )
    layers = [LayerShape("image", "input", (N_RINGS, N_ANGLES, CHANNELS * n_bands))]
    for number, block in enumerate(settings["convolutions"], start=1):
        _add_closed_convolution(layers, number, block)
    rows, _, channels = layers[-1].shape
    layers.append(LayerShape("summary", "ring_summary", (2 * rows * channels,)))
    _add_hidden(layers, "dense", settings["dense"])
    return layers


def _add_closed_convolution(layers: list[LayerShape], number: int, block: Mapping) -> None:
    """Add a convolution for which the last angle is beside the first, and beyond the rings is 0."""
    rows, columns, channels = layers[-1].shape
    name, around = f"convolution_{number}", block["kernel"] - 1
    framed = (rows + around, columns + around, channels)
    layers.append(LayerShape(f"{name}_frame", "closing", framed, block["kernel"]))
    add_convolution(layers, name, block, "valid", "linear")
    add_pooling(layers)
    _add_normalisation(layers)


def _add_hidden(layers: list[LayerShape], name: str, units: list[int]) -> None:
    for number, width in enumerate(units, start=1):
        add_dense(layers, f"{name}_{number}", width, "linear")
        _add_normalisation(layers)


def _add_normalisation(layers: list[LayerShape]) -> None:
    """Add a batch normalisation and a ReLU after the last layer with weights."""
    shape = layers[-1].shape
    name = layers[-1].name.removesuffix("_pooling")
    layers.append(
        LayerShape(f"{name}_normalisation", "normalisation", shape, 0, "", "", 2 * shape[-1])
    )
    layers.append(LayerShape(f"{name}_activation", "activation", shape, activation="relu"))
