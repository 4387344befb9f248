"""Fitted encoders join the bands of an image, and refuse those of other bands."""

import numpy as np
import pytest

from lensflow.embed.pca import PcaEncoder
from lensflow.embed.polar import PolarEncoder
from lensflow.errors import ConfigError
from lensflow.simulate.population import load
from lensflow.simulate.shards import simulate_object

BANDS, N = ("VIS", "Y", "H"), 60


@pytest.fixture(scope="module")
def images():
    made = [simulate_object(load("training"), 1, 800 + i, BANDS) for i in range(N)]
    return np.stack([np.stack([m["public"], *m["other_bands"].values()]) for m in made])


@pytest.fixture(scope="module")
def polar(images):
    return PolarEncoder.fit([(images, [str(i) for i in range(N)])], 4, 1, n_views=2)


def test_polar_features_see_all_bands(images, polar, tmp_path):
    assert polar.mean.shape == (3 * 216,)
    features = polar.encode(images)
    changed = images.copy()
    changed[:, 2] = changed[::-1, 2]
    assert np.abs(polar.encode(changed) - features).max() > 1e-2
    turned = polar.encode(np.rot90(images, axes=(-2, -1))[..., ::-1])
    np.testing.assert_allclose(turned, features, atol=1e-3)
    polar.save(tmp_path / "polar.h5")
    assert (PolarEncoder.load(tmp_path / "polar.h5").encode(images) == features).all()
    for other in (images[:, 0], images[:, :2]):
        with pytest.raises(ConfigError, match=r"fitted to images of 3 band\(s\), received"):
            polar.encode(other)


def test_principal_components_see_all_bands(images):
    encoder = PcaEncoder.fit([images], N, 4, 1)
    assert encoder.mean.shape == (3 * 101 * 101,)
    flat = PcaEncoder.fit([images.reshape(N, 3 * 101, 101)], N, 4, 1)
    assert (encoder.encode(images) == flat.encode(images.reshape(N, 3 * 101, 101))).all()
    with pytest.raises(ConfigError, match="the bands that they were fitted to"):
        encoder.encode(images[:, :2])
