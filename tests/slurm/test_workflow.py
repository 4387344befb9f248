"""The workflow itself on SLURM, through the profile: interrupted once, then to its end."""

import collections
import re

import h5py
import pytest
import yaml

from slurm.cluster import rule_of
from slurm.conftest import PROFILE, ROOT

CANDIDATES = "results/tiny/candidates_small_challenge.csv"
# Together they need every stage with a GPU.
TARGETS = [
    CANDIDATES,
    "results/tiny/linear/features_3/run_0/sources/shard_0.h5",
    "results/tiny/linear/denoised/small_challenge/shard_0.h5",
]
# Networks that this configuration does not have; tests/workflow/test_networks.py has them.
ELSEWHERE = {"train_contrastive", "train_student", "predict_images", "predict_stack"}
GPU_STAGES = set(yaml.safe_load(PROFILE.read_text())["set-resources"]) - ELSEWHERE


def prepare(folder):
    """Write a configuration with every stage on the way to candidates, as small as can be."""
    config = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    config["datasets"]["small_training"].update(shards=1)
    config["experiments"]["tiny"].update(runs=1, labels=["known"], scales=["linear"], appendix_a={})
    for settings in config["presets"]["tiny"]["training"].values():
        settings["epochs"] = 2
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("workflow"))


@pytest.fixture(scope="module")
def interrupted(cluster, start, folder):
    """What was there after Ctrl-C during the training of the denoiser: jobs, processes, files."""
    run = start(folder, *TARGETS)
    log = folder / "results/logs/tiny/linear/train_denoiser.log"

    def training():
        assert run.process.poll() is None, run.output[-8000:]
        return log.exists() and any(
            rule_of(job) == "train_denoiser" for job in cluster.jobs("RUNNING")
        )

    cluster.wait_for(training, 900)
    status = run.interrupt()
    cluster.wait_for(lambda: not cluster.jobs("PENDING", "RUNNING", "COMPLETING"))
    # The stages' own processes, that is: Snakemake's around them may hang in its SIGTERM handler,
    # for which SLURM has SIGKILL.
    cluster.wait_for(
        lambda: not any(".snakemake/scripts" in p for p in cluster.processes().values())
    )
    files = sorted(file for file in (folder / "results").rglob("*") if file.is_file())
    return status, [job["JobState"] for job in cluster.attempts("train_denoiser", folder)], files


@pytest.fixture(scope="module")
def finished(interrupted, cluster, start, folder):
    """The second run, and the jobs that it submitted."""
    before = {job["JobId"] for job in cluster.jobs()}
    run = start(folder, *TARGETS)
    assert run.wait() == 0, run.output[-8000:]
    return run, [job for job in cluster.jobs() if job["JobId"] not in before]


def test_ctrl_c_cancels_the_jobs(interrupted):
    status, states, _ = interrupted
    assert status != 0
    assert states == ["CANCELLED"]


def test_ctrl_c_leaves_nothing_half_written(interrupted, folder):
    _, _, files = interrupted
    names = {str(file.relative_to(folder)) for file in files}
    assert "results/data/small_training/index.h5" in names
    assert not any(name.startswith("results/tiny/linear/denoiser") for name in names)
    for file in files:
        if file.suffix == ".h5":
            h5py.File(file).close()


def test_the_next_run_completes(finished, folder):
    _, jobs = finished
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert (folder / CANDIDATES).is_file()
    assert "simulate_cutouts" not in {rule_of(job) for job in jobs}


def test_every_gpu_stage_is_a_job_of_its_own_on_the_gpu(cluster, finished):
    run, jobs = finished
    planned = dict(re.findall(r"(?m)^(\w+) +(\d+)$", run.output))
    submitted = collections.Counter(rule_of(job) for job in jobs)
    for rule in GPU_STAGES:
        assert submitted[rule] == int(planned[rule]) > 0
    gpu_jobs = [job for job in jobs if rule_of(job) in GPU_STAGES]
    assert {(job["Partition"], job["JOB_GRES"]) for job in gpu_jobs} == {("gpu", "gpu:1")}


def test_no_cpu_stage_takes_a_gpu(cluster, finished):
    others = [job for job in cluster.jobs() if rule_of(job) not in GPU_STAGES]
    ours = [job for job in others if job["Partition"] != "urgent"]
    assert len(ours) > 15
    assert {job["Partition"] for job in ours} == {"cpu"}
    assert {job["JOB_GRES"] for job in ours} == {"(null)"}


def test_the_completion_log_tells_the_same(cluster, finished):
    _, jobs = finished
    logged = {record["JobId"]: record for record in cluster.completed()}
    for job in jobs:
        record = logged[job["JobId"]]
        assert record["JobState"] == "COMPLETED"
        assert record["Partition"] == ("gpu" if rule_of(job) in GPU_STAGES else "cpu")


def test_memory_and_time_reach_slurm(finished):
    _, jobs = finished
    for job in jobs:
        assert int(job["MinMemoryNode"].removesuffix("M")) >= 200
        assert job["TimeLimit"] != "UNLIMITED"


def test_logs_of_slurm_are_kept(finished, folder):
    _, jobs = finished
    logs = {file.stem for file in (folder / "results/logs/slurm").rglob("*.log")}
    assert {job["JobId"] for job in jobs} <= logs


def test_nothing_is_left_to_do(start, finished, folder):
    run = start(folder, "--dry-run", *TARGETS)
    assert run.wait() == 0
    assert "Nothing to be done" in run.output
