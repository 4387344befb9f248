"""The fast layers: outputs, gradients and files equal to those of the plain Keras layers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete
from lensflow.workflow.recipes import read_recipes
from network_presets import blobs, paper, tiny

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.networks import phases, rows, runtime  # noqa: E402
from lensflow.networks.build import build_network  # noqa: E402
from lensflow.networks.kinds import NETWORKS, describe  # noqa: E402
from lensflow.networks.layers import Conv2D, block_maximum  # noqa: E402
from lensflow.networks.losses import RECONSTRUCTION, constant_cross_entropy  # noqa: E402

ROUNDING = {"rtol": 2e-5, "atol": 2e-6}


def build_autoencoder(preset, n_features, layers="phase", **options):
    return build_network("autoencoder", preset, n_features, layers, **options).model


def build_denoiser(preset, layers="phase", **options):
    return build_network("denoiser", preset, None, layers, **options).model


def both(preset, network, n_features):
    built = (build_network(network, preset, n_features, layers) for layers in ("phase", "plain"))
    return tuple(one.model for one in built)


def gradients(model, images):
    """Return the gradient of the training loss: a step of gradient descent with rate 1."""
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    model.train_on_batch(images, images)
    after = model.get_weights()
    model.set_weights(before)
    return [old - new for old, new in zip(before, after, strict=True)]


def assert_equal_networks(preset, network, n_features, images):
    fast, plain = both(preset, network, n_features)
    outputs = [np.asarray(model.predict_on_batch(images)) for model in (fast, plain)]
    np.testing.assert_allclose(*outputs, **ROUNDING)
    for one, other in zip(gradients(fast, images), gradients(plain, images), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5 * np.abs(other).max() + 1e-7)


TINY = [
    tiny(),
    tiny(kernels=(8, 5), paddings=("same", "same"), output_kernel=4),
    tiny(kernels=(3, 2), paddings=("same", "same"), output_kernel=4),
    tiny(kernels=(2, 3), paddings=("same", "valid"), output_kernel=2),
    tiny(kernels=(5, 7), output_kernel=1, size=16),
]


@pytest.mark.parametrize("preset", TINY, ids=range(len(TINY)))
def test_fast_and_plain_networks_are_equal(preset):
    images = blobs(6, preset["image_size"])[..., None]
    assert_equal_networks(preset, "denoiser", None, images)


def test_fast_and_plain_autoencoders_are_equal():
    assert_equal_networks(tiny(), "autoencoder", 3, blobs(6)[..., None])


CONFIGURED = complete(
    yaml.safe_load((Path(__file__).parents[3] / "config.yaml").read_text())
    | {"presets": read_recipes()["presets"]}
)
OF_NETWORKS = [
    (name, network)
    for name, preset in CONFIGURED["presets"].items()
    for network in NETWORKS.values()
    if network.name in preset and network.loss is RECONSTRUCTION
]


@pytest.mark.parametrize(("name", "network"), OF_NETWORKS)
def test_fast_and_plain_networks_of_the_configuration_are_equal(name, network):
    """With noise as in real images: where a map is 0 to rounding, ReLU's gradient is chance."""
    preset = CONFIGURED["presets"][name] | {"precision": "float32"}
    size = preset["image_size"]
    noise = np.random.default_rng(0).random((2, size, size)).astype("float32")
    images = 0.7 * blobs(2, size) + 0.3 * noise
    n_features = 24 if network.has_features else None
    assert_equal_networks(preset, network.name, n_features, images[..., None])


