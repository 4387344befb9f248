import numpy as np
import pytest

from lensflow.evaluate import bootstrap
from lensflow.evaluate.metrics import Ranking, all_metrics
from lensflow.seeds import rng


def test_bootstrap_draws_objects_within_their_class():
    ids = np.repeat([f"{i}" for i in range(50)], 3)
    is_lens = np.repeat(np.arange(50) < 20, 3).astype(int)
    drawn = bootstrap.bootstrap_weights(ids, is_lens, 200, rng(0, "test"))
    by_object = drawn.reshape(200, 50, 3)
    assert (by_object == by_object[:, :, :1]).all()
    assert (by_object[:, :20, 0].sum(axis=1) == 20).all()
    assert (by_object[:, 20:, 0].sum(axis=1) == 30).all()
    assert by_object.mean(axis=(0, 2)) == pytest.approx(np.ones(50), abs=0.4)


def test_bootstrap_interval_has_the_width_of_the_sampling_error():
    """For the recall of 400 independent lenses the interval is twice the binomial error."""
    noise = np.random.default_rng(0)
    is_lens = np.repeat([1, 0], 400)
    p = noise.random(800)
    ids = np.arange(800).astype(str)
    drawn = bootstrap.bootstrap_weights(ids, is_lens, 1000, rng(0, "test"))
    low, high = np.percentile(all_metrics(is_lens, p, drawn)["recall"], bootstrap.INTERVAL)
    assert high - low == pytest.approx(2 * np.sqrt(0.25 / 400), rel=0.1)


def test_blocks_of_draws_change_nothing(monkeypatch):
    noise = np.random.default_rng(0)
    is_lens = noise.integers(2, size=50)
    ranking, ids = Ranking(is_lens, noise.random(50)), np.arange(50).astype(str)
    drawn = bootstrap.bootstrap_weights(ids, is_lens, 7, rng(0, "test"))
    whole = bootstrap.bootstrap_metrics(ranking, drawn, np.ones(50))
    monkeypatch.setattr(bootstrap, "WEIGHTS_AT_ONCE", 100)
    parts = bootstrap.bootstrap_metrics(ranking, drawn, np.ones(50))
    for name, values in whole.items():
        np.testing.assert_array_equal(parts[name], values)


def test_a_draw_without_the_metric_does_not_count():
    values = np.array([np.nan, *np.linspace(0, 1, 101)])
    assert bootstrap.interval(values) == pytest.approx((0.16, 0.84))
    assert np.isnan(bootstrap.interval(np.array([np.nan]))).all()
