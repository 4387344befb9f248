import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from lensflow import artifacts
from lensflow.errors import ConfigError
from lensflow.evaluate import baselines
from lensflow.evaluate.columns import BASELINE_COLUMNS
from lensflow.prepare.augmentation import views
from lensflow.samples.stacks import open_stack, write_stack

SIZE = 6
MIXTURE = {"n_components": None, "max_iter": 200, "tol": 1e-3, "n_init": 1, "engine": "lensflow"}


def write_classes(path, ids, is_lens, seed):
    """Lenses have a bright corner."""
    images = 0.1 * np.random.default_rng(seed).random((len(ids), SIZE, SIZE))
    images[is_lens == 1, :2, :2] += 0.5
    rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": is_lens})
    write_stack(path, rows, [images], SIZE, "log", "made by a test")


def images_of(paths):
    images = []
    for path in paths:
        with open_stack(path) as stack:
            images.append(stack.images())
    return np.concatenate(images)


@pytest.fixture
def sample(tmp_path):
    """Write two shards for train, one for test, and the index of all objects."""
    is_lens = np.random.default_rng(0).integers(2, size=90)
    ids = [f"{i:03d}" for i in range(90)]
    parts = {"train": [slice(0, 30), slice(30, 60)], "test": [slice(60, 90)]}
    shards = {
        name: [tmp_path / f"{name}_{i}.h5" for i in range(len(rows))]
        for name, rows in parts.items()
    }
    for name, rows in parts.items():
        for path, part in zip(shards[name], rows, strict=True):
            write_classes(path, ids[part], is_lens[part], part.start)
    index = tmp_path / "index.h5"
    n_pixels = np.where(is_lens == 1, 95 + np.arange(90), -1)
    with artifacts.create(index, "index") as f:
        f.strings("id", ids)
        f.dataset("catalogue/numb_pix_lensed_image", n_pixels)
        f.dataset("catalogue/flux_lensed_image_in_sigma", np.full(90, 1e4))
    return shards, index


def fit_stage(shards, index, output, features=(2, 3), pooling="none"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        baselines.fit_baseline_stage(
            {"pca_raw": shards, "pca_denoised": shards},
            pooling,
            index,
            output,
            "log",
            features,
            2,
            MIXTURE,
            3,
            1,
        )
    return pd.read_csv(output)


def test_baseline_finds_an_obvious_difference(sample, tmp_path):
    table = fit_stage(*sample, tmp_path / "baselines.csv")
    assert list(table.columns) == BASELINE_COLUMNS
    assert len(table) == 2 * 2 * 2 * 2 * 2  # representation, d, run, sample, cut
    assert set(table["labels"]) == {"known"}
    assert (table["auc"] > 0.95).all()
    cut = table.query("sample == 'train'").groupby("cut")["n_lens"].first()
    assert 0 < cut["n100_snr50"] < cut["none"]


@pytest.mark.parametrize("pooling", ["none", "d4"])
def test_a_shard_without_images_changes_nothing(sample, tmp_path, pooling):
    """As of a test sample of fewer objects than its experiment has shards."""
    shards, index = sample
    write_classes(tmp_path / "empty.h5", [], np.zeros(0, int), 1)
    with_empty = {name: [tmp_path / "empty.h5", *paths] for name, paths in shards.items()}
    expected = fit_stage(shards, index, tmp_path / "expected.csv", pooling=pooling)
    found = fit_stage(with_empty, index, tmp_path / "found.csv", pooling=pooling)
    pd.testing.assert_frame_equal(found, expected)


def test_a_catalogue_that_says_no_class_gives_no_baseline(sample, tmp_path):
    """As one of identifiers and positions does: what else a run makes must not fail by it."""
    shards, index = sample
    for name, paths in shards.items():
        for place, path in enumerate(paths):
            ids = [f"{name}_{place}_{i}" for i in range(30)]
            write_classes(path, ids, np.full(30, -1), place)
    table = fit_stage(shards, index, tmp_path / "baselines.csv")
    assert list(table.columns) == BASELINE_COLUMNS
    assert table.empty


def test_same_bytes_again(sample, tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        fit_stage(*sample, path, features=[2])
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_without_test_sample(sample, tmp_path):
    shards, index = sample
    table = fit_stage({**shards, "test": []}, index, tmp_path / "baselines.csv", [2])
    assert set(table["sample"]) == {"train"}


def test_components_are_those_of_all_images(sample):
    shards, _ = sample
    components = baselines.fit_components(shards["train"], 3, seed=0)
    features, table = baselines.project(shards["train"], components)
    images = images_of(shards["train"])
    expected = PCA(3, svd_solver="full").fit_transform(images.reshape(len(images), -1))
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert table["id"].tolist() == [f"{i:03d}" for i in range(60)]


def test_components_of_a_draw_from_every_shard(sample):
    shards, _ = sample
    components = baselines.fit_components(shards["train"], 3, seed=0, images_at_most=20)
    assert components.n_samples_ == 20


def test_more_components_than_images_are_refused(sample):
    shards, _ = sample
    with pytest.raises(ConfigError, match="use fewer features or more images"):
        baselines.fit_components(shards["test"], 31, seed=0)


def test_pooled_components_stand_beside_the_plain_ones(sample, tmp_path):
    table = fit_stage(*sample, tmp_path / "baselines.csv", [2], pooling="d4")
    names = ["pca_raw", "pca_raw_d4", "pca_denoised", "pca_denoised_d4"]
    assert table["representation"].drop_duplicates().tolist() == names


def test_pooled_components_are_those_of_the_mean_view(sample):
    shards, _ = sample
    components = baselines.fit_components(shards["train"], 3, seed=0)
    pooled, _ = baselines.project(shards["train"], components, "d4")
    images = images_of(shards["train"])
    mean = np.mean([view.reshape(len(view), -1) for view in views(images)], axis=0)
    np.testing.assert_allclose(pooled, components.transform(mean), atol=1e-5)
