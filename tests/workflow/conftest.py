import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
REAL_DATA = ROOT.parent / "shared" / "data"


def snakemake(folder, *arguments, check=True, timeout=1800):
    """Run Snakemake in ``folder``, which holds a config.yaml; return the finished process."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), *map(str, arguments)]
    # Said, since these tests also run where SLURM is installed; a test may say otherwise.
    environment = {"LENSFLOW_EXECUTOR": "local", **os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, env=environment
    )
    done.output = done.stdout + done.stderr
    if check:
        assert done.returncode == 0, done.output[-8000:]
    return done


def configured(folder, change=None):
    """Write the tiny configuration, changed by a function, to a folder; return the folder."""
    config = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    if change is not None:
        change(config)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def with_images(finished, folder, change):
    """Write a changed configuration beside the images of a finished run; return the folder."""
    configured(folder, change)
    shutil.copytree(finished / "results/data", folder / "results/data", copy_function=shutil.copy2)
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder in which the tiny configuration was run from start to end, once for all tests."""
    folder = configured(tmp_path_factory.mktemp("workflow"))
    done = snakemake(folder, "--workflow-profile", "default")
    (folder / "console.txt").write_text(done.output)
    return folder


def linear(config):
    """Change the tiny configuration to the linear scale, and sources alone beside (appendix A)."""
    config["experiments"]["tiny"] |= {"scales": ["linear"], "runs": 1, "appendix_a": {}}


@pytest.fixture(scope="session")
def appendix(finished, tmp_path_factory):
    """The folder of appendix A, of the images that are there."""
    folder = with_images(finished, tmp_path_factory.mktemp("appendix"), linear)
    targets = ["results/tiny/appendix_a.csv", "results/tiny/figures/clusters_sources.png"]
    snakemake(folder, "--cores", 2, "--rerun-triggers", "mtime", "--", *targets)
    return folder


@pytest.fixture(scope="session")
def real_data():
    """The folder of real images that are not part of the project."""
    if not REAL_DATA.is_dir():
        pytest.skip("the real images of ../shared/data are not here")
    return REAL_DATA
