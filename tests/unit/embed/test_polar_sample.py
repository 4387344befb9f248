"""Which objects an encoder is fitted to, and their views."""

import itertools

import numpy as np
import pytest

from lensflow.embed import polar_sample
from lensflow.embed.polar import PolarEncoder
from lensflow.errors import TrainingError
from lensflow.prepare.views import altered

N_OBJECTS = 240


@pytest.fixture(scope="module")
def images(training_objects):
    return np.stack([made["public"] for made in training_objects[:N_OBJECTS]])


def names(n=N_OBJECTS):
    return [str(row) for row in range(n)]


def test_large_samples_are_drawn_from_by_the_seed(images, monkeypatch):
    monkeypatch.setattr(polar_sample, "OBJECTS_AT_MOST", 40)
    order = np.random.default_rng(1).permutation(N_OBJECTS)
    ids = np.array(names())
    first = PolarEncoder.fit([(images, ids)], n_features=4, seed=1)
    twice = itertools.chain([(images[order], ids[order])], [(images, ids)])
    again = PolarEncoder.fit(twice, n_features=4, seed=1)
    assert first.n_objects == again.n_objects == 40
    np.testing.assert_array_equal(first.directions, again.directions)
    other = PolarEncoder.fit([(images, ids)], n_features=4, seed=2)
    assert not np.allclose(first.mean, other.mean)


def test_views_that_are_not_finite_are_refused(images, monkeypatch):
    def overflowing(batch, *others):
        view = altered(batch, *others)
        view[1] = np.inf
        return view

    monkeypatch.setattr(polar_sample, "altered", overflowing)
    with pytest.raises(TrainingError, match="1 of 20 images have pixels too large"):
        PolarEncoder.fit([(images[:20], names(20))], n_features=4, seed=1, n_views=2)
