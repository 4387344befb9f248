import pytest

from unit.figures.small_sample import write_small_sample
from unit.report.report_fixtures import make_experiment


@pytest.fixture(scope="session")
def paths(tmp_path_factory):
    """An experiment that was made up, for figures that only read it."""
    return make_experiment(tmp_path_factory.mktemp("results"), n=60, n_features=6)


@pytest.fixture
def files(tmp_path):
    return tmp_path / "figure.png", tmp_path / "figure.pdf"


@pytest.fixture
def small_sample(tmp_path):
    # Cluster 0: 3 lenses, 1 non-lens. Cluster 1: 1 lens, 3 non-lenses. Cluster 2: one unknown.
    is_lens = [1, 1, 1, 0, 1, 0, 0, 0, -1]
    cluster = [0, 0, 0, 0, 1, 1, 1, 1, 2]
    offsets = [[4, 0], [0, 1], [3, 0], [2, 0], [1, 1], [0, 0], [0, 2], [3, 3], [0, 0]]
    return write_small_sample(tmp_path, is_lens, cluster, offsets, n_clusters=4)
