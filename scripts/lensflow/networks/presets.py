"""Presets: the data that describe the networks, their checks and the arithmetic of their shapes.

Nothing here needs Keras, so a configuration is checked before any library is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lensflow.errors import ConfigError

PRESET_KEYS = {"image_size", "denoiser", "autoencoder", "training", "precision"}
NETWORK_KEYS = {
    "denoiser": {"encoder", "decoder", "output_kernel", "output_activation"},
    "autoencoder": {
        "encoder",
        "decoder",
        "output_kernel",
        "output_activation",
        "dense",
        "embedding_activation",
    },
}
OPTIONAL_KEYS = {"denoiser": set(), "autoencoder": {"embedding_pooling"}}
TRAINING_DEFAULTS = {
    "epochs": None,
    "batch_size": 32,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "schedule": "constant",
    "patience": 0,
    "augment": "none",
}
CHOICES = {
    "optimizer": ("adam", "muon"),
    "schedule": ("constant", "cosine"),
    "augment": ("none", "quarter_turns"),
    "embedding_activation": ("relu", "linear"),
    "embedding_pooling": ("none", "d4"),
    "precision": ("float32", "bfloat16"),
}


@dataclass(frozen=True)
class LayerShape:
    """One layer of a network as an architecture figure shows it.

    Attributes
    ----------
    name : str
        The name that the Keras layer carries.
    kind : str
        ``input``, ``convolution``, ``pooling``, ``flatten``, ``dense``, ``reshape`` or
        ``upsampling``.
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


def check_preset(preset, name="preset"):
    """Check a preset: its keys, its values, and that the decoders end at the image size.

    Parameters
    ----------
    preset : mapping
        ``image_size``, ``denoiser``, ``autoencoder``, ``training`` and ``precision``.
    name : str
        How the configuration names this preset; opens every message.

    Raises
    ------
    lensflow.errors.ConfigError
        Naming the key or layer, what was received, what was expected, and how to mend it.
    """
    _check_keys(preset, PRESET_KEYS, PRESET_KEYS - {"precision"}, name)
    _check_positive(preset["image_size"], f"{name}.image_size", "in pixels")
    _check_choice(preset.get("precision", "float32"), "precision", f"{name}.precision")
    _check_keys(preset["training"], set(NETWORK_KEYS), set(NETWORK_KEYS), f"{name}.training")
    for network in NETWORK_KEYS:
        _check_network(preset[network], network, f"{name}.{network}")
        training_settings(preset, network, name)
        n_features = 1 if network == "autoencoder" else None
        _check_output_size(preset, describe(preset, n_features), f"{name}.{network}")


def training_settings(preset, network, name="preset"):
    """Return the complete, checked training settings of one network.

    Parameters
    ----------
    preset : mapping
        The preset.
    network : str
        ``denoiser`` or ``autoencoder``.
    name : str
        How the configuration names the preset.

    Returns
    -------
    dict
        ``TRAINING_DEFAULTS`` with the preset's values.

    Raises
    ------
    lensflow.errors.ConfigError
        On an unknown key or a value out of range.
    """
    given, where = preset["training"][network], f"{name}.training.{network}"
    _check_keys(given, set(TRAINING_DEFAULTS), {"epochs"}, where)
    settings = TRAINING_DEFAULTS | dict(given)
    for key in ("epochs", "batch_size"):
        _check_positive(settings[key], f"{where}.{key}")
    for key in ("optimizer", "schedule", "augment"):
        _check_choice(settings[key], key, f"{where}.{key}")
    if not _is_number(settings["learning_rate"]) or not 0 < settings["learning_rate"] < 1:
        _refuse(f"{where}.learning_rate", settings["learning_rate"], "a number between 0 and 1")
    if not _is_integer(settings["patience"]) or settings["patience"] < 0:
        _refuse(f"{where}.patience", settings["patience"], "a number of epochs, 0 for never")
    return settings


