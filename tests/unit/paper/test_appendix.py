import numpy as np
import pandas as pd
import pytest

from lensflow.cluster.clusterers import fit
from lensflow.paper.appendix import measure_stage, separation
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.rows import MEASURES


def test_perfect_separation_with_all_blank_images_in_one_cluster():
    found = separation([0, 0, 1, 2, 2], [0, 0, 1, 1, 1], n_clusters=4)
    assert found == {
        "n_images": 5,
        "n_clusters": 4,
        "n_empty": 1,
        "purity": 1.0,
        "non_lenses_together": 1.0,
        "lenses_among_them": 0.0,
    }


def test_purity_counts_the_majority_of_each_cluster():
    found = separation([0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 0, 1, 1, -1], n_clusters=2)
    assert found["purity"] == pytest.approx(4 / 6)
    assert found["non_lenses_together"] == pytest.approx(2 / 3)
    assert found["lenses_among_them"] == pytest.approx(1 / 3)


def test_without_non_lenses_nothing_is_said_of_them():
    assert np.isnan(separation([0, 1], [1, 1], 2)["non_lenses_together"])


def test_measure_stage_writes_the_run_beside_its_purity(tmp_path):
    is_lens = np.arange(60) % 2
    points = is_lens[:, None] + np.random.default_rng(0).normal(0, 0.02, (60, 2))
    rows = pd.DataFrame({"id": np.arange(60).astype(str), "rotation": 0, "is_lens": is_lens})
    rows = rows.assign(**dict.fromkeys(MEASURES, np.nan))
    write_embeddings(tmp_path / "embeddings.h5", rows, [points], 2)
    chosen = {"n_components": 2, "seed": 1, "tol": 1.0}
    fit("scikit-learn", points, **chosen).save(tmp_path / "mixture.h5")
    measure_stage(
        [("linear", 20, 0)],
        [[tmp_path / "embeddings.h5"]],
        [tmp_path / "mixture.h5"],
        tmp_path / "appendix_a.csv",
    )
    row = pd.read_csv(tmp_path / "appendix_a.csv").iloc[0]
    assert (row["scale"], row["n_features"], row["run"]) == ("linear", 20, 0)
    assert (row["purity"], row["non_lenses_together"]) == (1, 1)