def test_paper_preset_of_the_configuration_is_the_published_one():
    """Layer for layer, so that the number of parameters holds for what users run."""
    preset = CONFIGURED["presets"]["paper"]
    assert describe(preset, "autoencoder", 24) == describe(paper(), "autoencoder", 24)
    assert describe(preset, "denoiser") == describe(paper(), "denoiser")


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", range(1, 9))
@pytest.mark.parametrize("side", [4, 5, 9])
def test_upsampled_convolution_is_exact(kernel, side, padding):
    """With small whole numbers every product and sum is exact, so nothing may differ."""
    random = np.random.default_rng(kernel)
    maps = random.integers(-3, 4, (2, side, side + 1, 2)).astype("float32")
    fast = Conv2D(3, kernel, padding=padding, upsample=True)
    plain = keras.layers.Conv2D(3, kernel, padding=padding)
    doubled = np.repeat(np.repeat(maps, 2, 1), 2, 2)
    expected_shape = plain(doubled).shape
    fast.build(maps.shape)
    weights = [random.integers(-3, 4, w.shape).astype("float32") for w in fast.get_weights()]
    fast.set_weights(weights)
    plain.set_weights(weights)
    np.testing.assert_array_equal(fast(maps), plain(doubled))
    assert fast.compute_output_shape(maps.shape) == tuple(expected_shape)


@pytest.mark.parametrize("kernels", [(3, 8), (7, 8), (1, 1), (5, 4)])
def test_phases_kept_between_two_upsampled_convolutions_are_exact(kernels):
    random = np.random.default_rng(1)
    maps = random.integers(-3, 4, (2, 9, 8, 2)).astype("float32")
    first = [
        Conv2D(3, kernels[0], upsample=True, keep_phases=keep, name="first")
        for keep in (True, False)
    ]
    second = [Conv2D(2, kernels[1], upsample=True, input_phases=n) for n in (2, 1)]
    outputs = []
    for one, two in zip(first, second, strict=True):
        middle = one(maps)
        two.build(middle.shape)
        for layer, start in ((one, first[0]), (two, second[0])):
            values = np.random.default_rng(2)
            layer.set_weights(
                [values.integers(-2, 3, w.shape).astype("float32") for w in start.get_weights()]
            )
        outputs.append(two(one(maps)))
        assert one.compute_output_shape(maps.shape) == tuple(middle.shape)
        assert two.compute_output_shape(middle.shape) == tuple(outputs[-1].shape)
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("shape", [(2, 6, 8, 3), (2, 7, 5, 3), (1, 1, 1, 2)])
def test_the_maximum_of_blocks_is_the_pooling_of_keras(shape):
    maps = np.random.default_rng(0).normal(size=shape).astype("float32")
    pooled = keras.layers.MaxPooling2D(2, padding="same")(maps)
    np.testing.assert_array_equal(block_maximum(maps), pooled)


@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("kernel", "shape"), [(8, (2, 13, 21, 1)), (3, (2, 6, 9, 3)), (1, (1, 5, 4, 2))]
)
def test_few_channels_are_dealt_on_a_gpu_with_the_same_outputs(
    kernel, shape, padding, pool, monkeypatch
):
    """In whole numbers, and below zero before the bias: what is beyond the map would be largest."""
    draw = np.random.default_rng(0)
    maps = -draw.integers(1, 5, shape).astype("float32")
    layers = []
    for on_gpu in (False, True):
        monkeypatch.setattr(runtime, "has_accelerator", lambda on_gpu=on_gpu: on_gpu)
        layer = Conv2D(5, kernel, pool=pool, padding=padding, activation="relu")
        layer.build(shape)
        layers.append(layer)
    kernel_and_bias = [draw.integers(1, 4, w.shape) for w in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights([kernel_and_bias[0], kernel_and_bias[1] + 1000])
    plain, dealt = (layer(maps) for layer in layers)
    assert [layer.deals_inputs for layer in layers] == [False, True]
    assert tuple(dealt.shape) == tuple(plain.shape) == layers[1].compute_output_shape(shape)
    np.testing.assert_array_equal(dealt, plain)


@pytest.mark.parametrize("size", [13, 16])
def test_networks_on_a_gpu_pool_to_the_same_outputs_and_gradients(size, monkeypatch):
    """In noise no two pixels of a block are equal: which of them gets the gradient is free."""
    noise = np.random.default_rng(0).random((6, size, size, 1)).astype("float32")
    preset = tiny() if size == 13 else tiny(kernels=(5, 7), output_kernel=1, size=16)
    monkeypatch.setattr(runtime, "has_accelerator", lambda: True)
    assert build_denoiser(preset).get_layer("encoder_1").pools_by_blocks
    assert_equal_networks(preset, "denoiser", None, noise)


@pytest.mark.parametrize(("inner", "repeat"), [(1, 2), (2, 2), (4, 1)])
def test_phase_map_uses_each_tap_once_a_phase(inner, repeat):
    for kernel in range(1, 12):
        mapping, taps = (
            function(kernel, inner, repeat) for function in (phases.phase_map, phases.n_taps)
        )
        assert mapping.shape == (repeat * inner, taps, inner, kernel)
        np.testing.assert_array_equal(mapping.sum(axis=(1, 2)), 1)


def test_windows_need_no_padding_for_odd_valid_kernels():
    assert phases.window(30, 7, "valid") == phases.Window(0, 0, 0, 54)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_toom_cook_filters_a_signal(n):
    points = (0, 1, -1, 0.5, -0.5, 2)[: 2 * n - 2]
    a, g, b = rows.toom_cook(points, n)
    signal, taps = np.random.default_rng(n).normal(size=(2, 2 * n - 1))
    expected = np.correlate(signal, taps[:n], "valid")
    np.testing.assert_allclose(a @ ((g @ taps[:n]) * (b @ signal)), expected, rtol=1e-12)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "side"), [(4, 9), (7, 13), (5, 8), (8, 12), (3, 6)])
