import numpy as np
import pytest

from lensflow import artifacts
from lensflow.cluster.clusterers import fit
from lensflow.figures.clusters_sources import by_appearance, light_radius, source_columns
from lensflow.figures.members import Cluster
from unit.report.report_fixtures import make_objects, write_dataset


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


def test_the_sheet_of_sources_is_drawn(sources):
    folder, shards = sources
    png, pdf = folder / "sources.png", folder / "sources.pdf"
    source_columns([folder / "embeddings.h5"], folder / "mixture.h5", shards, png, pdf, seed=0)
    assert png.read_bytes()[1:4] == b"PNG"
    assert pdf.read_bytes()[:4] == b"%PDF"
