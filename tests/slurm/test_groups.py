"""Shards of a CPU stage sent together, by the lines of the profile that a survey takes in."""

import re

import numpy as np
import pytest
import yaml
from astropy.io import fits

from profiles import grouped
from slurm.conftest import PROFILE, Run
from workflow.conftest import configured, snakemake

INDEX = "results/data/survey/index.h5"
GROUP = "ingest_cutouts_ingest_cutouts"
N_SHARDS = 12
MEMBERS = int(yaml.safe_load(grouped(PROFILE.read_text()))["group-components"]["ingest_cutouts"])


def prepare(folder, n_shards=N_SHARDS):
    """Write a few FITS cutouts, and a configuration that cuts them in many shards."""
    (folder / "cutouts").mkdir(parents=True)
    generator = np.random.default_rng(1)
    for number in range(2 * n_shards):
        image = generator.normal(size=(26, 26)).astype("f4")
        header = fits.Header({"MAGZERO": 25.0})
        fits.PrimaryHDU(image, header).writeto(folder / f"cutouts/{number}.fits")

    def survey(config):
        config["datasets"]["survey"] = {"kind": "fits", "path": "cutouts", "shards": n_shards}
        config["experiments"]["tiny"]["apply_to"] = ["survey"]

    return configured(folder, survey)


@pytest.fixture(scope="module")
def disturbed(cluster, profile, tmp_path_factory):
    """A run whose larger group of shards was cancelled once, when it had finished one of them."""
    folder = prepare(tmp_path_factory.mktemp("groups") / "run")
    here = tmp_path_factory.mktemp("grouped")
    (here / "profile.yaml").write_text(grouped((profile / "profile.yaml").read_text()))
    run = Run(cluster, here, folder, "--", INDEX)
    try:
        cluster.run("scancel", cluster.wait_for(lambda: half_done(cluster, run), 900)["JobId"])
        assert run.wait() == 0, run.output[-8000:]
    finally:
        run.kill()
    return run


def half_done(cluster, run):
    """Return the job of the larger group, which asks for more time, when a shard of it is there."""
    assert run.process.poll() is None, run.output[-8000:]
    jobs = cluster.attempts(GROUP, run.folder)
    larger = max(jobs, key=lambda job: seconds(job["TimeLimit"]), default=None)
    n_shards = len([*run.folder.glob("results/data/survey/images/shard_*.h5")])
    # All of the smaller group and one more, whatever the order.
    is_half_done = len(jobs) == 2 and n_shards > N_SHARDS - MEMBERS
    return larger if is_half_done and larger["JobState"] == "RUNNING" else None


def seconds(limit):
    """Return a time limit as SLURM writes it, in seconds."""
    days, _, clock = limit.rpartition("-")
    hours, minutes, rest = map(int, clock.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + rest


def test_a_cancelled_group_alone_is_done_again(cluster, disturbed):
    jobs = cluster.attempts(GROUP, disturbed.folder)
    states = [(job["JobState"], seconds(job["TimeLimit"]) // 60) for job in jobs]
    assert sorted(states[:2]) == [("CANCELLED", MEMBERS * 61), ("COMPLETED", 2 * 61)]
    assert states[2:] == [("COMPLETED", MEMBERS * 121)]


def test_a_group_asks_for_what_one_shard_needs_and_the_time_of_all(cluster, disturbed):
    jobs = cluster.attempts(GROUP, disturbed.folder)
    assert {job["NumCPUs"] for job in jobs} == {"1"}
    assert sorted(int(job["MinMemoryNode"].removesuffix("M")) // 1500 for job in jobs) == [1, 1, 2]


def test_the_other_stages_are_jobs_of_their_own(cluster, disturbed):
    for rule in ("list_cutouts", "build_index"):
        assert len(cluster.attempts(rule, disturbed.folder)) == 1
    here = [job for job in cluster.jobs() if job["WorkDir"] == str(disturbed.folder)]
    assert len(here) == 2 + 3


def test_the_log_of_the_cancelled_group_is_named(disturbed):
    named = re.search(rf"(\S+/group_{GROUP}/\d+\.log)", disturbed.output)
    assert (disturbed.folder / named[1]).is_file()


def test_the_shards_are_the_same_bytes_as_on_one_machine(disturbed, tmp_path):
    folder = prepare(tmp_path / "alone")
    snakemake(folder, "--cores", 2, "--workflow-profile", "none", "--", INDEX)
    paths = [f"results/data/survey/images/shard_{i}.h5" for i in range(N_SHARDS)] + [INDEX]
    for path in paths:
        assert (folder / path).read_bytes() == (disturbed.folder / path).read_bytes(), path