def test_row_transform_equals_the_convolution(kernel, side, padding):
    random = np.random.default_rng(0)
    maps = random.normal(size=(2, side, side + 1, 5)).astype("float32")
    weights = random.normal(size=(kernel, kernel, 5, 6)).astype("float32")
    result = np.asarray(rows.convolve(maps, weights, padding))
    expected = np.asarray(keras.ops.conv(maps, weights, padding=padding))
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() < 1e-5 * np.abs(expected).max()


def test_rounding_of_the_row_transform_is_that_of_float32():
    """At the size of the paper's largest convolution, against float64."""
    random = np.random.default_rng(0)
    maps = np.maximum(random.normal(size=(1, 51, 51, 128)), 0).astype("float32")
    weights = random.normal(size=(7, 7, 128, 8)).astype("float32")
    exact = np.asarray(
        keras.ops.conv(maps.astype("float64"), weights.astype("float64"), padding="same")
    )
    error = np.asarray(rows.convolve(maps, weights, "same")) - exact
    assert np.sqrt(np.mean(error**2)) < 5e-6 * np.sqrt(np.mean(exact**2))


def test_pooling_before_the_activation_is_exact():
    maps = np.random.default_rng(0).normal(size=(2, 7, 7, 2)).astype("float32")
    fast = Conv2D(3, 3, padding="same", pool=True, activation="relu")
    plain = keras.layers.Conv2D(3, 3, padding="same", activation="relu")
    fast.build(maps.shape)
    plain.build(maps.shape)
    plain.set_weights(fast.get_weights())
    expected = keras.layers.MaxPooling2D(2, padding="same")(plain(maps))
    np.testing.assert_array_equal(fast(maps), expected)
    assert fast.compute_output_shape(maps.shape) == tuple(expected.shape)


def test_layer_is_rebuilt_from_its_configuration():
    layer = Conv2D(3, 5, upsample=True, pool=True, input_phases=2, keep_phases=True)
    assert Conv2D.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize(("saved", "read"), [("phase", "plain"), ("plain", "phase")])
def test_weight_files_are_interchangeable(tmp_path, saved, read):
    path = tmp_path / "network.weights.h5"
    model = build_autoencoder(tiny(), 3, saved, seed=1)
    model.save_weights(path)
    other = build_autoencoder(tiny(), 3, read, seed=2)
    other.load_weights(path)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_same_weights_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        build_denoiser(tiny(), seed=3).save_weights(tmp_path / f"{name}.weights.h5")
    files = [(tmp_path / f"{name}.weights.h5").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]


