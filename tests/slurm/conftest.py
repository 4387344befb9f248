import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slurm.cluster import Cluster, missing

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "workflow/profiles/slurm/profile.yaml"
RUN_TIMEOUT_S = 1800
# Of a small quiet cluster it can be asked more often than of one that others use too.
IMPATIENT = ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "20"]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slurm)


@contextlib.contextmanager
def private_cluster(folder, n_nodes):
    """Yield a private SLURM, which ends with the block whatever happens."""
    if reason := missing():
        pytest.skip(reason)
    private = Cluster(folder, n_nodes)
    try:
        private.start()
        yield private
    finally:
        private.stop()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A private SLURM of one node."""
    with private_cluster(tmp_path_factory.mktemp("slurm"), 1) as private:
        yield private


@pytest.fixture(scope="session")
def profile(tmp_path_factory):
    """The SLURM profile as a site without accounts and without a database writes it."""
    text = PROFILE.read_text()
    text, n_status = re.subn(r"(?m)^(slurm-status-command:) sacct\b", r"\1 squeue", text)
    text, n_account = re.subn(r"(?m)^  slurm_account: .*\n", "", text)
    assert n_status == n_account == 1
    folder = tmp_path_factory.mktemp("profiles") / "slurm"
    folder.mkdir()
    (folder / "profile.yaml").write_text(text)
    return folder


class Run:
    """Snakemake at work on the private cluster, as `make slurm` starts it."""

    def __init__(self, cluster, profile, folder, *arguments):
        self.folder = Path(folder)
        self.output_file = self.folder / "snakemake.out"
        command = [sys.executable, Path(__file__).with_name("impatient.py"), "--directory", folder]
        command += ["--workflow-profile", profile, *IMPATIENT, *arguments]
        environment = {**cluster.environment, "LENSFLOW_EXECUTOR": "slurm"}
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
        # All that Snakemake prints, which tests read.
        environment["VERBOSE"] = "1"
        with open(self.output_file, "w") as out:
            self.process = subprocess.Popen(
                list(map(str, command)),
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=ROOT,
                start_new_session=True,
            )

    @property
    def output(self):
        return self.output_file.read_text()

    def slurm_log(self, rule, job):
        """Return what SLURM kept of a job's output; the rule with its wildcards as a path."""
        return (self.folder / f"results/logs/slurm/rule_{rule}/{job}.log").read_text()

    def wait(self, timeout=RUN_TIMEOUT_S):
        """Wait for the end; return the status."""
        return self.process.wait(timeout)

    def interrupt(self):
        """Do what Ctrl-C does; return the status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)

    def kill(self):
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


@pytest.fixture(scope="session")
def start(cluster, profile):
    """Start Snakemake in a folder; what still runs at the end is killed."""
    runs = []

    def begin(folder, *arguments):
        runs.append(Run(cluster, profile, folder, *arguments))
        return runs[-1]

    yield begin
    for run in runs:
        run.kill()
