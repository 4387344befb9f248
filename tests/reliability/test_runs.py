"""Runs that are killed, and runs beside each other: the next one makes the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from reliability.results import keep
from workflow.conftest import ROOT, snakemake

TIMED = ("logs", "benchmarks", "report.html", "console.txt", ".snakemake_timestamp")


def made(folder):
    """The bytes of everything that a run made, but for what holds times."""
    files = [path for path in Path(folder, "results").rglob("*") if path.is_file()]
    names = {str(path.relative_to(folder)): path for path in files}
    kept = {n: p for n, p in names.items() if not any(part in n for part in TIMED)}
    # Snakemake deletes tables of shards when they are collected.
    return {n: p.read_bytes() for n, p in sorted(kept.items()) if "/scores/" not in n}


def different(folder, expected):
    """Names of the files that are missing, too many, or other than expected."""
    found = made(folder)
    return sorted(n for n in {*found, *expected} if found.get(n) != expected.get(n))


def started(folder):
    """Start a run in a group of processes of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", "2", "--rerun-incomplete"]
    environment = {**os.environ, "LENSFLOW_EXECUTOR": "local", "CUDA_VISIBLE_DEVICES": "-1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=environment, start_new_session=True, **quiet)


def jobs_done(folder):
    """Number of jobs that have begun: a moment of a run that does not depend on the machine."""
    return len(list(Path(folder, "results/logs").rglob("*.log")))


def kill_after(folder, n_jobs, pause):
    """Kill a run, all its jobs with it, when so many more jobs have begun; say if it had ended."""
    run, target = started(folder), jobs_done(folder) + n_jobs
    while run.poll() is None and jobs_done(folder) < target:
        time.sleep(0.05)
    time.sleep(pause)
    ended = run.poll() is not None
    if not ended:
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    return ended


def kills(whole, folder, n_kills):
    """Kill runs at random moments; return how many were killed, and what files came out wrong."""
    generator, killed, wrong, expected = np.random.default_rng(5), 0, [], made(whole.folder)
    while killed < n_kills:
        if not (folder / "config.yaml").is_file():
            folder.mkdir(exist_ok=True)
            shutil.copy(whole.folder / "config.yaml", folder)
        ended = kill_after(folder, int(generator.integers(1, 12)), float(generator.uniform(0, 1)))
        killed += not ended
        snakemake(folder, "--unlock")
        if ended or killed == n_kills:
            snakemake(folder, "--cores", 2, "--rerun-incomplete")
            wrong += different(folder, expected)
            shutil.rmtree(folder)
    return killed, wrong


@pytest.mark.long
def test_a_killed_run_goes_on_to_the_same_bytes(whole, tmp_path):
    assert kills(whole, tmp_path / "run", 2) == (2, [])


@pytest.mark.long
def test_many_killed_runs(whole, tmp_path):
    killed, wrong = kills(whole, tmp_path / "run", 200)
    keep("killed runs", killed, len(wrong))
    assert wrong == []


@pytest.mark.long
def test_a_second_run_in_a_folder_is_refused_and_the_first_goes_on(whole, tmp_path):
    shutil.copy(whole.folder / "config.yaml", tmp_path)
    first = started(tmp_path)
    while first.poll() is None and not jobs_done(tmp_path):
        time.sleep(0.05)
    second = snakemake(tmp_path, "--cores", 1, check=False)
    assert second.returncode != 0
    assert "lock" in second.output
    assert first.wait() == 0
    assert different(tmp_path, made(whole.folder)) == []
