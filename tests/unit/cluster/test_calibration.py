import numpy as np
import pytest
from scipy import special

from lensflow.cluster.calibration import (
    Calibration,
    read_calibrations,
    reproduce_fractions,
    write_calibrations,
)

FRACTIONS = np.array([0.03, 0.2, 0.45, 0.7, 0.98])


def clustered(n):
    clusters = np.arange(5 * n) % 5
    return clusters, FRACTIONS[clusters]


@pytest.mark.parametrize(("factor", "shift"), [(2.0, 0.0), (0.7, 0.4), (1.0, 0.0)])
def test_logits_that_are_a_multiple_of_the_clusters_are_taken_back_exactly(factor, shift):
    clusters, p_clusters = clustered(20)
    found = reproduce_fractions(factor * special.logit(p_clusters) + shift, clusters, p_clusters)
    assert found.slope == pytest.approx(1 / factor, rel=1e-3)
    assert found.offset == pytest.approx(-shift / factor, abs=2e-3)


def test_a_sum_that_promises_too_much_is_calibrated_without_labels():
    """A teacher knows the cluster, a student that and more; the truth is drawn and not shown."""
    rng = np.random.default_rng(0)
    clusters, p_clusters = clustered(40_000)
    truth = special.logit(p_clusters) * 1.2 + rng.normal(0, 1.0, clusters.size)
    is_lens = rng.random(clusters.size) < special.expit(truth)
    judged = np.bincount(clusters, is_lens) / np.bincount(clusters)
    added = special.logit(judged[clusters]) + truth
    found = reproduce_fractions(added, clusters, judged[clusters])

    def brier(logits):
        return np.mean((special.expit(logits) - is_lens) ** 2)

    assert 0.4 < found.slope < 0.7
    assert brier(found.of(added)) < brier(added) - 0.005
    # Of what slopes could give, it is near the best, which was found with the truth.
    assert brier(found.of(added)) < min(brier(s * added) for s in np.linspace(0.3, 1, 15)) + 0.002


def test_the_order_stays_and_nothing_is_no_matter():
    rng = np.random.default_rng(1)
    clusters, p_clusters = clustered(50)
    logits = rng.normal(0, 3, clusters.size)
    found = reproduce_fractions(logits, clusters, p_clusters)
    assert found.slope > 0
    assert (np.argsort(found.of(logits)) == np.argsort(logits)).all()
    assert reproduce_fractions([], [], []) == Calibration(1.0, 0.0)


def test_a_table_holds_them(tmp_path):
    found = {"known": Calibration(0.5, -0.125), "person": Calibration(1.0, 0.0)}
    write_calibrations(tmp_path / "c.csv", found, 10, 5)
    assert read_calibrations(tmp_path / "c.csv") == found
