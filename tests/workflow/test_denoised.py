"""Denoised images of a dataset that models are applied to: made when they are asked for."""

import re

import pytest

from workflow.conftest import configured, snakemake

FOLDER = "results/tiny/log/denoised"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return configured(tmp_path_factory.mktemp("denoised"))


def planned(folder, *targets):
    """Return the rules that would run, with how many jobs each."""
    options = ["--dry-run", "--quiet", "rules", "reason", "host", "--cores", 1]
    output = snakemake(folder, *options, "--", *targets).output
    return {name: int(count) for name, count in re.findall(r"(?m)^(\w+) +(\d+)$", output)}


def test_a_shard_is_denoised_as_a_target_of_its_own(folder):
    jobs = planned(folder, f"{FOLDER}/small_challenge/shard_1.h5")
    assert jobs["denoise_images"] == jobs["train_denoiser"] == 1
    assert not {"denoise_stack", "train_autoencoder", "embed_images"} & set(jobs)


def test_a_sample_of_the_training_dataset_is_still_a_stack(folder):
    jobs = planned(folder, f"{FOLDER}/test/shard_0.h5")
    assert jobs["denoise_stack"] == 1
    assert "denoise_images" not in jobs


def test_nothing_else_asks_for_them(folder):
    assert "denoise_images" not in planned(folder, "results/tiny/metrics.csv")
