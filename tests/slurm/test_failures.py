"""Jobs that SLURM cancels, preempts, or kills for their time or memory."""

import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from lensflow import artifacts
from network_presets import blobs, tiny

STAND_IN = Path(__file__).parent / "stand_in"
WEIGHTS = "results/log/denoiser.weights.h5"
N_IMAGES = 64
# 80 steps of a second each: more than the 54 s that a job of one minute has for its training.
PRESET = tiny(epochs=5)
STEP_S = 1.0
STOPPED = re.compile(r"because of (the deadline of 54 s|the signal SIGTERM)")


def prepare(folder, step_s):
    """Write the stack and the configuration of the stand-in workflow; return the folder."""
    folder.mkdir(exist_ok=True)
    with artifacts.create(folder / "stack.h5", "stack") as writer:
        writer.dataset("image", blobs(N_IMAGES), compress=False)
        writer.strings("id", [str(number) for number in range(N_IMAGES)])
        writer.dataset("rotation", np.zeros(N_IMAGES, "i1"))
        writer.dataset("is_lens", np.zeros(N_IMAGES, "i1"))
    config = {"preset": PRESET, "step_s": step_s}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def arguments(folder, *targets):
    configfile = ["--configfile", folder / "config.yaml"]
    return ["--snakefile", STAND_IN / "Snakefile", *configfile, "--", *targets]


@pytest.fixture(scope="module")
def failures(cluster, start, tmp_path_factory):
    """The folder in which the stand-in workflow ran while its jobs were disturbed."""
    folder = prepare(tmp_path_factory.mktemp("failures"), STEP_S)
    run = start(folder, *arguments(folder))
    half_done, log = folder / "results/cancelled.txt", folder / "results/log/train_denoiser.log"

    def in_progress():
        assert run.process.poll() is None, run.output
        return half_done.exists() and log.exists() and "images/s" in log.read_text()

    cluster.wait_for(in_progress, 900)
    cluster.run("scancel", cluster.attempts("wait_for_cancel", folder)[0]["JobId"])
    urgent = ["--partition=urgent", "--gpus=1", "--time=5", "--mem=100", "--output=/dev/null"]
    cluster.run("sbatch", *urgent, "--comment=rule_urgent", "--wrap=sleep 2", cwd=folder)
    assert run.wait() == 0, run.output[-8000:]
    return run


def test_a_cancelled_job_says_so_and_is_submitted_again(cluster, failures):
    attempts = cluster.attempts("wait_for_cancel", failures.folder)
    assert [job["JobState"] for job in attempts] == ["CANCELLED", "COMPLETED"]
    assert "SLURM status is: 'CANCELLED'" in failures.output
    assert (failures.folder / "results/cancelled.txt").read_text() == "whole\n"


def test_a_job_out_of_time_says_so_and_gets_more(cluster, failures):
    first, second = cluster.attempts("take_time", failures.folder)
    assert (first["JobState"], first["TimeLimit"]) == ("TIMEOUT", "00:01:00")
    assert (second["JobState"], second["TimeLimit"]) == ("COMPLETED", "00:10:00")
    assert "SLURM status is: 'TIMEOUT'" in failures.output
    assert (failures.folder / "results/patient.txt").read_text() == "whole\n"


def test_a_job_out_of_memory_says_so_and_gets_more(cluster, failures):
    first, second = cluster.attempts("take_memory", failures.folder)
    assert (first["JobState"], first["MinMemoryNode"]) == ("FAILED", "600M")
    assert (second["JobState"], second["MinMemoryNode"]) == ("COMPLETED", "1200M")
    log = failures.slurm_log("take_memory", first["JobId"])
    assert re.search(r"exceeded memory limit|OUT OF MEMORY|Exceeded job memory", log, re.I), log
    assert (failures.folder / "results/grown.txt").read_text() == "whole\n"


def test_the_completion_log_tells_the_same(cluster, failures):
    logged = {record["JobId"]: record["JobState"] for record in cluster.completed()}
    rules = ("wait_for_cancel", "take_time", "take_memory", "train_denoiser")
    jobs = [job for rule in rules for job in cluster.attempts(rule, failures.folder)]
    assert [logged[job["JobId"]] for job in jobs] == [job["JobState"] for job in jobs]


def test_training_outlives_preemption_and_the_time_limit(cluster, failures):
    attempts = cluster.attempts("train_denoiser", failures.folder)
    assert [job["JobState"] == "COMPLETED" for job in attempts] == [False, False, True]
    assert {job["Partition"] for job in attempts} == {"gpu"}
    assert {job["JOB_GRES"] for job in attempts} == {"gpu:1"}
    first, second, last = (
        failures.slurm_log("train_denoiser/log", job["JobId"]) for job in attempts
    )
    # A slow machine comes to the deadline before it is preempted.
    causes = [STOPPED.search(log)[1] for log in (first, second)]
    assert "the signal SIGTERM" in causes
    assert all("Going on from" in log for log in (second, last))


def weights(path):
    """Return the bytes of every array of a weights file, by name."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None
            )
        )
    assert found
    return found


def test_an_interrupted_training_ends_in_the_same_weights(failures, tmp_path):
    folder = prepare(tmp_path, 0)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", folder]
    subprocess.run([*command, *arguments(folder, WEIGHTS)], check=True, timeout=600)
    # The bits of all weights; where they come from differs by the pause between two steps.
    assert weights(folder / WEIGHTS) == weights(failures.folder / WEIGHTS)
