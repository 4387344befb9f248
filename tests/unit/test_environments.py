import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ENVS = Path(__file__).resolve().parents[2] / "envs"


LOCKS = ("requirements", "oracles", "gpu-jax")


def locked(name="requirements", python="3.11"):
    """The pins of a lock file that hold for a version of Python."""
    lines = (ENVS / f"{name}.lock").read_text().splitlines()
    other = {"3.11": ">= '3.12'", "3.12": "< '3.12'"}[python]
    pins = {}
    for line in lines:
        found = re.match(r"([a-z0-9-]+)==([^ ;]+)(.*)", line)
        if found and f"python_full_version {other}" not in found[3]:
            pins[found[1]] = found[2]
    return pins


@pytest.mark.parametrize("name", ["cpu", "gpu", "gpu-jax"])
def test_conda_environments_carry_the_pins_of_the_lock_files(name):
    dependencies = yaml.safe_load((ENVS / f"{name}.yaml").read_text())["dependencies"]
    pins = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    known = locked("gpu-jax") | locked()
    for pin in pins:
        package, version = pin.split("==")
        assert known[re.sub(r"\[.*\]", "", package)] == version


def test_the_environments_of_the_gpu_stages_differ_by_the_backend_alone():
    def packages(name):
        text = (ENVS / f"{name}.yaml").read_text()
        return set(re.findall(r'^ *- "([a-z0-9-]+).*=="?', text, re.MULTILINE))

    assert packages("gpu") ^ packages("gpu-jax") == {"tensorflow", "jax"}


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_jax_for_a_gpu_can_be_laid_over_the_environment(python):
    known = locked(python=python) | locked("oracles", python)
    laid = locked("gpu-jax", python)
    assert {"jax", "keras", "numpy"} <= set(laid) & set(known)
    assert {name: laid[name] for name in laid if name in known} == {
        name: known[name] for name in laid if name in known
    }
    assert not {"tensorflow", "snakemake"} & set(laid)


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_have_hashes_and_no_address(name):
    text = (ENVS / f"{name}.lock").read_text()
    assert "://" not in text
    for entry in re.split(r"\n(?=[a-z])", text.strip()):
        assert "--hash=sha256:" in entry


@pytest.mark.parametrize("name", LOCKS)
def test_every_named_requirement_is_locked(name):
    names = re.findall(r"^([a-z][a-z0-9-]+)", (ENVS / f"{name}.in").read_text(), re.MULTILINE)
    assert set(names) <= set(locked(name))


@pytest.mark.parametrize("name", ["tensorflow", "keras", "pandas", "snakemake"])
def test_no_job_compiles_the_libraries_anew(name):
    path = importlib.util.cache_from_source(importlib.util.find_spec(name).origin)
    assert Path(path).is_file()


# --- how it is made -------------------------------------------------------------------------------

PYTHON = """#!/bin/bash
# Stands for a Python: makes environments that hold a copy of it and a uv that does nothing.
set -eu
case "$1 ${2-}" in
  "-c "*) exit ${OLD_PYTHON-0} ;;
  "--version ") echo "Python 3.9" ;;
  "-m venv")
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    printf '#!%s/bin/python\\nnew\\n' "$PWD/$3" > "$3/bin/tool"
    printf 'VIRTUAL_ENV=%s\\n' "$PWD/$3" > "$3/bin/activate"
    echo "command = python -m venv $PWD/$3" > "$3/pyvenv.cfg" ;;
  "-m pip")
    printf '#!/bin/bash\\nexit ${UV_FAILS-0}\\n' > "$(dirname "$0")/uv"
    chmod +x "$(dirname "$0")/uv" ;;
esac
"""


@pytest.fixture
def make(tmp_path):
    """Call the script in a folder of its own; return its status, and what it says on stderr."""
    (tmp_path / "fake").write_text(PYTHON)
    (tmp_path / "fake").chmod(0o755)
    (tmp_path / "requirements.lock").write_text("uv==0.9.0 \\\n    --hash=sha256:0\n")

    def call(**environment):
        command = [ENVS / "make_environment.sh", tmp_path / "fake", "requirements.lock"]
        environment = {"PATH": os.environ["PATH"], **environment}
        options = {"capture_output": True, "text": True, "check": False}
        return subprocess.run(command, cwd=tmp_path, env=environment, **options)

    return call


def test_an_environment_is_made_and_called_by_its_place(make, tmp_path):
    assert make().returncode == 0
    assert (tmp_path / ".venv/lensflow-installed").is_file()
    assert (tmp_path / ".venv/bin/tool").read_text() == f"#!{tmp_path}/.venv/bin/python\nnew\n"
    assert (tmp_path / ".venv/bin/activate").read_text() == f"VIRTUAL_ENV={tmp_path}/.venv\n"
    assert ".new" not in (tmp_path / ".venv/pyvenv.cfg").read_text()
    assert sorted(path.name for path in tmp_path.glob(".venv*")) == [".venv"]


def test_an_older_environment_is_named_and_replaced_when_the_new_one_is_complete(make, tmp_path):
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/mine").touch()
    assert make(UV_FAILS="3").returncode != 0
    assert (tmp_path / ".venv/mine").exists()
    done = make()
    assert done.returncode == 0
    assert f"{tmp_path}/.venv is replaced" in done.stdout
    assert not (tmp_path / ".venv/mine").exists()


@pytest.mark.parametrize("name", [".venv", ".venv.new", ".venv.old"])
def test_a_link_is_refused_and_its_target_left_alone(make, tmp_path, name):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").touch()
    (tmp_path / name).symlink_to("precious")
    done = make()
    assert done.returncode != 0
    assert f"{name} is a link to precious" in done.stderr
    assert (tmp_path / "precious/file").exists()


def test_an_environment_in_use_is_not_pulled_away(make, tmp_path):
    make()
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    (tmp_path / ".snakemake/locks/0.input.lock").touch()
    done = make()
    assert done.returncode != 0
    assert "A run is in progress here" in done.stderr
    (tmp_path / ".snakemake/locks/0.input.lock").unlink()
    python = tmp_path / ".venv/bin/python"
    python.unlink()
    python.symlink_to(sys.executable)
    with subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE) as job:
        done = make()
        job.communicate(b"\n")
    assert done.returncode != 0
    assert f"Process {job.pid} runs from {tmp_path}/.venv" in done.stderr
    assert make().returncode == 0


def test_an_old_python_is_told(make):
    done = make(OLD_PYTHON="1")
    assert done.returncode != 0
    assert "needs Python 3.11 or later; found Python 3.9" in done.stderr
