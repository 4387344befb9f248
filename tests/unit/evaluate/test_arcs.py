import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ConfigError
from lensflow.evaluate import arc_tables
from lensflow.evaluate.arc_tables import measure_arcs, measure_arcs_of_stack
from lensflow.evaluate.arcs import arc_statistic
from lensflow.prepare.augmentation import views
from lensflow.samples.stacks import write_stack

SIZE = 101
Y, X = np.mgrid[:SIZE, :SIZE] - SIZE // 2
RADIUS, ANGLE = np.hypot(X, Y), np.arctan2(Y, X)


def galaxy(seed=0):
    """A round galaxy in sky noise of 1."""
    noise = np.random.default_rng(seed).normal(size=(SIZE, SIZE))
    return 200 * np.exp(-RADIUS / 3) + noise


def arc(radius_px, peak, length=np.pi / 2):
    """A piece of a ring, of some length in radians."""
    return peak * np.exp(-0.5 * ((RADIUS - radius_px) / 1.5) ** 2) * (abs(ANGLE) < length / 2)


def test_an_arc_stands_out_and_a_brighter_one_more():
    images = np.stack([galaxy(), galaxy() + arc(15, 5), galaxy() + arc(15, 20)])
    plain, faint, bright = arc_statistic(images)
    assert bright > 2 * faint > 4 * plain


def test_a_whole_ring_is_no_arc():
    """Each ring is compared with its own median."""
    ring, quarter = arc_statistic(
        np.stack([galaxy() + arc(15, 20, 2 * np.pi), galaxy() + arc(15, 20)])
    )
    assert ring < quarter / 4


def test_the_galaxy_in_the_middle_does_not_count():
    inside, outside = arc_statistic(np.stack([galaxy() + arc(2, 50), galaxy() + arc(12, 50)]))
    assert inside < outside / 4


def test_an_arc_is_the_same_in_all_eight_orientations():
    image = (galaxy() + arc(15, 10))[None].astype(np.float32)
    found = np.concatenate([arc_statistic(np.ascontiguousarray(view)) for view in views(image)])
    assert found == pytest.approx(np.full(8, found[0]), rel=1e-5)


def test_a_blank_image_has_none():
    assert arc_statistic(np.zeros((2, SIZE, SIZE))).tolist() == [0, 0]


def test_images_of_another_size_are_refused():
    with pytest.raises(ConfigError, match=r"cutouts \(n, 101, 101\), received the shape"):
        arc_statistic(np.zeros((2, 51, 51)))


def write_images(folder, n=5, n_shards=2, sigma=2e-12):
    """Two shards of images that differ by their arcs, and their index."""
    images = np.stack([galaxy(seed) + arc(12, 4 * seed) for seed in range(n)])
    ids, shards = [f"{i:03d}" for i in range(n)], np.arange(n) % n_shards
    paths = [folder / f"shard_{shard}.h5" for shard in range(n_shards)]
    for shard, path in enumerate(paths):
        own = shards == shard
        with artifacts.create(path, "images", {"state": "raw"}) as writer:
            writer.dataset("flux", (sigma * images[own]).astype("f4"), "maggies", compress=False)
            writer.dataset("sky_sigma", np.full(own.sum(), sigma, "f4"), "maggies")
            writer.strings("id", np.array(ids)[own])
            artifacts.write_table(writer, "catalogue", pd.DataFrame({"is_lens": [0] * own.sum()}))
    with artifacts.create(folder / "index.h5", "index") as writer:
        writer.strings("id", ids)
        writer.dataset("shard", shards)
        writer.dataset("row", np.arange(n) // n_shards)
        writer.dataset("sky_sigma", np.full(n, sigma, "f4"), "maggies")
    return images, paths


@pytest.mark.parametrize("block", [1, 2, 100])
def test_the_table_of_a_shard_is_that_of_its_images(tmp_path, monkeypatch, block):
    monkeypatch.setattr(arc_tables, "BLOCK", block)
    monkeypatch.setattr(arc_tables, "PART", block)
    images, paths = write_images(tmp_path)
    measure_arcs(paths[1], tmp_path / "arcs.csv")
    table = pd.read_csv(tmp_path / "arcs.csv", dtype={"id": str})
    assert table["id"].tolist() == ["001", "003"]
    assert table["arcs"].to_numpy() == pytest.approx(arc_statistic(images[[1, 3]]), rel=1e-4)


def test_a_sample_has_the_order_of_its_stack(tmp_path):
    images, paths = write_images(tmp_path)
    rows = pd.DataFrame({"id": ["004", "001", "004"], "rotation": [0, 1, 2], "is_lens": 1})
    write_stack(tmp_path / "stack.h5", rows, [np.zeros((3, 4, 4), "f4")], 4, "log", "by a test")
    measure_arcs_of_stack(
        tmp_path / "stack.h5", tmp_path / "index.h5", paths, tmp_path / "arcs.csv"
    )
    table = pd.read_csv(tmp_path / "arcs.csv", dtype={"id": str})
    assert table["id"].tolist() == ["004", "001", "004"]
    assert table["arcs"].to_numpy() == pytest.approx(arc_statistic(images[[4, 1, 4]]), rel=1e-4)


def test_a_shard_without_images_has_a_header(tmp_path):
    write_images(tmp_path, n=1)
    measure_arcs(tmp_path / "shard_1.h5", tmp_path / "arcs.csv")
    assert (tmp_path / "arcs.csv").read_text() == "id,arcs\n"


def test_a_stack_without_images_has_a_header(tmp_path):
    """As of a test sample of fewer objects than its experiment has shards."""
    _, paths = write_images(tmp_path)
    rows = pd.DataFrame({"id": [], "rotation": [], "is_lens": []})
    write_stack(tmp_path / "stack.h5", rows, [], 4, "log", "by a test")
    measure_arcs_of_stack(
        tmp_path / "stack.h5", tmp_path / "index.h5", paths, tmp_path / "arcs.csv"
    )
    assert (tmp_path / "arcs.csv").read_text() == "id,arcs\n"
