import numpy as np
import pandas as pd
import pytest

from edited import edited
from lensflow import artifacts
from lensflow.embed.images import denoise_images, embed_images
from lensflow.embed.stacks import embed_stack
from lensflow.errors import ArtifactError
from lensflow.samples.embeddings import open_embeddings
from lensflow.samples.rows import MEASURES
from lensflow.samples.stacks import write_stack

SIZE = 13
LAYERS = {
    "encoder": [{"filters": 4, "kernel": 3}, {"filters": 4, "kernel": 3}],
    "decoder": [
        {"filters": 4, "kernel": 3, "padding": "same"},
        {"filters": 4, "kernel": 3, "padding": "same"},
    ],
    "output_kernel": 4,
}
TRAINING = {"epochs": 1, "batch_size": 8, "learning_rate": 0.001}
PRESET = {
    "image_size": SIZE,
    "precision": "float32",
    "denoiser": {**LAYERS, "output_activation": "sigmoid"},
    "autoencoder": {
        **LAYERS,
        "output_activation": "sigmoid",
        "dense": [6],
        "embedding_activation": "linear",
        "embedding_pooling": "none",
    },
    "training": {
        name: {**TRAINING, "schedule": "constant", "patience": 0, "augment": "none"}
        for name in ("denoiser", "autoencoder")
    },
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    from lensflow.networks.build import build_network

    folder = tmp_path_factory.mktemp("weights")
    for name, n_features in (("denoiser", None), ("autoencoder", 3)):
        model = build_network(name, PRESET, n_features).model
        model.save_weights(folder / f"{name}.weights.h5")
    return folder


@pytest.fixture
def images(tmp_path):
    n = 21
    generator = np.random.default_rng(4)
    catalogue = pd.DataFrame(
        {"is_lens": np.arange(n) % 2, **{name: np.arange(n) * 1.5 for name in MEASURES}}
    )
    with artifacts.create(tmp_path / "images.h5", "images", {"state": "raw"}) as writer:
        writer.dataset("flux", generator.normal(1, 1, (n, SIZE, SIZE)).astype("f4"), compress=False)
        writer.dataset("sky_sigma", np.ones(n, "f4"))
        writer.strings("id", [f"0{i}" for i in range(n)])
        artifacts.write_table(writer, "catalogue", catalogue)
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", [f"0{i}" for i in reversed(range(n))])
        artifacts.write_table(writer, "catalogue", catalogue[::-1])
    return tmp_path


def embedded(path):
    with open_embeddings(path) as embeddings:
        rows = embeddings.rows().join(embeddings.measures())
        return embeddings.features[:], rows


def test_a_dataset_and_its_denoised_stack_give_the_same_embeddings(images, weights):
    encoder = "autoencoder", weights / "autoencoder.weights.h5", PRESET, 3
    denoiser = weights / "denoiser.weights.h5"
    embed_images(images / "images.h5", denoiser, *encoder, "log", images / "direct.h5")
    denoise_images(images / "images.h5", denoiser, PRESET, "log", images / "denoised.h5")
    stack = images / "denoised.h5", images / "index.h5"
    embed_stack(*stack, *encoder, images / "from_stack.h5")
    direct, rows = embedded(images / "direct.h5")
    from_stack, other = embedded(images / "from_stack.h5")
    assert direct.shape == (21, 3)
    np.testing.assert_array_equal(direct, from_stack)
    pd.testing.assert_frame_equal(rows, other)
    assert rows["flux_lensed_image_in_sigma"].tolist() == [1.5 * i for i in range(21)]


def test_weights_of_another_network_are_refused(images, weights):
    with pytest.raises(ArtifactError, match="network that the preset describes"):
        embed_stack(
            images / "images.h5",
            images / "index.h5",
            "autoencoder",
            weights / "denoiser.weights.h5",
            PRESET,
            3,
            images / "x.h5",
        )


def test_pooled_embeddings_do_not_depend_on_orientation(images, weights):
    preset = {**PRESET, "autoencoder": {**PRESET["autoencoder"], "embedding_pooling": "d4"}}
    generator = np.random.default_rng(8)
    stack = generator.random((4, SIZE, SIZE)).astype("f4")
    results = []
    for turns in range(4):
        rows = pd.DataFrame({"id": [f"0{i}" for i in range(4)], "rotation": 0, "is_lens": 0})
        turned = np.rot90(stack, turns, axes=(1, 2))
        write_stack(images / "turned.h5", rows, [turned], SIZE, "log", "image")
        embed_stack(
            images / "turned.h5",
            images / "index.h5",
            "autoencoder",
            weights / "autoencoder.weights.h5",
            preset,
            3,
            images / "pooled.h5",
        )
        results.append(embedded(images / "pooled.h5")[0])
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-4, atol=1e-6)


def test_sources_are_embedded_without_the_denoiser_and_blank_ones_are_alike(images, weights):
    generator = np.random.default_rng(2)
    sources = generator.gamma(1, 1, (21, SIZE, SIZE)).astype("f4")
    sources[::2] = 0
    with edited(images / "images.h5") as file:
        file["source_flux"] = sources
    encoder = "autoencoder", weights / "autoencoder.weights.h5", PRESET, 3
    embed_images(
        images / "images.h5", None, *encoder, "linear", images / "s.h5", layer="source_flux"
    )
    values, _ = embedded(images / "s.h5")
    assert np.isfinite(values).all()
    assert (values[::2] == values[0]).all()
    assert not (values[1::2] == values[0]).any()
