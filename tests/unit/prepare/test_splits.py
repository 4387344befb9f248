import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ConfigError
from lensflow.prepare.splits import make_split, read_split, split_dataset


def table(lenses, others):
    is_lens = np.r_[np.ones(lenses, int), np.zeros(others, int)]
    return pd.DataFrame({"id": [str(i) for i in range(len(is_lens))], "is_lens": is_lens})


def counts(split):
    return split.groupby(["sample", "is_lens"]).size().to_dict()


def test_the_papers_counts():
    split = make_split(table(13_968, 6_032), "paper", 1.0, seed=1)
    assert counts(split) == {
        ("train", 1): 12_800,
        ("train", 0): 12_800,
        ("test", 1): 1_168,
        ("test", 0): 11_328,
    }
    lenses, others = split[split["is_lens"] == 1], split[split["is_lens"] == 0]
    assert (lenses[["rotation", "noise"]] == 0).all(axis=None)
    turns = others.groupby("id")["rotation"].agg(lambda turns: sorted(turns) == [0, 1, 2, 3])
    assert len(turns) == 6_032
    assert turns.all()
    assert (others["noise"] == 1).all()


@pytest.mark.parametrize("protocol", ["paper", "honest"])
def test_no_object_on_two_sides_and_the_same_sides_in_both_protocols(protocol):
    objects = table(1_500, 700)
    sides = make_split(objects, protocol, 0.1, 3).groupby("id")["sample"].unique()
    assert sides.map(len).max() == 1
    other = make_split(objects, "paper", 0.1, 3).groupby("id")["sample"].unique()
    pd.testing.assert_series_equal(sides, other)


def test_honest_augments_both_classes_alike():
    split = make_split(table(13_968, 6_032), "honest", 1.0, seed=1)
    assert counts(split) == {
        ("train", 1): 12_800,
        ("train", 0): 12_800,
        ("test", 1): 1_168,
        ("test", 0): 2_832,
    }
    assert (split["noise"] == 1).all()
    turns = split.groupby("is_lens")["rotation"].value_counts(normalize=True)
    np.testing.assert_allclose(turns, 0.25, atol=0.02)


def test_unlabelled_takes_every_image_as_it_is():
    objects = table(5, 5).assign(is_lens=-1)
    split = make_split(objects[::-1].reset_index(drop=True), "unlabelled", 0.5, seed=1)
    assert split["id"].tolist() == sorted(objects["id"])
    assert (split["sample"] == "train").all()
    assert (split[["rotation", "noise"]] == 0).all(axis=None)
    assert split.index.tolist() == list(range(10))


def write_index(path, objects):
    with artifacts.create(path, "index") as writer:
        writer.strings("id", objects["id"])
        artifacts.write_table(writer, "catalogue", objects[["is_lens"]])


def test_a_split_is_written_and_a_sample_read(tmp_path):
    objects = table(30, 20)
    write_index(tmp_path / "index.h5", objects)
    path = tmp_path / "split.csv"
    split_dataset(tmp_path / "index.h5", path, "honest", 0.002, 1)
    expected = make_split(objects, "honest", 0.002, 1)
    assert path.read_text().splitlines()[0] == "id,sample,rotation,noise,is_lens"
    for sample in ("train", "test"):
        rows = expected[expected["sample"] == sample].reset_index(drop=True)
        pd.testing.assert_frame_equal(read_split(path, sample), rows, check_dtype=False)


def test_the_log_says_how_many_images_of_which_class(tmp_path, caplog):
    write_index(tmp_path / "index.h5", table(1, 5).assign(is_lens=[1, 0, 0, -1, -1, -1]))
    with caplog.at_level("INFO"):
        split_dataset(tmp_path / "index.h5", tmp_path / "split.csv", "unlabelled", 1.0, 1)
    assert "train: 1 lenses, train: 2 non-lenses, train: 3 of unknown class" in caplog.text


def test_order_of_the_rows_does_not_matter_and_the_seed_does():
    objects = table(1_500, 700)
    shuffled = objects.sample(frac=1, random_state=0)
    first = make_split(objects, "honest", 0.1, 1)
    pd.testing.assert_frame_equal(first, make_split(shuffled, "honest", 0.1, 1))
    assert first.index.tolist() == list(range(len(first)))
    assert not first.equals(make_split(objects, "honest", 0.1, 2))


def test_too_few_objects_say_which_fraction_would_do():
    with pytest.raises(ConfigError, match=r"needs 603 non-lenses .* has 300 .* at most 0\.0498"):
        make_split(table(1_500, 300), "paper", 0.1, 1)
    with pytest.raises(ConfigError, match="'fair'"):
        make_split(table(1, 1), "fair", 0.1, 1)
