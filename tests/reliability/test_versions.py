"""Artifacts of each format version are read for ever; those of a newer one are refused by name."""

import logging
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from lensflow import artifacts
from lensflow.artifacts.describing import describe
from lensflow.cluster import clusterers
from lensflow.embed.pca import PcaEncoder
from lensflow.embed.polar import PolarEncoder
from lensflow.errors import ArtifactError
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.images import open_images, read_index
from lensflow.samples.stacks import open_stack

OLD = Path(__file__).parent / "version_1"
IDS = [f"{number:02d}" for number in range(8)]
KINDS = ["manifest", "images", "index", "stack", "embeddings", "mixture", "encoder", "examples"]


def old(kind):
    return OLD / ("encoder_pca.h5" if kind == "encoder" else f"{kind}.h5")


def test_tables_and_images_of_version_1():
    with artifacts.open(old("manifest"), "manifest") as file:
        assert artifacts.read_strings(file, "path").tolist() == [f"{i}.fits" for i in IDS]
    with open_images(old("images")) as images:
        assert images.rows()["id"].tolist() == IDS
        assert images.flux().shape == (8, 13, 13)
        assert np.isfinite(images.flux(3)).all()
    assert read_index(old("index"), ["row"])["row"].tolist() == list(range(8))
    with open_stack(old("stack"), "denoised") as stack:
        assert sum(len(block) for block in stack.blocks(3)) == 8
    with artifacts.open(old("examples"), "examples") as file:
        assert artifacts.read(file, "reconstruction").shape == (8, 13, 13)


def test_models_of_version_1():
    features, rows = read_embeddings([old("embeddings")])
    assert rows["id"].tolist() == IDS
    mixture = clusterers.load(old("mixture"))
    assert mixture.responsibilities(features).sum() == pytest.approx(8)
    with open_stack(old("stack")) as stack:
        assert PcaEncoder.load(OLD / "encoder_pca.h5").encode(stack.images()).shape == (8, 2)
    assert PolarEncoder.load(OLD / "encoder_polar.h5").n_features == 2


@pytest.mark.slow
@pytest.mark.parametrize(("network", "n_features"), [("denoiser", None), ("autoencoder", 3)])
def test_weights_of_version_1(network, n_features):
    from lensflow.networks.inference import load_network
    from unit.embed.test_stages import PRESET

    loaded = load_network(network, PRESET, OLD / f"{network}.weights.h5", n_features)
    with h5py.File(OLD / f"{network}.weights.h5") as file:
        stored = [file[name][:] for name in sorted(names(file))]
    found = [np.asarray(weights) for weights in loaded.model.get_weights()]
    assert sorted(map(np.sum, found)) == pytest.approx(sorted(map(np.sum, stored)))


def names(file):
    found = []
    file.visititems(lambda name, item: found.append(name) if hasattr(item, "dtype") else None)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_verified_is_said(kind, caplog):
    caplog.set_level(logging.INFO)
    with artifacts.open(old(kind), kind):
        pass
    assert "format version 1, without checksums: not verified" in caplog.text
    assert "not verified" in describe(old(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_version_is_refused_by_name(tmp_path, kind):
    path = Path(shutil.copy(old(kind), tmp_path))
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 3
    with (
        pytest.raises(ArtifactError, match=f"{path.name}: root attribute format_version is 3, 2"),
        artifacts.open(path, kind),
    ):
        pass
