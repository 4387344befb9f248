"""Features that studies share: made once, and the demo's only where the demo was run."""

import numpy as np
import pandas as pd
import pytest

from lensflow.errors import ConfigError
from lensflow.studies import encodings
from lensflow.studies.compare_encoders import Sample
from lensflow.studies.encodings import AUTOENCODER, ENCODERS, Encoded

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


def test_without_the_demo_the_autoencoder_is_asked_for(data):
    assert AUTOENCODER in ENCODERS
    with pytest.raises(ConfigError, match="run `make run` first, or leave the autoencoder out"):
        data[0].features(AUTOENCODER)
