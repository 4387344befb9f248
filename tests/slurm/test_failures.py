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
from lensflow.train.backup import FILE_NAME
from network_presets import blobs, tiny
from slurm.conftest import Run, private_cluster

STAND_IN = Path(__file__).parent / "stand_in"
WEIGHTS = "results/log/denoiser.weights.h5"
N_IMAGES = 64
# 16 steps an epoch, 80 in all.
PRESET = tiny(epochs=5)
# Minutes that the attempts of a training may take, and seconds by which their steps are longer: the
# first has time to be preempted, the second cannot end, the last is quick.
DISTURBED = {"minutes": [20, 6, 60], "pauses_s": [2, 8, 0]}
QUIET = {"minutes": [60] * 3, "pauses_s": [0] * 3}
# A backup is written every minute: the first attempt takes almost three.
ON_ANY_NODE = {"minutes": [60] * 3, "pauses_s": [2, 0, 0]}


def prepare(folder, attempts):
    """Write the stack and the configuration of the stand-in workflow; return the folder."""
    folder.mkdir(exist_ok=True)
    with artifacts.create(folder / "stack.h5", "stack") as writer:
        writer.dataset("image", blobs(N_IMAGES), compress=False)
        writer.strings("id", [str(number) for number in range(N_IMAGES)])
        writer.dataset("rotation", np.zeros(N_IMAGES, "i1"))
        writer.dataset("is_lens", np.zeros(N_IMAGES, "i1"))
    (folder / "config.yaml").write_text(yaml.safe_dump({"preset": PRESET, **attempts}))
    return folder


def arguments(folder, *targets):
    configfile = ["--configfile", folder / "config.yaml"]
    return ["--snakefile", STAND_IN / "Snakefile", *configfile, "--", *targets]


def is_training(run):
    """Say whether the training has told of its progress; fail when the run has ended."""
    assert run.process.poll() is None, run.output
    log = run.folder / "results/log/train_denoiser.log"
    return log.exists() and "images/s" in log.read_text()


@pytest.fixture(scope="module")
def failures(cluster, start, tmp_path_factory):
    """The folder in which the stand-in workflow ran while its jobs were disturbed."""
    folder = prepare(tmp_path_factory.mktemp("failures"), DISTURBED)
    run = start(folder, *arguments(folder))
    half_done = folder / "results/cancelled.txt"
    cluster.wait_for(lambda: half_done.exists() and is_training(run), 900)
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
    assert "because of the signal SIGTERM" in first
    # Where the start of a job takes longer than a tenth of its time, SLURM is first.
    assert re.search(r"because of the (deadline of 324 s|signal SIGTERM)", second)
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


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The weights of a training that nothing interrupts."""
    folder = prepare(tmp_path_factory.mktemp("undisturbed"), QUIET)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", folder]
    subprocess.run([*command, *arguments(folder, WEIGHTS)], check=True, timeout=1800)
    return weights(folder / WEIGHTS)


def test_an_interrupted_training_ends_in_the_same_weights(failures, undisturbed):
    # The bits of all weights; where they come from differs by the pause between two steps.
    assert weights(failures.folder / WEIGHTS) == undisturbed


@pytest.mark.long
def test_a_training_whose_node_is_lost_goes_on_elsewhere(profile, undisturbed, tmp_path):
    folder = prepare(tmp_path / "run", ON_ANY_NODE)
    backup = folder / f"results/backups/{FILE_NAME}"
    with private_cluster(tmp_path / "slurm", n_nodes=2) as cluster:
        run = Run(cluster, profile, folder, *arguments(folder, WEIGHTS))
        try:
            cluster.wait_for(lambda: is_training(run) and backup.exists(), 900)
            lost = cluster.attempts("train_denoiser", folder)[0]["NodeList"]
            cluster.lose(lost)
            assert run.wait() == 0, run.output[-8000:]
        finally:
            run.kill()
        last = cluster.attempts("train_denoiser", folder)[-1]
    assert (last["JobState"], last["NodeList"]) == ("COMPLETED", ({*cluster.nodes} - {lost}).pop())
    assert "Going on from" in run.slurm_log("train_denoiser/log", last["JobId"])
    assert weights(folder / WEIGHTS) == undisturbed
