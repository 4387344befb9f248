import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from lensflow.errors import ConfigError
from lensflow.workflow import execution
from lensflow.workflow.execution import (
    VARIABLE,
    check_accounting,
    check_executor,
    check_profile,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def home(tmp_path):
    for name in ("slurm", "default"):
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


@pytest.fixture
def cluster(tmp_path):
    """The environment of a login node."""
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.parent.mkdir()
    sbatch.touch(0o755)
    return {"PATH": str(sbatch.parent)}


def test_by_names_the_profiles_of_this_project_are_found():
    elsewhere = ROOT / "tests"
    for name in ("default", "slurm"):
        check_profile(["--workflow-profile", name], elsewhere, ROOT)
    # Where Snakemake looks for a workflow profile of its own accord.
    assert (ROOT / "profiles").readlink() == Path("workflow/profiles")
    assert (ROOT / "profiles/default/profile.yaml").is_file()


@pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}, {VARIABLE: "slurm"}])
def test_the_executor_asked_for_passes(environment):
    check_executor("slurm", [], environment, ["_cores"])


@pytest.mark.parametrize(
    ("wanted", "executor", "profile"), [("slurm", "local", "slurm"), ("local", "slurm", "default")]
)
def test_another_executor_than_asked_for_is_refused(wanted, executor, profile):
    message = f"asks for the executor '{wanted}'.*runs with '{executor}'.*profile {profile}"
    with pytest.raises(ConfigError, match=message):
        check_executor(executor, [], {VARIABLE: wanted}, [])


@pytest.mark.parametrize("arguments", [[], ["-n"], ["--cores", "2"], ["--profile-dag"]])
def test_a_login_node_does_not_do_the_work_by_mistake(cluster, arguments):
    with pytest.raises(ConfigError, match=r"make slurm.*make run, or LENSFLOW_EXECUTOR=local"):
        check_executor("local", arguments, cluster, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workflow-profile", "none"],
        ["--workflow-profile=default"],
        ["--profile", "mine"],
        ["--executor", "local"],
        ["-e", "local"],
    ],
)
def test_who_says_where_to_run_is_obeyed(cluster, arguments):
    check_executor("local", arguments, cluster, ["gpu"])


def test_elsewhere_than_on_a_login_node_work_is_done_here(cluster, tmp_path):
    check_executor("local", [], cluster | {VARIABLE: "local"}, ["gpu"])
    check_executor("local", [], cluster | {"SLURM_JOB_ID": "7"}, ["gpu"])
    check_executor("local", [], {"PATH": str(tmp_path)}, ["gpu"])
    check_executor("touch", [], cluster, ["gpu"])


def test_a_limit_for_one_machine_is_refused_on_a_cluster(cluster):
    with pytest.raises(ConfigError, match=r"GPU jobs would wait.*--workflow-profile slurm"):
        check_executor("slurm", ["--profile", "mine"], cluster, ["_cores", "gpu"])


SACCT, SQUEUE = (SimpleNamespace(status_command=name) for name in ("sacct", "squeue"))


@pytest.mark.parametrize(("executor", "settings"), [("slurm", SQUEUE), ("local", None)])
def test_others_need_no_accounting(monkeypatch, executor, settings):
    monkeypatch.setattr(subprocess, "run", None)
    check_accounting(executor, settings)


@pytest.mark.parametrize("status", [0, 1])
def test_sacct_must_answer(monkeypatch, status):
    command = ("sh", "-c", f"echo Slurm accounting storage is disabled >&2; exit {status}")
    monkeypatch.setattr(execution, "SACCT", command)
    if status == 0:
        check_accounting("slurm", SACCT)
    else:
        with pytest.raises(ConfigError, match=r"storage is disabled.*status-command: squeue"):
            check_accounting("slurm", SACCT)
