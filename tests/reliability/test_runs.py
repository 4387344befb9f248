"""Runs that are killed, and runs beside each other: the next one makes the same bytes.

The short form does a part of a run; the long one (`-m long`) kills whole runs at 200 moments.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from lensflow.artifacts.describing import describe
from reliability.planned import planned
from reliability.results import keep
from workflow.conftest import ROOT, snakemake

TIMED_FOLDERS = ("logs", "benchmarks")
TIMED_FILES = ("report.html", "report.json", ".snakemake_timestamp")
# Snakemake deletes tables of shards when they are collected.
COLLECTED = ("scores", "arcs")
SCORES = "results/tiny/log/features_3/run_0/scores_test.csv"
# One run with networks takes as long as several without.
KILLS = {"pca": 160, "networks": 40}
START_TIMEOUT_S = 600


def made(folder):
    """Return the bytes of everything that a run made, but for what holds times."""
    files = [path for path in Path(folder, "results").rglob("*") if path.is_file()]
    names = {path.relative_to(folder): path for path in files}
    return {
        str(name): path.read_bytes()
        for name, path in sorted(names.items())
        if not {*name.parts[:-1]} & {*TIMED_FOLDERS, *COLLECTED}
        and not any(timed in name.name for timed in TIMED_FILES)
    }


def different(found, expected):
    """Return the names of the files that are missing, too many, or other than expected."""
    return sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def started(folder, *arguments):
    """Start a run in a group of processes of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", "2", "--rerun-incomplete", *arguments]
    environment = {**os.environ, "LENSFLOW_EXECUTOR": "local", "CUDA_VISIBLE_DEVICES": "-1"}
    with open(Path(folder, "console.txt"), "w") as console:
        return subprocess.Popen(
            command, env=environment, start_new_session=True, stdout=console, stderr=console
        )


def jobs_begun(folder):
    """Return the logs of jobs: moments of a run that do not depend on the machine."""
    logs = Path(folder, "results/logs").rglob("*.log")
    return {str(log.relative_to(folder)) for log in logs}


def kill_after(folder, n_jobs, pause_s, *arguments):
    """Kill a run, all its jobs with it, when so many more have begun; return its exit status."""
    run, target = started(folder, *arguments), len(jobs_begun(folder)) + n_jobs
    while run.poll() is None and len(jobs_begun(folder)) < target:
        time.sleep(0.05)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(pause_s)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    return run.wait()


def in_progress(folder):
    """Return the logs of the jobs that have begun and not ended: these have no benchmark yet."""
    ended = Path(folder, "results/benchmarks").rglob("*.tsv")
    names = {
        str(path.relative_to(folder)).replace("results/benchmarks", "results/logs")
        for path in ended
    }
    return {log for log in jobs_begun(folder) if log.replace(".log", ".tsv") not in names}


class Kills:
    """Runs of a configuration, one after the other, each killed again and again until it ends.

    Parameters
    ----------
    config : Path
    expected : mapping
        What an uninterrupted run made.
    """

    def __init__(self, config, expected):
        self.config, self.expected = config, expected
        self.draw = np.random.default_rng(5)
        self.n, self.wrong, self.interrupted = 0, [], Counter()

    def run(self, folder, most):
        """Kill one run until it ends, or until there were ``most`` kills; then look at it."""
        folder.mkdir()
        shutil.copy(self.config, folder / "config.yaml")
        while self.n < most:
            n_jobs, pause_s = int(self.draw.integers(1, 5)), float(self.draw.uniform(0, 2))
            status = kill_after(folder, n_jobs, pause_s, "--nolock")
            if status != -signal.SIGKILL:
                break
            self.n += 1
            self.interrupted.update(in_progress(folder))
        snakemake(folder, "--cores", 2, "--rerun-incomplete", "--nolock")
        self.wrong += different(made(folder), self.expected)
        shutil.rmtree(folder)


