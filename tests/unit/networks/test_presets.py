"""Presets: the arithmetic of the shapes, and what is refused with which words."""

import copy
from pathlib import Path

import pytest
import yaml

from lensflow.embed.encoders import ENCODERS
from lensflow.errors import ConfigError
from lensflow.networks.kinds import NETWORKS, describe
from lensflow.networks.presets import check_preset
from lensflow.workflow.config import complete
from network_presets import paper, tiny

TESTS = Path(__file__).resolve().parents[2]
SCHEMA = yaml.safe_load((TESTS.parent / "workflow/schemas/config.schema.yaml").read_text())


def configured(preset):
    """Return the preset as the workflow has it: checked and completed."""
    config = yaml.safe_load((TESTS / "workflow/tiny.yaml").read_text())
    config["presets"]["tiny"] = preset
    return complete(config)["presets"]["tiny"]


def sides(layers, kind):
    return [layer.shape[0] for layer in layers if layer.kind == kind]


def test_paper_preset_has_the_published_sides():
    layers = describe(paper(), "autoencoder", 24)
    assert sides(layers, "pooling") == [51, 26, 13, 7, 4]
    assert sides(layers, "dense") == [64, 32, 24, 32, 64, 128]
    assert sides(layers, "convolution")[5:] == [4, 8, 16, 30, 54, 101]
    assert sides(layers, "upsampling") == [8, 16, 32, 60, 108]
    assert layers[-1].shape == (101, 101, 1)


def test_paper_preset_has_the_published_number_of_parameters():
    assert sum(layer.parameters for layer in describe(paper(), "autoencoder", 24)) == 891_017


def test_denoiser_is_the_same_without_dense_layers():
    full, denoiser = describe(paper(), "autoencoder", 24), describe(paper(), "denoiser")
    kinds = ("flatten", "dense", "reshape")
    assert [layer for layer in full if layer.kind not in kinds] == denoiser


def test_valid_presets_pass():
    check_preset(paper())
    check_preset(tiny())


def test_softmax_is_refused_with_the_reason():
    preset = paper()
    preset["autoencoder"]["output_activation"] = "softmax"
    with pytest.raises(ConfigError, match=r"expected one of \['sigmoid'\].*is 1 everywhere"):
        configured(preset)


def test_the_schema_has_every_network_of_the_table():
    presets = [part for name, part in SCHEMA["$defs"].items() if name.startswith("preset_")]
    assert len(presets) == len(ENCODERS)
    found = set()
    for properties in (preset["properties"] for preset in presets):
        networks = {name for name in properties if f"network_{name}" in SCHEMA["$defs"]}
        training = properties["training"]
        training = SCHEMA["$defs"].get(training.get("$ref", "").removeprefix("#/$defs/"), training)
        assert set(training["properties"]) == networks
        found |= networks
    assert found == set(NETWORKS)


def test_wrong_output_size_states_the_arithmetic_and_the_remedy():
    preset = paper()
    preset["denoiser"] = preset["denoiser"] | {"output_kernel": 9}
    with pytest.raises(ConfigError, match=r"100 x 100 px.*108 - 9 \+ 1.*101 px.*output_kernel: 8"):
        check_preset(preset, "paper")


def test_too_small_grid_names_what_to_change():
    preset = tiny(paddings=("same", "valid"))
    with pytest.raises(ConfigError, match=r"less than the image.*padding: same"):
        check_preset(preset)


def test_kernel_larger_than_its_map_is_refused():
    preset = tiny(kernels=(4, 9), paddings=("valid", "same"))
    with pytest.raises(ConfigError, match=r"4 x 4 px.*9 x 9 kernel.*at least 9 px"):
        check_preset(preset)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("image_size",), 0, "image_size is 0: 0 is less than the minimum"),
        (("colour",), "red", "unknown key.* 'colour'"),
        (("denoiser", "dense"), [3], "denoiser has unknown key.* 'dense'"),
        (("denoiser", "encoder"), [], r"denoiser.encoder is \[\]"),
        (("autoencoder", "embedding_activation"), "tanh", r"one of \['relu', 'linear'\]"),
        (("autoencoder", "output_activation"), "relu", r"one of \['sigmoid'\]"),
        (("training", "denoiser", "epochs"), 1.5, "epochs is 1.5"),
        (("training", "denoiser", "batch_size"), True, "batch_size is True"),
        (("training", "denoiser", "learning_rate"), -1, "learning_rate is -1"),
        (("training", "denoiser", "learning_rate"), 1, "learning_rate is 1"),
        (("training", "denoiser", "patience"), -1, "patience is -1"),
        (("training", "denoiser", "schedule"), "step", r"one of \['constant', 'cosine'\]"),
        (("training", "denoiser", "optimizer"), "sgd", r"one of \['adam', 'muon'\]"),
        (("training", "denoiser", "momentum"), 1, "unknown key.* 'momentum'"),
        (("precision",), "float16", r"one of \['float32', 'bfloat16', 'auto'\]"),
    ],
)
def test_bad_values_are_named(path, value, message):
    preset = copy.deepcopy(tiny())
    inner = preset
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(ConfigError, match=message):
        configured(preset)


def test_missing_key_is_named():
    preset = tiny()
    del preset["training"]["denoiser"]["epochs"]
    with pytest.raises(ConfigError, match="lacks 'epochs'"):
        configured(preset)


def test_bad_padding_is_named():
    preset = tiny(paddings=("same", "full"))
    with pytest.raises(ConfigError, match=r"decoder\[1\].padding is 'full'"):
        configured(preset)


def test_training_settings_are_completed():
    preset = copy.deepcopy(tiny(epochs=3))
    for key in ("optimizer", "schedule", "augment", "patience"):
        del preset["training"]["denoiser"][key]
    settings = configured(preset)["training"]["denoiser"]
    assert settings["epochs"] == 3
    assert settings["optimizer"] == "adam"
    assert settings["schedule"] == "constant"
    assert settings["augment"] == "none"
    assert settings["max_shift"] == 0
