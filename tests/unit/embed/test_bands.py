"""Fitted encoders join the bands of an image, and refuse those of other bands."""

import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.embed.encoders import ENCODERS
from lensflow.embed.fitting import fit_encoder
from lensflow.embed.images import embed_images
from lensflow.embed.pca import PcaEncoder
from lensflow.embed.polar import PolarEncoder
from lensflow.errors import ArtifactError, ConfigError
from lensflow.samples.bands import bands_attribute
from lensflow.samples.rows import MEASURES
from lensflow.samples.stacks import write_stack
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


def write_images(folder, bands):
    """Write a stack and an image shard of the same images, whose bands are said to be these."""
    images = np.random.default_rng(1).normal(size=(12, 2, 9, 9)).astype("f4")
    ids = [f"o{number:02}" for number in range(12)]
    rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": -1})
    attrs = {"stage": ENCODERS["pca"].input_stage, "shard": 0, **bands_attribute(bands)}
    stack = folder / f"stack_{'_'.join(bands)}.h5"
    write_stack(stack, rows, [images], 9, "linear", "images", attrs)
    path = folder / f"images_{'_'.join(bands)}.h5"
    with artifacts.create(
        path, "images", {"state": "denoised", **bands_attribute(bands)}
    ) as writer:
        writer.dataset("flux", images, compress=False)
        writer.dataset("sky_sigma", np.full((12, 2), np.nan, "f4"))
        writer.strings("id", ids)
        known = rows[["is_lens"]].assign(**dict.fromkeys(MEASURES, np.nan))
        artifacts.write_table(writer, "catalogue", known)
    return stack, path


def test_the_same_bands_in_another_order_are_refused(tmp_path):
    stack, images = write_images(tmp_path, ["VIS", "Y"])
    _, others = write_images(tmp_path, ["Y", "VIS"])
    encoder = tmp_path / "encoder.h5"
    fit_encoder("pca", [stack], {}, 3, 1, encoder)
    made = (None, "pca", encoder, {"image_size": 9}, 3, "linear", tmp_path / "embeddings.h5")
    embed_images(images, *made)
    with pytest.raises(ArtifactError, match=r"has images of Y VIS, and .* from images of VIS Y"):
        embed_images(others, *made)
