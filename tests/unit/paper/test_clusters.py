import numpy as np
import pandas as pd
import pytest

from lensflow.cluster.clusterers import fit
from lensflow.cluster.makeup import describe_clusters
from lensflow.paper.clusters import count_clusters, count_clusters_stage
from lensflow.paper.numbers import CLUSTER_COUNTS, N_CLUSTERS


def sample_of(fractions, size=10):
    """Clusters of ``size`` members whose lens fractions are given."""
    cluster = np.repeat(np.arange(len(fractions)), size)
    is_lens = np.concatenate([np.arange(size) < round(f * size) for f in fractions])
    return cluster, is_lens.astype(int)


def test_counts_of_hand_made_clusters():
    described = describe_clusters(*sample_of([1.0, 0.6, 0.5, 0.4, 0.3, 0.1, 0.0]), n_clusters=8)
    assert count_clusters(described) == {
        "n_clusters": 8,
        "n_empty": 1,
        "lens_60": 2,
        "non_lens_60": 4,
        "non_lens_70": 3,
        "non_lens_90": 2,
        "uncertain": 1,
        "lens_share_60": pytest.approx(16 / 29),
    }


def test_a_sample_without_lenses_has_none_in_its_clusters():
    described = describe_clusters([0, 0, 1, 1], [0, -1, 0, -1], n_clusters=2)
    assert count_clusters(described)["lens_share_60"] == 0


def test_the_papers_own_counts_add_up():
    counts = {name: published.value for name, published in CLUSTER_COUNTS.items()}
    assert counts["lens_60"] + counts["non_lens_60"] + counts["uncertain"] == N_CLUSTERS


def test_count_clusters_stage_writes_a_row_a_run(tmp_path):
    generator = np.random.default_rng(0)
    scores, mixtures = [], []
    runs = [("log", 2, 0), ("log", 2, 1)]
    for run in range(2):
        folder = tmp_path / f"any_{run}"
        folder.mkdir(parents=True)
        points = generator.normal(size=(60, 2))
        fitted = fit("scikit-learn", points, n_components=2, seed=run, tol=1.0)
        fitted.save(folder / "mixture.h5")
        table = pd.DataFrame({"id": "1", "is_lens": [1, 1, 0, 0, 0], "cluster": [0, 0, 0, 1, 1]})
        table.to_csv(folder / "scores_train.csv", index=False)
        scores.append(folder / "scores_train.csv")
        mixtures.append(folder / "mixture.h5")
    count_clusters_stage(runs, scores, mixtures, tmp_path / "clusters.csv", tmp_path / "counts.csv")
    counts = pd.read_csv(tmp_path / "counts.csv")
    assert counts["run"].tolist() == [0, 1]
    assert counts["lens_share_60"].tolist() == [1.0, 1.0]
    assert len(pd.read_csv(tmp_path / "clusters.csv")) == 4
