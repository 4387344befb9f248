import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.cluster.clusterers import fit
from lensflow.figures.clusters_sources import by_appearance, light_radius, source_columns
from lensflow.figures.members import Cluster
from lensflow.paper.appendix import measure_stage, separation
from unit.report.report_fixtures import make_objects, write_dataset


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


def test_light_radius_of_a_ring_and_of_nothing():
    y, x = np.indices((41, 41)) - 20
    ring = (np.abs(np.hypot(y, x) - 10) < 0.5).astype(float)
    assert light_radius(ring[None]) == pytest.approx(10, abs=0.2)
    assert light_radius(np.zeros((2, 5, 5))) == 0


def test_non_lenses_come_first_then_rings_by_their_radius():
    def cluster(number, fraction):
        return Cluster(number, (), (), 1, fraction, 1 - fraction, 0.0, "uncertain")

    images = {k: np.zeros((1, 9, 9)) for k in range(3)}
    images[1][0, 4, 8] = images[2][0, 4, 5] = 1
    ordered = by_appearance([cluster(1, 1.0), cluster(0, 0.0), cluster(2, 0.9)], images)
    assert [c.number for c in ordered] == [0, 2, 1]


@pytest.fixture
def sources(tmp_path):
    """Embeddings of 60 source-only images by two numbers, and a mixture of two clusters."""
    ids, catalogue, flux, source = make_objects(60)
    source[catalogue["is_lens"] == 0] = 0
    _, shards = write_dataset(tmp_path, ids, catalogue, flux, source)
    is_lens = catalogue["is_lens"].to_numpy()
    points = is_lens[:, None] + np.random.default_rng(0).normal(0, 0.02, (60, 2))
    with artifacts.create(tmp_path / "embeddings.h5", "embeddings") as writer:
        writer.dataset("embedding", points.astype("f4"))
        writer.strings("id", ids)
        writer.dataset("rotation", np.zeros(60, np.int8))
        writer.dataset("is_lens", is_lens)
    fit("scikit-learn", points, n_components=2, seed=1, tol=1.0).save(tmp_path / "mixture.h5")
    return tmp_path, shards


def test_measure_stage_writes_the_run_beside_its_purity(sources):
    folder, _ = sources
    measure_stage(
        [[folder / "embeddings.h5"]],
        [folder / "mixture.h5"],
        [("linear", 20, 0)],
        folder / "appendix_a.csv",
    )
    row = pd.read_csv(folder / "appendix_a.csv").iloc[0]
    assert (row["scale"], row["n_features"], row["run"]) == ("linear", 20, 0)
    assert (row["purity"], row["non_lenses_together"]) == (1, 1)


def test_the_sheet_of_sources_is_drawn(sources):
    folder, shards = sources
    png, pdf = folder / "sources.png", folder / "sources.pdf"
    source_columns([folder / "embeddings.h5"], folder / "mixture.h5", shards, png, pdf, seed=0)
    assert png.read_bytes()[1:4] == b"PNG"
    assert pdf.read_bytes()[:4] == b"%PDF"
