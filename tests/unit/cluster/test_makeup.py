import numpy as np

from lensflow.cluster.makeup import describe_clusters


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
    assert described["n_lenses"].tolist() == [6, 5, 4, 3, 1, 0]
    np.testing.assert_allclose(described["lens_fraction"][:5], [0.6, 0.5, 0.4, 0.3, 0.1])
    assert np.isnan(described["lens_fraction"][5])
    np.testing.assert_allclose(described["lens_share"], np.array([6, 5, 4, 3, 1, 0]) / 19)


def test_unknown_classes_do_not_count_and_a_sample_without_lenses_has_no_share():
    described = describe_clusters([0, 0, 1, 1], [0, -1, 0, -1], n_clusters=2)
    assert described["n_images"].tolist() == [2, 2]
    assert described["n_members"].tolist() == [1, 1]
    assert described["lens_share"].isna().all()
    assert described["non_lens_fraction"].tolist() == [1.0, 1.0]


def test_a_cluster_of_unknown_classes_is_empty_of_members():
    described = describe_clusters([0, 1], [1, -1], n_clusters=2)
    assert described["kind"].tolist() == ["lens", "empty"]
    assert described["n_images"].tolist() == [1, 1]
