"""Features that studies share: made once, and the demo's only where the demo was run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lensflow.errors import ArtifactError, ConfigError
from lensflow.studies import encodings
from lensflow.studies.compare_encoders import Sample
from lensflow.studies.demo_autoencoder import demo_networks
from lensflow.studies.encodings import AUTOENCODER, ENCODERS, Encoded
from lensflow.workflow.config import complete, effective

SAMPLES = {"train": Sample("training", 100, 6), "test": Sample("challenge", 200, 3)}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Images that hold their identifier, and an encoder that counts how often it is fitted."""
    fitted = []

    def simulated(work, sample):
        ids = sample.first_id + np.arange(sample.n_objects)
        return np.tile(ids[:, None, None], (1, 4, 4)), pd.DataFrame({"id": ids.astype(str)})

    def fit(images, ids, n_features, seed):
        fitted.append(list(ids))
        return lambda block: block.reshape(len(block), -1)[:, :n_features]

    monkeypatch.setattr(encodings, "simulated", simulated)
    monkeypatch.setattr(encodings, "STUDIED", {"toy": fit})
    return Encoded(tmp_path, SAMPLES, 2, 1, tmp_path), fitted


def test_features_are_made_once_by_an_encoder_of_the_training_sample(data):
    encoded, fitted = data
    features = encoded.features("toy")
    assert {name: values.shape for name, values in features.items()} == {
        "train": (6, 2), "test": (3, 2),
    }  # fmt: skip
    assert features["test"][:, 0].tolist() == [200, 201, 202]
    again = encoded.features("toy")
    assert fitted == [["100", "101", "102", "103", "104", "105"]]
    assert all((again[name] == values).all() for name, values in features.items())


def test_another_seed_is_another_encoder(data, tmp_path):
    encoded, fitted = data
    encoded.features("toy")
    Encoded(tmp_path, SAMPLES, 2, 7).features("toy")
    assert len(fitted) == 2


def test_features_that_were_cut_off_are_made_again(data, tmp_path, monkeypatch):
    encoded, fitted = data

    def killed(path, values):
        path.write_bytes(b"the first half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(encodings.np, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            encoded.features("toy")
    assert encoded.features("toy")["test"].shape == (3, 2)
    assert len(fitted) == 2


def test_a_demo_that_was_trained_again_has_features_of_its_own(data, monkeypatch):
    encoded, _ = data
    for networks, value in (("a" * 64, 1.0), ("b" * 64, 2.0)):
        monkeypatch.setattr(encodings, "demo_networks", lambda root, name=networks: name)
        made = lambda block, value=value: np.full((len(block), 2), value)  # noqa: E731
        monkeypatch.setattr(encodings, "demo_autoencoder", lambda root, made=made: made)
        assert (encoded.features(AUTOENCODER)["train"] == value).all()


def test_networks_are_named_by_what_they_hold(tmp_path):
    config = yaml.safe_load((Path(__file__).resolve().parents[3] / "config.yaml").read_text())
    folder = tmp_path / "results/demo"
    (folder / "log/features_8/run_0").mkdir(parents=True)
    (folder / "config.yaml").write_text(effective(complete(config), "demo"))
    with pytest.raises(ArtifactError, match=r"denoiser\.weights\.h5 is not there"):
        demo_networks(tmp_path)
    weights = folder / "log/features_8/run_0/autoencoder.weights.h5"
    names = []
    for denoiser, autoencoder in ((b"1", b"1"), (b"2", b"1"), (b"1", b"2"), (b"1", b"1")):
        (folder / "log/denoiser.weights.h5").write_bytes(denoiser)
        weights.write_bytes(autoencoder)
        names.append(demo_networks(tmp_path))
    assert names[0] == names[3]
    assert len(set(names)) == 3


def test_without_the_demo_the_autoencoder_is_asked_for(data):
    assert AUTOENCODER in ENCODERS
    with pytest.raises(ConfigError, match="run `make run` first, or leave the autoencoder out"):
        data[0].features(AUTOENCODER)


@pytest.mark.parametrize("n_objects", [0, -3])
def test_a_sample_has_an_object(tmp_path, n_objects):
    data = Encoded(tmp_path, {"train": Sample("training", 100, n_objects)}, 2, 1)
    with pytest.raises(ConfigError, match=f"{n_objects} objects of the population 'training'"):
        data.features("pca")