class Reader:
    """Somebody who looks at everything that a run has made, over and over, while it goes on."""

    def __init__(self, folder):
        self.folder, self.n_read, self.damaged, self.stopped = folder, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.read)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def read(self):
        while not self.stopped.wait(0.2):
            for path in Path(self.folder, "results").rglob("[!.]*.*"):
                text = describe(path) if path.suffix in (".h5", ".csv") else ""
                # A table of a shard may be gone by now.
                if "DAMAGED" in text and path.is_file():
                    self.damaged.append(text)
                self.n_read += bool(text)


def test_a_run_that_is_read_and_doubled_and_killed_ends_as_if_nothing_was(whole, tmp_path):
    shutil.copy(whole.folder / "config.yaml", tmp_path)
    first = started(tmp_path, SCORES)
    with Reader(tmp_path) as reader:
        while not jobs_begun(tmp_path):
            assert first.poll() is None, (tmp_path / "console.txt").read_text()
            time.sleep(0.05)
        second = snakemake(tmp_path, "--cores", 1, SCORES, check=False)
        assert first.poll() is None
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        assert second.returncode != 0
        # The same words help after a kill: nobody but the user knows that nothing runs any more.
        assert "--unlock" in second.output
        assert not (tmp_path / SCORES).exists()
        snakemake(tmp_path, "--unlock")
        snakemake(tmp_path, "--cores", 2, "--rerun-incomplete", SCORES)
    found, expected = made(tmp_path), made(whole.folder)
    assert SCORES in found
    assert different(found, {name: expected.get(name) for name in found}) == []
    assert reader.n_read > 50
    assert reader.damaged == []


def with_networks(config):
    """Change a configuration without networks into one with the smallest that train."""
    smallest = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    return config | {"presets": smallest["presets"]}


@pytest.mark.long
@pytest.mark.parametrize("kind", KILLS)
def test_runs_killed_at_any_moment(kind, whole, tmp_path):
    config = yaml.safe_load((whole.folder / "config.yaml").read_text())
    config = with_networks(config) if kind == "networks" else config
    unharmed = tmp_path / "unharmed"
    unharmed.mkdir()
    (unharmed / "config.yaml").write_text(yaml.safe_dump(config))
    rules = {given.log[0]: given.rule for _, given in planned(unharmed)}
    snakemake(unharmed, "--cores", 2)
    runs = Kills(unharmed / "config.yaml", made(unharmed))
    while runs.n < KILLS[kind]:
        runs.run(tmp_path / f"run_{runs.n}", KILLS[kind])
        hit = {rules[log] for log in runs.interrupted}
        counts = {"rules": len({*rules.values()}), "rules killed at work": len(hit)}
        keep(f"killed runs, {kind}", runs.n, len(runs.wrong), counts)
        print(runs.n, runs.wrong, {*rules.values()} - hit, flush=True)
    assert runs.wrong == []


@pytest.mark.long
def test_runs_side_by_side_and_experiments_side_by_side(whole, tmp_path):
    """Two folders at once; in the second two experiments share what is common to them."""
    alone, both = tmp_path / "alone", tmp_path / "both"
    config = yaml.safe_load((whole.folder / "config.yaml").read_text())
    other = {**config["experiments"]["tiny"], "n_features": [4]}
    more = {"run": ["tiny", "other"], "experiments": {**config["experiments"], "other": other}}
    for folder, content in ((alone, config), (both, {**config, **more})):
        folder.mkdir()
        (folder / "config.yaml").write_text(yaml.safe_dump(content))
    with Reader(alone) as one, Reader(both) as two:
        runs = [started(folder) for folder in (alone, both)]
        assert [run.wait() for run in runs] == [0, 0]
    expected = made(whole.folder)
    assert different(made(alone), expected) == []
    shared = ("results/tiny/", "results/data/")
    kept = [
        {n: b for n, b in each.items() if n.startswith(shared)} for each in (made(both), expected)
    ]
    assert different(*kept) == []
    assert one.damaged == two.damaged == []
