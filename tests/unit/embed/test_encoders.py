"""The table of encoders: what the configuration may name, and where an experiment's files are."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lensflow import artifacts
from lensflow.embed.encoders import ENCODERS, Encoder
from lensflow.embed.stacks import embed_stack
from lensflow.experiment import Experiment
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.rows import MEASURES
from lensflow.samples.runs import Run
from lensflow.samples.stacks import write_stack
from lensflow.workflow.config import complete

ROOT = Path(__file__).resolve().parents[3]


def mean_and_width(path, preset, n_features):
    """Load an encoder that needs neither a network nor training."""
    unit = float(Path(path).read_text())
    return lambda images: np.stack([images.mean((1, 2)), images.std((1, 2))], 1) / unit


PLAIN = Encoder("plain", "plain.txt", "stacks", False, mean_and_width, "mean and width")


@pytest.fixture
def config():
    return complete(yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text()))


def test_the_schema_names_the_encoders_of_the_table():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    entry = schema["$defs"]["preset"]["properties"]["encoder"]
    assert entry["enum"] == list(ENCODERS)
    assert entry["default"] == "autoencoder"


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=list(ENCODERS))
def test_every_encoder_says_what_it_sees_and_what_it_is(encoder):
    assert ENCODERS[encoder.name] is encoder
    assert encoder.input_stage in ("stacks", "denoised")
    assert encoder.words


def test_no_two_encoders_share_a_file():
    assert len({encoder.artifact for encoder in ENCODERS.values()}) == len(ENCODERS)


def test_an_experiment_knows_its_encoder(config):
    experiment = Experiment("tiny", config)
    assert experiment.preset["encoder"] == "autoencoder"
    assert experiment.encoder is ENCODERS["autoencoder"]
    path = experiment.encoder_path(Run("log", 3, 1))
    assert path == "results/tiny/log/features_3/run_1/autoencoder.weights.h5"
    del config["presets"]["tiny"]["encoder"]
    assert Experiment("tiny", config).encoder is ENCODERS["autoencoder"]


def test_an_entry_is_all_that_another_encoder_needs(config, tmp_path, monkeypatch):
    monkeypatch.setitem(ENCODERS, "plain", PLAIN)
    config["presets"]["tiny"]["encoder"] = "plain"
    experiment = Experiment("tiny", config)
    assert experiment.encoder_path(Run("log", 2, 0)).endswith("run_0/plain.txt")

    images = np.random.default_rng(1).random((5, 4, 4)).astype("f4")
    measures = {name: np.arange(5.0) for name in MEASURES}
    rows = pd.DataFrame({"id": list("abcde"), "rotation": 0, "is_lens": 1})
    write_stack(tmp_path / "stack.h5", rows, [images], 4, "image")
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", rows["id"])
        artifacts.write_table(writer, "catalogue", pd.DataFrame(measures))
    (tmp_path / "plain.txt").write_text("2")
    paths = tmp_path / "stack.h5", tmp_path / "index.h5", "plain", tmp_path / "plain.txt"
    embed_stack(*paths, experiment.preset, 2, tmp_path / "embeddings.h5")
    features, kept = read_embeddings([tmp_path / "embeddings.h5"])
    np.testing.assert_allclose(features[:, 0], images.mean((1, 2)) / 2, rtol=1e-6)
    assert kept["id"].tolist() == list("abcde")
