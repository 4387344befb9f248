"""The other backend of Keras, from end to end: every stage chooses it before Keras is loaded."""

import re

import h5py
import numpy as np
import pandas as pd
import pytest

from workflow.conftest import ROOT, linear, snakemake, with_images
from workflow.test_networks import MODEL as SEEN
from workflow.test_networks import PREDICTIONS, seen
from workflow.test_profiles import dry_run

MODEL = "results/tiny/linear/features_3/run_0"
TARGETS = [
    "results/tiny/metrics.csv",
    "results/tiny/appendix_a.csv",
    "results/tiny/candidates_small_challenge.csv",
    "results/tiny/linear/denoised/small_challenge/shard_0.h5",
    f"{SEEN}/scores_small_challenge.csv",
    *PREDICTIONS,
]


@pytest.fixture(scope="module")
def finished_with_jax(finished, tmp_path_factory):
    """The folder in which both experiments of networks ran with JAX, on images that are there."""
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")

    def jax(config):
        config["backend"] = "jax"
        linear(config)
        seen(config)
        config["experiments"]["seen"].pop("appendix_a")
        config["run"] = ["tiny", "seen"]

    folder = with_images(finished, tmp_path_factory.mktemp("jax"), jax)
    snakemake(folder, "--cores", 2, "--rerun-triggers", "mtime", "--", *TARGETS)
    return folder


@pytest.mark.slow
def test_the_workflow_runs_with_jax(finished_with_jax):
    metrics = pd.read_csv(finished_with_jax / "results/tiny/metrics.csv")
    assert set(metrics["sample"]) >= {"train", "test", "small_challenge"}
    assert metrics["auc"].between(0, 1).all()
    candidates = pd.read_csv(finished_with_jax / "results/tiny/candidates_small_challenge.csv")
    assert len(candidates) == 40


@pytest.mark.slow
def test_every_stage_of_a_gpu_ran_with_jax(finished_with_jax):
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    texts = re.split(r"^rule ", rules, flags=re.M)
    # Some ask for one only where the encoder is a network, as it is here.
    of_gpu = {text.partition(":")[0] for text in texts if re.search("gpu=(1|lambda)", text)}
    assert len(of_gpu) > 8
    jobs = dry_run(finished_with_jax, "--forceall", "--", *TARGETS)
    assert {rule for rule, had in jobs if had.get("gpu") == "1"} == of_gpu
    logs = (finished_with_jax / "results/logs").rglob("*.log")
    assert not [log for log in logs if "tensorflow" in log.read_text().lower()]


@pytest.mark.slow
def test_contrastive_encoder_and_student_run_with_jax(finished_with_jax):
    for name in ("contrastive", "student_known"):
        history = pd.read_csv(finished_with_jax / SEEN / f"{name}_history.csv")
        assert np.isfinite(history["val_loss"]).all()
    for path in PREDICTIONS:
        with h5py.File(finished_with_jax / path) as file:
            assert np.isfinite(file["logit"][:]).all()


@pytest.mark.slow
def test_what_jax_trained_is_what_tensorflow_would_have(appendix, finished_with_jax):
    """Initial weights and order are the same: rounding differs, and what training makes of it.

    How much it makes of it differs between processors: 2e-5 of a loss after six passes, or 2e-4.
    """
    losses = [
        pd.read_csv(folder / MODEL / "autoencoder_history.csv")[["loss", "val_loss"]]
        for folder in (appendix, finished_with_jax)
    ]
    np.testing.assert_allclose(losses[1][:1], losses[0][:1], rtol=1e-4)
    np.testing.assert_allclose(losses[1], losses[0], rtol=5e-3)
    stacks = []
    for folder in (appendix, finished_with_jax):
        with h5py.File(folder / "results/tiny/linear/denoised/train/shard_0.h5") as file:
            stacks.append(file["image"][:])
    assert np.abs(stacks[1] - stacks[0]).max() < 1e-3
