"""Files of the right kind that do not belong together: the library refuses them without a workflow.

Two tiny runs of principal components stand for any two runs; no network is needed.
"""

import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.cluster.fitting import fit_mixture_stage
from lensflow.cluster.labelling import label_clusters_stage
from lensflow.cluster.scoring import score_stage
from lensflow.embed.fitting import fit_encoder
from lensflow.embed.stacks import embed_stack
from lensflow.errors import ArtifactError
from lensflow.ingest.ingestion import build_index
from lensflow.prepare.flux import flux_blocks, locate
from lensflow.prepare.stacks import prepare_stack
from lensflow.samples.embeddings import merge_embeddings, read_embeddings
from lensflow.samples.rows import MEASURES
from lensflow.samples.stacks import DENOISED, PREPARED, open_stack
from lensflow.train.data import load_images

N, SIZE, SHARDS, FEATURES = 40, 12, 2, 2
PRESET = {"encoder": "pca", "image_size": SIZE}
DATASET = {"kind": "fits"}


def ingested(folder, seed, name="lenses"):
    """Two image shards and their index, as ingestion writes them."""
    drawn = np.random.default_rng(seed)
    columns = {"is_lens": np.arange(N) % 2, **{measure: np.ones(N) for measure in MEASURES}}
    table = pd.DataFrame(columns)
    for shard in range(SHARDS):
        rows = slice(shard * N // SHARDS, (shard + 1) * N // SHARDS)
        attrs = {"dataset": name, "state": "raw", "shard": shard, "n_listed": N // SHARDS}
        with artifacts.create(folder / f"images_{shard}.h5", "images", attrs) as writer:
            flux = drawn.normal(size=(N // SHARDS, SIZE, SIZE)).astype("f4")
            writer.dataset("flux", flux, compress=False)
            writer.dataset("sky_sigma", np.ones(N // SHARDS, "f4"))
            writer.strings("id", [f"{number:03d}" for number in range(N)[rows]])
            artifacts.write_table(writer, "catalogue", table[rows])
        (folder / f"out_{shard}.csv").write_text("path,id,reason\n")
    (folder / "listing.csv").write_text("path,id,reason\n")
    lists = [folder / "listing.csv", *(folder / f"out_{shard}.csv" for shard in range(SHARDS))]
    images = [folder / f"images_{shard}.h5" for shard in range(SHARDS)]
    build_index(name, DATASET, images, lists, folder / "index.h5", folder / "quarantine.csv")
    split = pd.DataFrame({"id": [f"{number:03d}" for number in range(N)], "sample": "train"})
    split = split.assign(rotation=0, noise=0, is_lens=table["is_lens"])
    split.to_csv(folder / "split.csv", index=False)


def run_of(folder, seed):
    """Everything from images to a mixture in a folder."""
    folder.mkdir()
    ingested(folder, seed)
    shards = range(SHARDS)
    stacks = [folder / f"stack_{shard}.h5" for shard in shards]
    images = [folder / f"images_{shard}.h5" for shard in shards]
    for shard, stack in enumerate(stacks):
        sample = ("train", shard, SHARDS, "sigma", SIZE, 0.0, 1)
        prepare_stack(folder / "split.csv", folder / "index.h5", images, stack, *sample)
    fit_encoder("pca", stacks, PRESET, FEATURES, 1, folder / "pca.h5")
    for shard in shards:
        embed(folder, shard)
    embedded = [folder / f"embedded_{shard}.h5" for shard in shards]
    made = folder / "mixture.h5", folder / "template.csv"
    settings = {"n_components": 2, "seed": 1, "max_iter": 500, "tol": 1.0, "n_init": 1}
    fit_mixture_stage(embedded, *made, "lensflow", **settings, reg_covar=1e-6)
    return folder


def embed(folder, shard, index=None, encoder=None, stack=None):
    stack, index = stack or folder / f"stack_{shard}.h5", index or folder / "index.h5"
    output = folder / f"embedded_{shard}.h5"
    embed_stack(stack, index, "pca", encoder or folder / "pca.h5", PRESET, FEATURES, output)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [run_of(folder / f"run_{number}", number) for number in range(2)]


def shards(folder, name):
    return [folder / f"{name}_{shard}.h5" for shard in range(SHARDS)]


def test_image_shards_in_another_order_or_of_another_dataset(runs, tmp_path):
    first = runs[0]
    sample = ("train", 0, SHARDS, "sigma", SIZE, 0.0, 1)
    made = first / "split.csv", first / "index.h5"
    images = shards(first, "images")
    for strangers in (images[::-1], images[:1], shards(runs[1], "images")):
        with pytest.raises(ArtifactError, match="lists other images than are given"):
            prepare_stack(*made, strangers, tmp_path / "s.h5", *sample)
    located = locate(pd.DataFrame({"id": ["000", "039"]}), first / "index.h5")
    with pytest.raises(ArtifactError, match="is of shard 1, 0 was expected"):
        list(flux_blocks(located, images[::-1]))
    ingested(tmp_path, 3, "stars")
    lists = [first / "listing.csv", first / "out_0.csv", first / "out_1.csv"]
    outputs = tmp_path / "i", tmp_path / "q"
    with pytest.raises(ArtifactError, match="is of dataset stars, lenses was expected"):
        build_index("lenses", DATASET, shards(tmp_path, "images"), lists, *outputs)
    assert not (tmp_path / "s.h5").exists()


def test_stacks_in_another_order_or_at_another_stage(runs, tmp_path):
    stacks = shards(runs[0], "stack")
    with pytest.raises(ArtifactError, match="is of shard 1, 0 was expected"):
        fit_encoder("pca", stacks[::-1], PRESET, FEATURES, 1, tmp_path / "pca.h5")
    with (
        pytest.raises(ArtifactError, match=f"is of stage {PREPARED}, {DENOISED} was expected"),
        open_stack(stacks[0], DENOISED),
    ):
        pass
    with pytest.raises(ArtifactError, match=f"is of stage {PREPARED}, {DENOISED} was expected"):
        artifacts.expect_order(stacks, stage=DENOISED)
    assert len(load_images(stacks, 0.1, 1).images) == N


def test_another_index_or_another_runs_encoder(runs):
    first, second = runs
    with pytest.raises(ArtifactError, match=r"do not belong together.*from the index"):
        embed(first, 0, index=second / "index.h5")
    with pytest.raises(ArtifactError, match=r"do not belong together.*from the index"):
        embed(first, 0, encoder=second / "pca.h5")


def test_an_index_that_lacks_an_image(runs, tmp_path):
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", ["000"])
        artifacts.write_table(writer, "catalogue", pd.DataFrame({key: [1.0] for key in MEASURES}))
    with artifacts.open(runs[0] / "stack_1.h5", "stack") as file:
        ids, rotation = artifacts.read_strings(file, "id"), artifacts.read(file, "rotation")
        images, lens = artifacts.read(file, "image"), artifacts.read(file, "is_lens")
    with artifacts.create(tmp_path / "stack.h5", "stack", {"scale": "sigma"}) as writer:
        writer.strings("id", ids)
        for name, values in {"rotation": rotation, "image": images, "is_lens": lens}.items():
            writer.dataset(name, values)
    stranger = {"index": tmp_path / "index.h5", "stack": tmp_path / "stack.h5"}
    pca = tmp_path / "pca.h5"
    fit_encoder("pca", [tmp_path / "stack.h5"], PRESET, FEATURES, 1, pca)
    with pytest.raises(ArtifactError, match="20 images of the stack are not in"):
        embed(tmp_path, 1, encoder=pca, **stranger)


def test_embeddings_in_another_order(runs, tmp_path):
    embedded = shards(runs[0], "embedded")
    with pytest.raises(ArtifactError, match="is of shard 1, 0 was expected"):
        read_embeddings(embedded[::-1])
    with pytest.raises(ArtifactError, match="is of shard 1, 0 was expected"):
        merge_embeddings(embedded[::-1], tmp_path / "all.h5")


def test_embeddings_of_two_runs(runs, tmp_path):
    (one, _), (_, other) = (shards(folder, "embedded") for folder in runs)
    with pytest.raises(ArtifactError, match="do not belong together"):
        merge_embeddings([one, other], tmp_path / "all.h5")


def test_the_mixture_of_another_run(runs, tmp_path):
    first, second = runs
    with pytest.raises(ArtifactError, match=r"do not belong together.*from the"):
        score_stage(second / "mixture.h5", first / "embedded_0.h5", {}, tmp_path / "s.csv")
    arguments = shards(first, "embedded"), tmp_path / "labels.csv", "known", 1
    with pytest.raises(ArtifactError, match=r"do not belong together.*from the"):
        label_clusters_stage(second / "mixture.h5", *arguments)
    score_stage(first / "mixture.h5", first / "embedded_0.h5", {}, tmp_path / "s.csv")
    assert len(pd.read_csv(tmp_path / "s.csv")) == N // SHARDS