def test_seed_decides_the_initial_weights():
    first, again, other = (build_denoiser(tiny(), seed=s).get_weights()[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_paper_network_has_the_described_layers():
    model = build_autoencoder(paper(), 24, layers="plain")
    assert model.count_params() == 891_017
    assert model.output_shape == (None, 101, 101, 1)
    for layer in describe(paper(), "autoencoder", 24):
        assert model.get_layer(layer.name).output.shape[1:] == layer.shape


def test_encoder_ends_at_the_embedding():
    built = build_network("autoencoder", tiny(), 3)
    part = built.encoder
    assert part.output_shape == (None, 3)
    assert part.get_layer("encoder_1") is built.model.get_layer("encoder_1")
    assert built.bottleneck is built.model.get_layer("embedding").output


@pytest.mark.parametrize("layers", ["phase", "plain"])
def test_the_denoisers_bottleneck_is_what_its_decoder_is_given(layers):
    """Whether the last pooling is a layer of its own or part of the convolution before it."""
    built = build_network("denoiser", tiny(), layers=layers)
    assert built.bottleneck is built.model.get_layer("decoder_1").input
    assert built.bottleneck.shape == (None, 4, 4, 3)


def test_a_network_brings_its_loss():
    images, outputs = blobs(3)[..., None], np.full((3, 13, 13, 1), 0.5, "float32")
    for name, kind in NETWORKS.items():
        if name not in tiny():
            continue
        built = build_network(name, tiny(), 3 if kind.has_features else None)
        assert built.loss is kind.loss
        value = float(built.loss.value({"images": images, "turns": np.zeros(3)}, outputs))
        assert value == pytest.approx(np.log(2), rel=1e-5)


@given(seed=st.integers(0, 1000), shift=st.floats(-0.1, 0.1))
@settings(max_examples=25, deadline=None)
def test_no_constant_image_beats_the_mean_image(seed, shift):
    images = np.random.default_rng(seed).random((5, 3, 3))
    constant = np.clip(images.mean(axis=0) + shift, 1e-6, 1 - 1e-6)
    loss = -np.mean(images * np.log(constant) + (1 - images) * np.log1p(-constant))
    assert constant_cross_entropy(images) <= loss + 1e-12


def test_bfloat16_computes_in_halves_and_returns_floats():
    preset = tiny() | {"precision": "bfloat16"}
    built, exact = build_network("autoencoder", preset, 3), build_autoencoder(tiny(), 3)
    model = built.model
    images = blobs(4)[..., None]
    assert model.get_layer("encoder_1").compute_dtype == "bfloat16"
    assert all(weight.dtype == "float32" for weight in model.weights)
    assert built.encoder(images).dtype == "float32"
    assert model(images).dtype == "float32"
    np.testing.assert_allclose(model(images), exact(images), atol=0.02)


def test_unknown_layers_are_refused():
    with pytest.raises(ConfigError, match="received 'fancy', expected 'phase' or 'plain'"):
        build_denoiser(tiny(), layers="fancy")


OTHER_BACKEND = """
import json, sys
import numpy as np
from network_presets import blobs, tiny
from lensflow.networks.build import build_network
network = build_network("autoencoder", tiny(), 3, seed=7)
outputs = network.model.predict_on_batch(blobs(4)[..., None])
json.dump(np.asarray(outputs).ravel().tolist(), sys.stdout)
"""


def test_backends_agree():
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")
    tests = Path(__file__).parents[2]
    path = os.pathsep.join([str(tests), str(tests.parent / "scripts")])
    result = subprocess.run(
        [sys.executable, "-c", OTHER_BACKEND],
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": path},
        capture_output=True,
        check=True,
    )
    images = blobs(4)[..., None]
    here = np.asarray(build_autoencoder(tiny(), 3, seed=7).predict_on_batch(images))
    np.testing.assert_allclose(json.loads(result.stdout), here.ravel(), **ROUNDING)