def describe(preset, n_features=None):
    """List a network's layers with their shapes and numbers of parameters.

    Parameters
    ----------
    preset : mapping
        The preset.
    n_features : int, optional
        The size of the embedding: the feature autoencoder is described. Without it, the denoiser.

    Returns
    -------
    list of LayerShape
        In the order of the data. The last is the output convolution.

    Raises
    ------
    lensflow.errors.ConfigError
        When a convolution is larger than the map that it is given.
    """
    size = preset["image_size"]
    network = preset["denoiser" if n_features is None else "autoencoder"]
    layers = [LayerShape("image", "input", (size, size, 1))]
    for number, block in enumerate(network["encoder"], start=1):
        _add_convolution(layers, f"encoder_{number}", block, "same")
        rows, columns, channels = layers[-1].shape
        pooled = (-(-rows // 2), -(-columns // 2), channels)
        layers.append(LayerShape(f"encoder_{number}_pooling", "pooling", pooled))
    if n_features is not None:
        _add_dense_part(layers, network, n_features)
    for number, block in enumerate(network["decoder"], start=1):
        _add_convolution(layers, f"decoder_{number}", block, block["padding"])
        rows, columns, channels = layers[-1].shape
        doubled = (2 * rows, 2 * columns, channels)
        layers.append(LayerShape(f"decoder_{number}_upsampling", "upsampling", doubled))
    output = {"filters": 1, "kernel": network["output_kernel"]}
    _add_convolution(layers, "output", output, "valid", network["output_activation"])
    return layers


def _add_convolution(layers, name, block, padding, activation="relu"):
    rows, columns, channels = layers[-1].shape
    kernel, filters = block["kernel"], block["filters"]
    lost = kernel - 1 if padding == "valid" else 0
    if rows <= lost:
        raise ConfigError(
            f"layer {name}: received a map of {rows} x {columns} px, but a valid convolution with "
            f"a {kernel} x {kernel} kernel needs at least {kernel} px a side. "
            "Use a smaller kernel, `padding: same`, or one layer less before it."
        )
    shape = (rows - lost, columns - lost, filters)
    parameters = (kernel * kernel * channels + 1) * filters
    layers.append(LayerShape(name, "convolution", shape, kernel, padding, activation, parameters))


def _add_dense_part(layers, network, n_features):
    grid = layers[-1].shape
    n_flat = grid[0] * grid[1] * grid[2]
    hidden = list(network["dense"])
    layers.append(LayerShape("flatten", "flatten", (n_flat,)))
    for number, units in enumerate(hidden, start=1):
        _add_dense(layers, f"dense_{number}", units)
    _add_dense(layers, "embedding", n_features, network["embedding_activation"])
    for number, units in enumerate([*hidden[::-1], n_flat], start=len(hidden) + 1):
        _add_dense(layers, f"dense_{number}", units)
    layers.append(LayerShape("reshape", "reshape", grid))


def _add_dense(layers, name, units, activation="relu"):
    parameters = (layers[-1].shape[0] + 1) * units
    layers.append(LayerShape(name, "dense", (units,), 0, "", activation, parameters))


def _check_network(network, kind, where):
    _check_keys(network, NETWORK_KEYS[kind] | OPTIONAL_KEYS[kind], NETWORK_KEYS[kind], where)
    for part, keys in (("encoder", {"filters", "kernel"}), ("decoder", None)):
        keys = keys or {"filters", "kernel", "padding"}
        if not isinstance(network[part], list | tuple) or not network[part]:
            _refuse(f"{where}.{part}", network[part], "a list with at least one layer")
        for number, block in enumerate(network[part]):
            _check_block(block, keys, f"{where}.{part}[{number}]")
    _check_positive(network["output_kernel"], f"{where}.output_kernel", "in pixels")
    _check_output_activation(network["output_activation"], where)
    if kind == "autoencoder":
        for number, units in enumerate(network["dense"]):
            _check_positive(units, f"{where}.dense[{number}]")
        activation = network["embedding_activation"]
        _check_choice(activation, "embedding_activation", f"{where}.embedding_activation")
        pooling = network.get("embedding_pooling", "none")
        _check_choice(pooling, "embedding_pooling", f"{where}.embedding_pooling")


def _check_block(block, keys, where):
    _check_keys(block, keys, keys, where)
    _check_positive(block["filters"], f"{where}.filters")
    _check_positive(block["kernel"], f"{where}.kernel", "in pixels")
    if block.get("padding", "same") not in ("same", "valid"):
        _refuse(f"{where}.padding", block["padding"], "'same' or 'valid'")


def _check_output_activation(activation, where):
    if activation == "softmax":
        raise ConfigError(
            f"{where}.output_activation: received 'softmax', expected 'sigmoid'. The paper's text "
            "says softmax, but over an output of one channel it is identically 1, with no "
            "gradient, so nothing could be trained; the author's code has a sigmoid. "
            "Write `output_activation: sigmoid`."
        )
    if activation != "sigmoid":
        _refuse(f"{where}.output_activation", activation, "'sigmoid' (images lie in [0, 1])")


def _check_output_size(preset, layers, where):
    """Compare the decoder's last grid with the image (paper, figure 1: 101 px in and out)."""
    expected, received = preset["image_size"], layers[-1].shape[0]
    if received == expected:
        return
    grid = layers[-2].shape[0]
    steps = " -> ".join(
        f"{layer.name} {layer.shape[0]}" for layer in layers if len(layer.shape) == 3
    )
    fitting = grid - expected + 1
    remedy = (
        f"`output_kernel: {fitting}` would give {expected} px"
        if fitting >= 1
        else f"the last grid has {grid} px, less than the image: make an earlier convolution "
        "`padding: same`, or use smaller valid kernels or one more decoder layer"
    )
    raise ConfigError(
        f"{where}: layer output: received {received} x {received} px from output_kernel = "
        f"{layers[-1].kernel} on a grid of {grid} px ({grid} - {layers[-1].kernel} + 1), "
        f"expected image_size = {expected} px; {remedy}. Sides in px: {steps}."
    )


def _check_keys(given, known, required, where):
    if not isinstance(given, Mapping):
        _refuse(where, given, "a mapping with the keys " + ", ".join(sorted(known)))
    unknown, missing = sorted(set(given) - known), sorted(required - set(given))
    if unknown:
        raise ConfigError(
            f"{where}: received the unknown key {unknown[0]!r}, expected only "
            f"{', '.join(sorted(known))}. Correct its spelling or remove it."
        )
    if missing:
        raise ConfigError(
            f"{where}: the key {missing[0]!r} is missing, expected {', '.join(sorted(required))}. "
            "Add it (the preset `paper` has every key)."
        )


def _check_positive(value, where, unit=""):
    if not _is_integer(value) or value < 1:
        _refuse(where, value, f"a whole number of at least 1 {unit}".rstrip())


def _check_choice(value, key, where):
    if value not in CHOICES[key]:
        _refuse(where, value, "one of " + ", ".join(CHOICES[key]))


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(where, received, expected):
    raise ConfigError(f"{where}: received {received!r}, expected {expected}. Change it there.")
