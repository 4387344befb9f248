"""Look-alikes, beside scikit-learn's nearest neighbours."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from lensflow.apply.similar import look_alikes, row_of, standardised
from lensflow.errors import ArtifactError


@pytest.fixture
def features():
    draw = np.random.default_rng(4)
    return draw.normal(size=(60, 5)) * [1, 10, 0.1, 1, 100] + [0, 5, 0, -3, 1]


def test_features_are_standardised_as_scikit_learn_does(features):
    np.testing.assert_allclose(standardised(features), StandardScaler().fit_transform(features))


def test_a_dead_feature_counts_nothing(features):
    dead = np.column_stack([features, np.full(60, 7.0)])
    np.testing.assert_allclose(standardised(dead)[:, -1], 0)
    np.testing.assert_allclose(standardised(dead)[:, :-1], standardised(features))


def test_look_alikes_are_scikit_learns_nearest_neighbours(features):
    points = standardised(features)
    distances, rows = NearestNeighbors(n_neighbors=9).fit(points).kneighbors(points)
    for row in range(60):
        found, far = look_alikes(points, row, 8)
        assert found.tolist() == rows[row][1:].tolist()
        np.testing.assert_allclose(far, distances[row][1:])


def test_a_duplicate_is_the_first_look_alike_and_nothing_is_its_own(features):
    features[40] = features[3]
    rows, distances = look_alikes(standardised(features), 3, 100)
    assert rows[0] == 40
    assert distances[0] == 0
    assert sorted(rows) == [row for row in range(60) if row != 3]


def test_an_unknown_id_is_refused_with_one_that_is_known():
    ids = np.array(["a1", "a2", "a2"])
    assert row_of(ids, "a2") == 1
    with pytest.raises(ArtifactError, match=r"no object 'b'.*the first is called 'a1'"):
        row_of(ids, "b")
