import numpy as np
import pandas as pd
import pytest

from lensflow.cluster.clusterers import fit
from lensflow.evaluate.resampling import TABLE1_RATIOS
from lensflow.paper.clusters import count_clusters, count_clusters_stage, describe_clusters
from lensflow.paper.numbers import CLUSTER_COUNTS, N_CLUSTERS, TABLE2, Entry
from lensflow.paper.tables import among_best, ranking_table, table1, table1_stage, table2


def sample_of(fractions, size=10):
    """Clusters of ``size`` members whose lens fractions are given."""
    cluster = np.repeat(np.arange(len(fractions)), size)
    is_lens = np.concatenate([np.arange(size) < round(f * size) for f in fractions])
    return cluster, is_lens.astype(int)


def test_clusters_at_the_limits_belong_to_the_class_that_the_limit_names():
    described = describe_clusters(*sample_of([0.6, 0.5, 0.4, 0.3, 0.1]), n_clusters=6)
    assert described["kind"].tolist() == [
        *("lens", "uncertain", "non_lens", "non_lens", "non_lens", "empty"),
    ]
    assert described["n_members"].tolist() == [10, 10, 10, 10, 10, 0]
    np.testing.assert_allclose(described["lens_fraction"][:5], [0.6, 0.5, 0.4, 0.3, 0.1])
    assert np.isnan(described["lens_fraction"][5])
    np.testing.assert_allclose(described["lens_share"], np.array([6, 5, 4, 3, 1, 0]) / 19)


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


def test_unknown_classes_do_not_count_and_a_sample_without_lenses_has_no_share():
    described = describe_clusters([0, 0, 1, 1], [0, -1, 0, -1], n_clusters=2)
    assert described["n_members"].tolist() == [1, 1]
    assert described["lens_share"].isna().all()
    assert described["non_lens_fraction"].tolist() == [1.0, 1.0]
    assert count_clusters(described)["lens_share_60"] == 0


def test_the_papers_own_counts_add_up():
    counts = {name: published.value for name, published in CLUSTER_COUNTS.items()}
    assert counts["lens_60"] + counts["non_lens_60"] + counts["uncertain"] == N_CLUSTERS


def test_count_clusters_stage_writes_a_row_a_run(tmp_path):
    generator = np.random.default_rng(0)
    scores, mixtures = [], []
    for run in range(2):
        folder = tmp_path / f"log/features_2/run_{run}"
        folder.mkdir(parents=True)
        points = generator.normal(size=(60, 2))
        fitted = fit("scikit-learn", points, n_components=2, seed=run, tol=1.0)
        fitted.save(folder / "mixture.h5")
        table = pd.DataFrame({"id": "1", "is_lens": [1, 1, 0, 0, 0], "cluster": [0, 0, 0, 1, 1]})
        table.to_csv(folder / "scores_train.csv", index=False)
        scores.append(folder / "scores_train.csv")
        mixtures.append(folder / "mixture.h5")
    count_clusters_stage(scores, mixtures, tmp_path / "clusters.csv", tmp_path / "counts.csv")
    counts = pd.read_csv(tmp_path / "counts.csv")
    assert counts["run"].tolist() == [0, 1]
    assert counts["lens_share_60"].tolist() == [1.0, 1.0]
    assert len(pd.read_csv(tmp_path / "clusters.csv")) == 4


def test_table_1_of_the_papers_test_sample_is_the_papers_table():
    is_lens = np.repeat([1, 0], [1168, 11328])
    table = table1(is_lens, seed=1)
    assert (table["n_lens"] == table["paper_n_lens"]).all()
    assert (table["n_nonlens"] == table["paper_n_nonlens"]).all()
    assert table["n_nonlens"].iloc[-1] == 11_680_000
    assert table["n_nonlens_images"].iloc[-1] == 11328
    assert table["n_nonlens_images"].iloc[0] <= 1168


def test_table_1_reads_the_test_sample_of_the_split(tmp_path):
    split = pd.DataFrame(
        {"sample": ["train"] * 3 + ["test"] * 5, "is_lens": [1, 1, 0, 1, 1, 0, 0, 0]}
    )
    split.to_csv(tmp_path / "split.csv", index=False)
    table1_stage(tmp_path / "split.csv", tmp_path / "table1.csv", seed=1)
    table = pd.read_csv(tmp_path / "table1.csv")
    assert table["n_nonlens"].tolist() == [2 * ratio for ratio in TABLE1_RATIOS]


def test_among_best_shares_a_tie():
    found = among_best([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1], np.ones(4), [1, 2, 3, 4])
    np.testing.assert_allclose(found, [1, 1.5, 2, 2])


def test_ranking_of_a_perfect_and_of_a_useless_score():
    is_lens = np.repeat([1, 0], [10, 40])
    perfect = pd.DataFrame({"is_lens": is_lens, "p_lens_known": is_lens.astype(float)})
    useless = perfect.assign(p_lens_known=0.5)
    table = ranking_table([perfect, useless], "p_lens_known", [100], seed=1)
    assert table["selection"].tolist() == ["best 10", "best 100", "best 1000", "p > 0.5"]
    first = table.iloc[0]
    assert first["n_nonlens"] == 1000
    assert first["purity_max"] == 1
    assert first["purity_min"] == pytest.approx(10 / 1010)
    assert first["completeness_max"] == 1
    above = table.iloc[-1]
    assert above["contamination_min"] != above["contamination_min"]  # a run without a candidate
    alone = ranking_table([perfect], "p_lens_known", [1], seed=1).iloc[-1]
    assert (alone["purity_mean"], alone["contamination_mean"]) == (1, 0)


def test_table_2_puts_our_rows_in_order_and_the_training_rows_last():
    ours = Entry("ours", "", 0.77, 0.0, 0.1, "")._asdict()
    table = table2([{**ours, "auc_min": 0.75}], [{**ours, "name": "*ours", "auc": 0.9}])
    names = table["name"].tolist()
    assert names.index("ours") == names.index("NeuralNet2") - 1
    assert names[-2:] == ["*Unsupervised technique", "*ours"]
    assert len(table) == len(TABLE2) + 3
    assert table["auc_min"].notna().sum() == 1
    body = table["auc"].iloc[:-2]
    assert body.is_monotonic_decreasing
