import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from edited import edited
from lensflow.cluster import clusterers
from lensflow.cluster.clusterers import CLUSTERERS
from lensflow.errors import ArtifactError, ConfigError

SCHEMA = Path(__file__).resolve().parents[3] / "workflow/schemas/config.schema.yaml"


def points():
    """Two clusters of 40 points, 20 standard deviations apart."""
    return np.random.default_rng(0).normal(size=(80, 2)) + 20.0 * (np.arange(80) < 40)[:, None]


@pytest.fixture(params=sorted(CLUSTERERS))
def fitted(request):
    return clusterers.fit(request.param, points(), n_components=2, seed=0, tol=0.1)


def test_the_schema_knows_the_same_clusterers():
    mixture = yaml.safe_load(SCHEMA.read_text())["$defs"]["mixture"]
    assert set(mixture["properties"]["engine"]["enum"]) == set(CLUSTERERS)


def test_every_clusterer_keeps_the_protocol(fitted, tmp_path):
    x = points()
    assert (fitted.n_components, fitted.n_features) == (2, 2)
    fitted.save(tmp_path / "mixture.h5")
    loaded = clusterers.load(tmp_path / "mixture.h5")
    assert loaded.hash == fitted.hash
    labels = loaded.labels(x)
    assert (labels[:40] == labels[0]).all()
    assert (labels[40:] == 1 - labels[0]).all()
    np.testing.assert_allclose(loaded.responsibilities(x).sum(axis=1), 1.0)
    assert loaded.log_density(x + 100.0).max() < loaded.log_density(x).min()
    chunks = list(loaded.iterate(x))
    np.testing.assert_array_equal(np.concatenate([c.clusters for c in chunks]), labels)


def test_the_summary_says_what_the_report_shows(fitted):
    found = fitted.summary()
    assert found["engine"] in CLUSTERERS
    assert (found["n_components"], found["n_used"]) == (2, 2)
    assert (found["n_features"], found["n_samples"]) == (2, 80)
    assert found["converged"] is True
    assert found["n_iter"] >= 1


def test_components_of_at_most_a_hundredth_of_the_weight_are_not_used(fitted):
    fitted = dataclasses.replace(fitted, weights=np.array([0.99, 0.01]))
    assert fitted.summary()["n_used"] == 1


def test_an_unknown_clusterer_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="'fast' is unknown; choose one of lensflow, sci"):
        clusterers.fit("fast", points(), n_components=2, seed=0)
    path = tmp_path / "mixture.h5"
    clusterers.fit("lensflow", points(), n_components=2, seed=0, tol=0.1).save(path)
    with edited(path) as file:
        file.attrs["engine"] = "future"
    with pytest.raises(ArtifactError, match="made by the clusterer 'future', known are"):
        clusterers.load(path)
