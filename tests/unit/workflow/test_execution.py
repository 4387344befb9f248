import subprocess

import pytest

from lensflow.errors import ConfigError
from lensflow.workflow import execution
from lensflow.workflow.execution import check_accounting, check_executor, check_profile


@pytest.fixture
def home(tmp_path):
    for name in ("slurm", "workstation"):
        folder = tmp_path / "home" / "workflow" / "profiles" / name
        folder.mkdir(parents=True)
        (folder / "profile.yaml").touch()
    return tmp_path / "home"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--cores", "2"],
        ["--workflow-profile", "none"],
        ["--workflow-profile", "workflow/profiles/slurm"],
        ["--workflow-profile=workflow/profiles/slurm/profile.yaml", "-n"],
        ["--workflow-profile", "slurm", "--workflow-profile", "workflow/profiles/slurm"],
    ],
)
def test_profiles_that_snakemake_finds_pass(home, arguments):
    check_profile(arguments, home, home)


@pytest.mark.parametrize("start_below", ["", "elsewhere"])
@pytest.mark.parametrize("arguments", [["--workflow-profile", "slurm"], ["--workflow-profile=x"]])
def test_a_profile_that_snakemake_would_ignore_is_refused(home, arguments, start_below):
    with pytest.raises(ConfigError, match=r"run everything on this machine.*profiles/slurm"):
        check_profile(arguments, home / start_below, home)


def test_a_path_beside_the_snakefile_is_not_found_from_elsewhere(home, tmp_path):
    arguments = ["--workflow-profile", "workflow/profiles/slurm"]
    with pytest.raises(ConfigError, match=r"no .*elsewhere/workflow/profiles/slurm"):
        check_profile(arguments, tmp_path / "elsewhere", home)
    check_profile(["--workflow-profile", str(home / arguments[1])], tmp_path / "elsewhere", home)


@pytest.mark.parametrize("wanted", [None, "", "slurm"])
def test_the_executor_asked_for_passes(wanted):
    check_executor(wanted, "slurm")


def test_another_executor_than_asked_for_is_refused():
    with pytest.raises(ConfigError, match=r"asks for the executor 'slurm'.*runs with 'local'"):
        check_executor("slurm", "local")


def test_squeue_needs_no_accounting(monkeypatch):
    monkeypatch.setattr(subprocess, "run", None)
    check_accounting("squeue")


@pytest.mark.parametrize("status", [0, 1])
def test_sacct_must_answer(monkeypatch, status):
    command = ("sh", "-c", f"echo Slurm accounting storage is disabled >&2; exit {status}")
    monkeypatch.setattr(execution, "SACCT", command)
    if status == 0:
        check_accounting("sacct")
    else:
        with pytest.raises(ConfigError, match=r"storage is disabled.*status-command: squeue"):
            check_accounting("sacct")
