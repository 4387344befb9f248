import h5py
import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.embed.embedding import (
    MEASURES,
    embed_images,
    embed_stack,
    merge_embeddings,
    merge_scores,
)
from lensflow.errors import ArtifactError

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
    from lensflow.networks.build import build_autoencoder, build_denoiser

    folder = tmp_path_factory.mktemp("weights")
    build_denoiser(PRESET).save_weights(folder / "denoiser.weights.h5")
    build_autoencoder(PRESET, 3).save_weights(folder / "autoencoder.weights.h5")
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
    with artifacts.open(path, "embeddings") as file:
        rows = pd.DataFrame({name: artifacts.read(file, f"catalogue/{name}") for name in MEASURES})
        rows["id"] = artifacts.read_strings(file, "id")
        rows["is_lens"] = artifacts.read(file, "is_lens")
        return artifacts.read(file, "embedding"), rows


def test_a_dataset_and_its_denoised_stack_give_the_same_embeddings(images, weights):
    embed_images(
        images / "images.h5",
        weights / "denoiser.weights.h5",
        weights / "autoencoder.weights.h5",
        PRESET,
        3,
        "log",
        images / "direct.h5",
        images / "denoised.h5",
    )
    embed_stack(
        images / "denoised.h5",
        images / "index.h5",
        weights / "autoencoder.weights.h5",
        PRESET,
        3,
        images / "from_stack.h5",
    )
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
            weights / "denoiser.weights.h5",
            PRESET,
            3,
            images / "x.h5",
        )


def write_embeddings(path, start, n, width=2):
    with artifacts.create(path, "embeddings") as writer:
        values = np.arange(start, start + n, dtype="f4")[:, None] * np.ones(width, "f4")
        writer.dataset("embedding", values)
        writer.strings("id", [str(i) for i in range(start, start + n)])
        for name in ("rotation", "is_lens", *(f"catalogue/{m}" for m in MEASURES)):
            writer.dataset(name, np.arange(n))
    return path


def test_shards_are_joined_in_order(tmp_path):
    shards = [
        write_embeddings(tmp_path / "a.h5", 0, 3),
        write_embeddings(tmp_path / "b.h5", 3, 0),
        write_embeddings(tmp_path / "c.h5", 3, 4),
    ]
    merge_embeddings(shards, tmp_path / "all.h5")
    values, rows = embedded(tmp_path / "all.h5")
    np.testing.assert_array_equal(values[:, 1], np.arange(7))
    assert rows["id"].tolist() == [str(i) for i in range(7)]


def test_shards_of_different_models_are_refused(tmp_path):
    shards = [
        write_embeddings(tmp_path / "a.h5", 0, 3),
        write_embeddings(tmp_path / "b.h5", 3, 3, width=4),
    ]
    with pytest.raises(ArtifactError, match="different sizes"):
        merge_embeddings(shards, tmp_path / "all.h5")


def test_score_tables_are_joined_under_one_header(tmp_path):
    (tmp_path / "a.csv").write_text("id,p\n1,0.5\n")
    (tmp_path / "b.csv").write_text("id,p\n2,0.25\n")
    merge_scores([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text() == "id,p\n1,0.5\n2,0.25\n"
    (tmp_path / "b.csv").write_text("id,q\n2,0.25\n")
    with pytest.raises(ArtifactError, match="has the columns 'id,q'"):
        merge_scores([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "all.csv")


def test_pooled_embeddings_do_not_depend_on_orientation(images, weights):
    preset = {**PRESET, "autoencoder": {**PRESET["autoencoder"], "embedding_pooling": "d4"}}
    generator = np.random.default_rng(8)
    stack = generator.random((4, SIZE, SIZE)).astype("f4")
    results = []
    for turns in range(4):
        with artifacts.create(images / "turned.h5", "stack") as writer:
            writer.dataset("image", np.rot90(stack, turns, axes=(1, 2)), compress=False)
            writer.strings("id", [f"0{i}" for i in range(4)])
            for name in ("rotation", "is_lens"):
                writer.dataset(name, np.zeros(4, "i1"))
        embed_stack(
            images / "turned.h5",
            images / "index.h5",
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
    with h5py.File(images / "images.h5", "r+") as file:
        file["source_flux"] = sources
    network = weights / "autoencoder.weights.h5", PRESET, 3
    embed_images(
        images / "images.h5", None, *network, "linear", images / "s.h5", layer="source_flux"
    )
    values, _ = embedded(images / "s.h5")
    assert np.isfinite(values).all()
    assert (values[::2] == values[0]).all()
    assert not (values[1::2] == values[0]).any()
