"""Networks that end in a summary: their shapes, their layers, and what orientation does to them."""

import numpy as np
import pytest

from lensflow.errors import ConfigError
from lensflow.networks.kinds import describe
from network_presets import tiny_contrastive, tiny_ring_student, tiny_student

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.embed.contrastive import load  # noqa: E402
from lensflow.networks.build import build_network  # noqa: E402
from lensflow.networks.layers import Closing, MeanAndMaximum  # noqa: E402

KINDS = {
    "student": (tiny_student(), None),
    "ring_student": (tiny_ring_student(), None),
    "contrastive": (tiny_contrastive(), 3),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("layers", ["phase", "plain"])
def test_a_network_has_the_described_layers(name, layers):
    preset, n_features = KINDS[name]
    model = build_network(name, preset, n_features, layers).model
    shapes = describe(preset, name, n_features)
    for shape in shapes:
        if layers == "plain" or shape.kind in ("summary", "ring_summary", "dense"):
            assert model.get_layer(shape.name).output.shape[1:] == shape.shape
    trained = sum(np.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == sum(shape.parameters for shape in shapes)


@pytest.mark.parametrize("name", KINDS)
def test_fast_and_plain_networks_are_equal(name):
    preset, n_features = KINDS[name]
    models = [build_network(name, preset, n_features, kind).model for kind in ("phase", "plain")]
    images = np.random.default_rng(0).random((5, *models[0].input_shape[1:])).astype("float32")
    outputs = [np.asarray(model.predict_on_batch(images)) for model in models]
    np.testing.assert_allclose(*outputs, rtol=2e-5, atol=2e-6)
    assert np.ptp(outputs[0], axis=0).min() > 0


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_a_closed_convolution_follows_a_turn(kernel):
    """Filters see the angle as a circle, and zeros beyond the first and the last ring."""
    maps = np.random.default_rng(0).random((2, 6, 8, 3)).astype("float32")
    convolution = keras.layers.Conv2D(2, kernel, padding="valid")
    closed = Closing(kernel)
    result = np.asarray(convolution(closed(maps)))
    assert result.shape == (2, 6, 8, 2)
    assert closed.compute_output_shape(maps.shape) == tuple(closed(maps).shape)
    turned = np.asarray(convolution(closed(np.roll(maps, 3, axis=2))))
    np.testing.assert_allclose(turned, np.roll(result, 3, axis=2), atol=1e-6)
    framed = np.asarray(closed(maps))
    before = (kernel - 1) // 2
    assert not framed[:, :before].any()
    assert not framed[:, 6 + before :].any()
    np.testing.assert_array_equal(framed[:, before : 6 + before, before : 8 + before], maps)


def test_means_come_before_maxima():
    maps = np.arange(12.0).reshape(1, 2, 3, 2)
    everything, rows = MeanAndMaximum((1, 2)), MeanAndMaximum((2,))
    np.testing.assert_array_equal(everything(maps), [[5, 6, 10, 11]])
    np.testing.assert_array_equal(rows(maps), [[2, 3, 8, 9, 4, 5, 10, 11]])
    for layer in (everything, rows):
        assert layer.compute_output_shape(maps.shape) == tuple(layer(maps).shape)


@pytest.mark.parametrize("layer", [Closing(3), MeanAndMaximum((2,))])
def test_layers_are_rebuilt_from_their_configuration(layer):
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_features_are_the_same_in_all_eight_orientations(tmp_path):
    network = build_network("contrastive", tiny_contrastive(), 3, seed=4)
    network.model.save_weights(tmp_path / "contrastive.weights.h5")
    encode = load(tmp_path / "contrastive.weights.h5", tiny_contrastive(), 3)
    images = 5 * np.random.default_rng(0).normal(size=(6, 101, 101)).astype("float32")
    features = encode(images)
    assert features.shape == (6, 3)
    assert np.ptp(features, axis=0).min() > 1e-3
    for mirror in (images, images[:, :, ::-1]):
        for turns in range(4):
            view = np.rot90(mirror, turns, axes=(1, 2))
            np.testing.assert_allclose(encode(view), features, atol=2e-5)


def test_an_encoder_that_a_quarter_turn_would_change_is_refused():
    preset = tiny_contrastive()
    preset["contrastive"]["convolutions"] = 5 * [{"filters": 2, "kernel": 3}]
    with pytest.raises(ConfigError, match="received 5, expected at most 4: each halves"):
        describe(preset, "contrastive", 3)


def test_a_student_of_rings_is_an_encoder_with_a_logit_in_the_place_of_its_embedding():
    encoder, student = tiny_contrastive(), tiny_ring_student()
    assert student["ring_student"]["convolutions"] == encoder["contrastive"]["convolutions"]
    *trunk, logit = describe(student, "ring_student")
    assert trunk == describe(encoder, "contrastive", 3)[: len(trunk)]
    assert (logit.name, logit.shape) == ("logit", (1,))
    student["ring_student"]["convolutions"] = 5 * [{"filters": 2, "kernel": 3}]
    with pytest.raises(ConfigError, match=r"ring_student.convolutions: received 5, expected at"):
        describe(student, "ring_student")


def test_a_student_does_not_see_more_than_there_is():
    preset = tiny_student(size=8)
    with pytest.raises(ConfigError, match=r"received 9 px, expected at most.*8 px"):
        describe(preset, "student")
