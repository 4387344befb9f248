"""The other backend of Keras, from end to end: every stage chooses it before Keras is loaded."""

import h5py
import numpy as np
import pandas as pd
import pytest

from workflow.conftest import configured, snakemake

MODEL = "results/tiny/log/features_3/run_0"


@pytest.fixture(scope="module")
def finished_with_jax(tmp_path_factory):
    """The folder in which the tiny configuration ran with JAX up to its metrics."""
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")

    def jax(config):
        config["backend"] = "jax"
        config["experiments"]["tiny"]["runs"] = 1

    folder = configured(tmp_path_factory.mktemp("jax"), jax)
    denoised = "results/tiny/log/denoised/small_challenge/shard_0.h5"
    snakemake(folder, "--cores", 2, "--", "results/tiny/metrics.csv", denoised)
    return folder


@pytest.mark.slow
def test_the_workflow_runs_with_jax(finished_with_jax):
    metrics = pd.read_csv(finished_with_jax / "results/tiny/metrics.csv")
    assert set(metrics["sample"]) >= {"train", "test", "small_challenge"}
    assert metrics["auc"].between(0, 1).all()


@pytest.mark.slow
def test_what_jax_trained_is_what_tensorflow_would_have(finished, finished_with_jax):
    """Initial weights and order are the same: rounding differs, and what training makes of it."""
    losses = [
        pd.read_csv(folder / MODEL / "autoencoder_history.csv")[["loss", "val_loss"]]
        for folder in (finished, finished_with_jax)
    ]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    stacks = []
    for folder in (finished, finished_with_jax):
        with h5py.File(folder / "results/tiny/log/denoised/train/shard_0.h5") as file:
            stacks.append(file["image"][:])
    assert np.abs(stacks[1] - stacks[0]).max() < 1e-3
