"""Networks take as many bands as the images that they are trained on have."""

import numpy as np
import pytest

from lensflow.errors import ConfigError
from network_presets import tiny, tiny_contrastive, tiny_ring_student, tiny_student

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.networks.build import build_network  # noqa: E402
from lensflow.networks.inference import embed, load_network, reconstruct  # noqa: E402
from lensflow.networks.kinds import describe  # noqa: E402
from lensflow.networks.symmetries import shift, turn  # noqa: E402
from lensflow.networks.weights import trained_bands, write_weights  # noqa: E402

BANDS = ("VIS", "Y", "H")
KINDS = {
    "denoiser": (tiny(), None),
    "autoencoder": (tiny(), 3),
    "student": (tiny_student(), None),
    "ring_student": (tiny_ring_student(), None),
    "contrastive": (tiny_contrastive(), 3),
}


@pytest.mark.parametrize("name", KINDS)
def test_fast_and_plain_networks_of_several_bands_are_equal(name):
    preset, n_features = KINDS[name]
    models = [
        build_network(name, preset, n_features, kind, n_bands=3).model
        for kind in ("phase", "plain")
    ]
    shapes = describe(preset, name, n_features, 3)
    assert models[0].input_shape[1:] == shapes[0].shape
    assert shapes[0].shape[-1] == (6 if name in ("contrastive", "ring_student") else 3)
    trained = sum(np.prod(weight.shape) for weight in models[0].trainable_weights)
    assert trained == sum(shape.parameters for shape in shapes)
    images = np.random.default_rng(0).random((5, *models[0].input_shape[1:])).astype("float32")
    outputs = [np.asarray(model.predict_on_batch(images)) for model in models]
    np.testing.assert_allclose(*outputs, rtol=2e-5, atol=2e-6)
    if name in ("denoiser", "autoencoder"):
        assert outputs[0].shape == images.shape


def test_a_weights_file_says_which_bands_it_is_for(tmp_path):
    built = build_network("autoencoder", tiny(), 3, n_bands=3)
    several, single = tmp_path / "several.weights.h5", tmp_path / "single.weights.h5"
    write_weights(built.model, several, "autoencoder", 3, BANDS)
    write_weights(build_network("autoencoder", tiny(), 3).model, single, "autoencoder", 3)
    assert trained_bands(several) == BANDS
    assert trained_bands(single) == ()
    images = np.random.default_rng(0).random((4, 3, 13, 13)).astype("float32")
    loaded = load_network("autoencoder", tiny(), several, 3)
    assert reconstruct(loaded, images).shape == images.shape
    assert (embed(loaded, images) == embed(built, images)).all()
    with pytest.raises(ConfigError, match=r"trained on images of 3 channel\(s\), received 1"):
        embed(loaded, images[:, 0])
    with pytest.raises(ConfigError, match=r"trained on images of 1 channel\(s\), received 3"):
        reconstruct(load_network("autoencoder", tiny(), single, 3), images)


def test_channels_turn_and_shift_as_each_would():
    images = np.random.default_rng(0).random((8, 9, 9, 3)).astype("float32")
    turns = np.arange(8, dtype="int32")
    shifts = np.random.default_rng(1).integers(-3, 4, (8, 2)).astype("int32")
    for change, drawn in ((turn, turns), (shift, shifts)):
        changed = np.asarray(change(images, drawn))
        for band in range(3):
            alone = np.asarray(change(images[..., band : band + 1], drawn))
            assert (changed[..., band : band + 1] == alone).all()
        assert (changed != images).any()
