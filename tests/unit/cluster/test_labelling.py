import numpy as np
import pytest

from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.labelling import label_clusters_stage
from lensflow.errors import ConfigError, LabelError
from lensflow.samples.embeddings import read_embeddings
from unit.cluster.conftest import JUDGED, write_classes


def test_tables_count_members_and_say_who(folder):
    mixture = clusterers.load(folder / "mixture.h5")
    for judgement, n_seen in (("known", 30), ("stand_in", 25)):
        table = cluster_labels.read(folder / f"{judgement}.csv", mixture.hash, 2)
        assert set(table["who"]) == {f"lensflow {judgement}"}
        assert table["n_members"].tolist() == ["30", "30"]
        assert table["n_inspected"].tolist() == [str(n_seen)] * 2


def test_unknown_classes_cannot_be_judged_by_labels(folder):
    write_classes(folder / "unknown.h5", known=False)
    for judgement in JUDGED:
        with pytest.raises(LabelError):
            label_clusters_stage(
                folder / "mixture.h5", [folder / "unknown.h5"], folder / "x.csv", judgement, seed=0
            )


def test_unknown_method_is_refused(folder):
    with pytest.raises(ConfigError, match="choose counted or injected or known or stand_in"):
        label_clusters_stage(
            folder / "mixture.h5", [folder / "shard_0.h5"], folder / "x.csv", "guess", seed=0
        )


def test_counted_lenses_stand_in_the_table_in_place_of_a_probability(folder):
    path, shards = folder / "counted.csv", [folder / "shard_0.h5", folder / "shard_1.h5"]
    label_clusters_stage(folder / "mixture.h5", shards, path, "counted", 0)
    mixture = clusterers.load(folder / "mixture.h5")
    table = cluster_labels.read(path, mixture.hash, 2, prior=(1.0, 1.0))
    assert sorted(table["n_lenses"]) == ["0", "25"]
    np.testing.assert_allclose(sorted(table["probability"]), [1 / 27, 26 / 27])
    assert (table["who"] == "lensflow counted").all()


def test_injected_lenses_judge_a_survey_of_unknown_classes(folder):
    """Of the simulated dataset the lenses alone count, and no class of the survey is read."""
    write_classes(folder / "unknown.h5", known=False)
    label_clusters_stage(
        folder / "mixture.h5",
        [folder / "unknown.h5"],
        folder / "injected.csv",
        "injected",
        seed=0,
        injected_paths=[folder / "shard_0.h5"],
    )
    mixture = clusterers.load(folder / "mixture.h5")
    table = cluster_labels.read(folder / "injected.csv", mixture.hash, 2)
    assert table["n_members"].astype(int).sum() == len(read_embeddings([folder / "unknown.h5"])[0])
    assert set(table["n_inspected"]) == {"0"}
    x, rows = read_embeddings([folder / "shard_0.h5"])
    lens_cluster = np.bincount(mixture.labels(x[rows["is_lens"] == 1])).argmax()
    assert table["probability"].astype(float).idxmax() == lens_cluster


def test_a_survey_without_injections_is_refused(folder):
    write_classes(folder / "none.h5", known=False)
    with pytest.raises(LabelError, match="0 injected lenses"):
        label_clusters_stage(
            folder / "mixture.h5",
            [folder / "none.h5"],
            folder / "x.csv",
            "injected",
            seed=0,
            injected_paths=[folder / "none.h5"],
        )
