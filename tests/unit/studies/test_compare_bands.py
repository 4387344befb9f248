"""What bands add is measured on the same objects, in some of the bands that were simulated."""

import numpy as np
import pytest

from lensflow.studies.compare_bands import CHOICES, features_of, seen
from lensflow.studies.compare_encoders import Sample, simulated

ALL = CHOICES[-1]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("compared")


@pytest.fixture(scope="module")
def samples(work):
    return {"train": simulated(work, Sample("training", 500, 40, ALL))}


def test_objects_are_the_same_in_one_band_and_in_all(work, samples):
    images, table = samples["train"]
    alone, known = simulated(work, Sample("training", 500, 3))
    assert images.shape == (40, 4, 101, 101)
    assert (seen(images[:3], ("VIS",)) == alone).all()
    assert (seen(images, ("VIS", "H"))[:, 1] == images[:, 3]).all()
    assert table[:3].equals(known)


def test_features_are_of_the_bands_that_are_seen(samples):
    found = {bands: features_of(samples, bands, 3, 1)["train"] for bands in CHOICES}
    for features in found.values():
        assert features.shape == (40, 3)
        assert np.isfinite(features).all()
    assert not np.allclose(found[("VIS",)], found[ALL])
