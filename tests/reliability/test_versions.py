"""Artifacts of each format version are read for ever; those of a newer one are refused by name."""

import logging
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from lensflow import artifacts
from lensflow.artifacts.describing import describe
from lensflow.cluster import clusterers
from lensflow.cluster.head import Head
from lensflow.cluster.spread import read_shares
from lensflow.embed.pca import PcaEncoder
from lensflow.embed.polar import PolarEncoder
from lensflow.errors import ArtifactError
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.hidden import read_hidden
from lensflow.samples.images import open_images, read_index
from lensflow.samples.predictions import open_predictions
from lensflow.samples.stacks import open_stack
from lensflow.workflow.config import complete

OLD = Path(__file__).parent / "version_1"
SECOND = Path(__file__).parent / "version_2"
SECOND_KINDS = {
    "embeddings", "encoder", "examples", "head", "hidden", "images", "index", "manifest", "mixture",
    "predictions", "shares", "stack", "weights",
}  # fmt: skip
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


def test_artifacts_of_version_2_are_verified(caplog):
    caplog.set_level(logging.INFO)
    kinds = set()
    for path in SECOND.glob("*.h5"):
        with artifacts.peek(path) as file:
            assert file.attrs["format_version"] == 2
            kinds.add(file.attrs["format"].removeprefix("lensflow-"))
        said = describe(path)
        assert "DAMAGED" not in said
        assert "not verified" not in said
    assert kinds == SECOND_KINDS
    assert not caplog.records


def test_images_and_tables_of_version_2():
    with open_images(SECOND / "images.h5") as images:
        assert images.rows()["is_lens"].tolist() == [1, 0, -1, 1]
        assert images.flux().std() == pytest.approx(1, rel=0.1)
    ids, hidden = read_hidden(SECOND / "hidden.h5")
    assert (ids.tolist(), hidden.shape) == (["00", "01"], (2, 13, 13))
    with artifacts.open(SECOND / "manifest.h5", "manifest") as file:
        listed = artifacts.read_strings(file, "id").tolist()
    assert read_index(SECOND / "index.h5")["id"].tolist() == listed
    with open_stack(SECOND / "stack.h5", "denoised") as stack:
        assert stack.images().shape[1:] == (26, 26)
        assert np.isfinite(stack.images()).all()
    with artifacts.open(SECOND / "examples.h5", "examples") as file:
        assert artifacts.read(file, "reconstruction").shape[1:] == (26, 26)


def test_models_of_version_2():
    features, rows = read_embeddings([SECOND / "embeddings.h5"])
    judged, further = (clusterers.load(SECOND / f"{name}.h5") for name in ("mixture", "further"))
    assert judged.responsibilities(features).sum() == pytest.approx(len(rows))
    shares = read_shares(SECOND / "shares.h5", further, judged)
    assert shares.sum(axis=1) == pytest.approx(1)
    logits = Head.load(SECOND / "head.h5").logits(features)
    assert {*logits} == {"known", "counted"}
    assert all(np.isfinite(values).all() for values in logits.values())
    with open_predictions(SECOND / "predictions.h5") as predictions:
        assert predictions.rows()["id"].tolist() == rows["id"].tolist()
    assert PcaEncoder.load(SECOND / "encoder.h5").encode(np.zeros((2, 26, 26))).shape == (2, 3)


@pytest.mark.slow
def test_weights_of_version_2(tmp_path, monkeypatch):
    from lensflow.embed.predictions import load_student

    (tmp_path / "stamps").mkdir()
    (tmp_path / "known.csv").touch()
    monkeypatch.chdir(tmp_path)
    config = complete(yaml.safe_load((Path(__file__).parent / "every.yaml").read_text()))
    preset = config["presets"]["tiny"]
    predict = load_student("student", SECOND / "student.weights.h5", preset, "linear")
    images = np.random.default_rng(1).random((3, 26, 26)).astype("f4")
    assert predict(images) == pytest.approx(predict(np.rot90(images, axes=(1, 2)).copy()), abs=1e-5)


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
