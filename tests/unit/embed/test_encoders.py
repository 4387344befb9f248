"""The table of encoders: what the configuration may name, and where an experiment's files are."""

import ast
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import yaml

from lensflow import artifacts
from lensflow.embed.encoders import ENCODERS, FITTED, Encoder
from lensflow.embed.fitting import fit_encoder
from lensflow.embed.stacks import embed_stack
from lensflow.experiment import Experiment
from lensflow.prepare.scaling import SCALES
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


@pytest.fixture
def plain(monkeypatch):
    """An encoder of two functions in a module of its own."""
    module = ModuleType("plain_encoder")
    module.load = mean_and_width
    monkeypatch.setitem(sys.modules, "plain_encoder", module)
    words = "plain encoder", "mean and width"
    entry = Encoder("plain", "plain_encoder", "plain.txt", "stacks", ("log",), False, False, *words)
    monkeypatch.setitem(ENCODERS, "plain", entry)


@pytest.fixture
def config():
    return complete(yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text()))


def test_the_schema_names_the_encoders_of_the_table():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    entry = schema["$defs"]["encoder"]
    assert entry["enum"] == list(ENCODERS)
    assert entry["default"] == "autoencoder"
    parts = schema["properties"]["presets"]["additionalProperties"]["allOf"]
    named = [part["if"]["properties"]["encoder"]["const"] for part in parts]
    assert named == list(ENCODERS)
    for name, part in zip(named, parts, strict=True):
        assert part["then"] == {"$ref": f"#/$defs/preset_{name}"}
        assert schema["$defs"][f"preset_{name}"]["additionalProperties"] is False


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=list(ENCODERS))
def test_every_encoder_says_what_it_sees_and_what_it_is(encoder):
    assert ENCODERS[encoder.name] is encoder
    assert encoder.input_stage in ("stacks", "denoised")
    assert set(encoder.scales) <= set(SCALES)
    module = ast.parse((ROOT / "scripts" / f"{encoder.module.replace('.', '/')}.py").read_text())
    functions = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    assert {"load"} if encoder.is_network else {"load", "fit"} <= functions
    assert encoder.words


def test_no_two_encoders_share_a_file():
    assert len({encoder.artifact for encoder in ENCODERS.values()}) == len(ENCODERS)


def test_an_experiment_knows_its_encoder(config):
    experiment = Experiment("tiny", config)
    assert experiment.preset["encoder"] == "autoencoder"
    assert experiment.encoder is ENCODERS["autoencoder"]
    path = experiment.encoder_path(Run("log", 3, 1))
    assert path == "results/tiny/log/features_3/run_1/autoencoder.weights.h5"


def test_an_entry_is_all_that_another_encoder_needs(config, tmp_path, plain):
    config["presets"]["tiny"]["encoder"] = "plain"
    experiment = Experiment("tiny", config)
    assert experiment.encoder_path(Run("log", 2, 0)).endswith("run_0/plain.txt")

    images = np.random.default_rng(1).random((5, 4, 4)).astype("f4")
    measures = {name: np.arange(5.0) for name in MEASURES}
    rows = pd.DataFrame({"id": list("abcde"), "rotation": 0, "is_lens": 1})
    write_stack(tmp_path / "stack.h5", rows, [images], 4, "log", "image")
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", rows["id"])
        artifacts.write_table(writer, "catalogue", pd.DataFrame(measures))
    (tmp_path / "plain.txt").write_text("2")
    paths = tmp_path / "stack.h5", tmp_path / "index.h5", "plain", tmp_path / "plain.txt"
    embed_stack(*paths, experiment.preset, 2, tmp_path / "embeddings.h5")
    features, kept = read_embeddings([tmp_path / "embeddings.h5"])
    np.testing.assert_allclose(features[:, 0], images.mean((1, 2)) / 2, rtol=1e-6)
    assert kept["id"].tolist() == list("abcde")


def write_sample(folder, scale, side=101, n=40):
    """Write two shards of images of a round galaxy in noise; return their paths."""
    draw = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side] - side // 2
    profiles = np.exp(-np.hypot(x, y) / draw.uniform(2, 6, (n, 1, 1)))
    images = (50 * profiles + draw.normal(size=(n, side, side))).astype("f4")
    paths = []
    for shard, rows in enumerate(np.array_split(np.arange(n), 2)):
        table = pd.DataFrame({"id": [f"{i:03d}" for i in rows], "rotation": 0, "is_lens": -1})
        paths.append(folder / f"shard_{shard}.h5")
        write_stack(paths[-1], table, [images[rows]], side, scale, "image")
    return paths, images


@pytest.mark.parametrize("name", FITTED)
def test_a_fitted_encoder_gives_from_its_file_what_it_gave_before(name, tmp_path):
    encoder = ENCODERS[name]
    paths, images = write_sample(tmp_path, encoder.scales[0])
    preset = {"n_views": 2}
    for file in ("one.h5", "two.h5"):
        fit_encoder(name, paths, preset, 3, 5, tmp_path / file, n_threads=1)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    features = encoder.load(tmp_path / "one.h5", preset, 3)(images)
    assert features.shape == (len(images), 3)
    np.testing.assert_array_equal(features, encoder.fit(paths, preset, 3, 5).encode(images))
    assert (np.ptp(features, axis=0) > 0).all()
