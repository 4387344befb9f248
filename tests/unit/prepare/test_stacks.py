import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.prepare.inputs import prepare_images
from lensflow.prepare.splits import read_split, split_dataset
from lensflow.prepare.stacks import prepare_stack, shard_rows
from lensflow.samples.stacks import open_stack
from lensflow.studies.whole_samples import flux_of_sample

SIDE = 21


@pytest.fixture
def dataset(tmp_path):
    """A dataset of 30 lenses and 14 non-lenses in three image shards."""
    generator = np.random.default_rng(0)
    flux = generator.normal(0, 2.0, (44, SIDE, SIDE)).astype("f4")
    flux[:, 8:13, 8:13] += 40
    ids = [str(100 + i) for i in range(44)]
    is_lens = np.r_[np.ones(30), np.zeros(14)].astype("i1")
    order = generator.permutation(44)
    shards = np.array_split(order, 3)
    for number, rows in enumerate(shards):
        with artifacts.create(
            tmp_path / f"shard_{number}.h5", "images", {"state": "raw"}
        ) as writer:
            writer.dataset("flux", flux[rows], compress=False)
            writer.strings("id", [ids[i] for i in rows])
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", [ids[i] for i in order])
        writer.dataset("shard", np.repeat(np.arange(3), [len(rows) for rows in shards]))
        writer.dataset("row", np.concatenate([np.arange(len(rows)) for rows in shards]))
        writer.dataset("sky_sigma", np.full(44, 2.0))
        artifacts.write_table(writer, "catalogue", pd.DataFrame({"is_lens": is_lens[order]}))
    return tmp_path, dict(zip(ids, flux, strict=True))


def prepare(folder, shard=0, n_shards=1, **changes):
    settings = {"scale": "log", "image_size": SIDE, "noise_fraction": 0.1, "seed": 3} | changes
    output = folder / f"stack_{shard}_of_{n_shards}.h5"
    images = [folder / f"shard_{number}.h5" for number in range(3)]
    prepare_stack(
        folder / "split.csv",
        folder / "index.h5",
        images,
        output,
        "train",
        shard,
        n_shards,
        **settings,
    )
    with open_stack(output) as stack:
        rows = stack.rows()
        return stack.images(), rows["id"], rows["rotation"]


def test_rows_are_the_splits_rows_turned_and_scaled(dataset):
    folder, flux = dataset
    split_dataset(folder / "index.h5", folder / "split.csv", "paper", 0.002, seed=1)
    images, ids, rotations = prepare(folder, noise_fraction=0.0)
    split = read_split(folder / "split.csv", "train")
    assert ids.tolist() == split["id"].tolist()
    assert rotations.tolist() == split["rotation"].tolist()
    for image, name, turns in zip(images, ids, rotations, strict=True):
        alone = prepare_images(flux[name][None], np.array([2.0]), "log", SIDE)[0]
        np.testing.assert_allclose(image, np.rot90(alone, turns), atol=1e-6)


def test_noise_goes_to_the_rows_that_the_split_names(dataset):
    folder, _ = dataset
    split_dataset(folder / "index.h5", folder / "split.csv", "paper", 0.002, seed=1)
    clean, _, _ = prepare(folder, noise_fraction=0.0)
    noisy, _, _ = prepare(folder, noise_fraction=0.1)
    changed = (clean != noisy).any(axis=(1, 2))
    split = read_split(folder / "split.csv", "train")
    np.testing.assert_array_equal(changed, split["noise"] == 1)
    assert changed.any()
    assert not changed.all()


def test_shards_join_to_the_same_bytes(dataset):
    folder, _ = dataset
    split_dataset(folder / "index.h5", folder / "split.csv", "honest", 0.002, seed=1)
    whole, ids, _ = prepare(folder, image_size=11)
    parts = [prepare(folder, shard, 4, image_size=11) for shard in range(4)]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), whole)
    assert np.concatenate([part[1] for part in parts]).tolist() == ids.tolist()
    assert whole.shape[1:] == (11, 11)


@pytest.mark.parametrize(("rows", "shards"), [(10, 3), (3, 5), (0, 2)])
def test_shards_cover_every_row_once(rows, shards):
    covered = [i for s in range(shards) for i in range(rows)[shard_rows(rows, s, shards)]]
    assert covered == list(range(rows))


def test_a_split_of_another_dataset_is_refused(dataset):
    folder, _ = dataset
    split_dataset(folder / "index.h5", folder / "split.csv", "paper", 0.002, seed=1)
    text = (folder / "split.csv").read_text().replace("\n1", "\n9")
    (folder / "split.csv").write_text(text)
    with pytest.raises(ArtifactError, match=r"are not in .*index\.h5"):
        prepare(folder)


def test_a_sample_in_memory_is_what_the_stack_is_made_of(dataset):
    folder, _ = dataset
    split_dataset(folder / "index.h5", folder / "split.csv", "honest", 0.002, seed=1)
    (folder / "images").mkdir()
    for number in range(3):
        (folder / f"images/shard_{number}.h5").hardlink_to(folder / f"shard_{number}.h5")
    rows, flux = flux_of_sample(folder / "split.csv", folder, "train")
    images, ids, _ = prepare(folder, noise_fraction=0.0)
    assert rows["id"].tolist() == ids.tolist()
    scaled = prepare_images(flux, rows["sky_sigma"].to_numpy(), "log", SIDE)
    np.testing.assert_allclose(scaled, images, atol=1e-6)
