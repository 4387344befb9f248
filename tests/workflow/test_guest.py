"""The workflow in the hands of others: as a module, with a failing rule, after a kill."""

import shutil

import pytest
import yaml

from workflow.conftest import ROOT, configured, snakemake

OUTER = """
configfile: "mine.yaml"


module lensflow:
    snakefile:
        "{snakefile}"
    config:
        config


use rule * from lensflow as lensflow_*


rule mine:
    default_target: True
    input:
        "results/data/small_challenge/index.h5",
    output:
        "mine.txt",
    shell:
        "wc -c {{input}} > {{output}}"
"""


def test_another_workflow_takes_it_as_a_module(tmp_path):
    tiny = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    tiny["datasets"]["small_challenge"]["n_objects"] = 4
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(tiny))
    (tmp_path / "Snakefile").write_text(OUTER.format(snakefile=ROOT / "Snakefile"))
    done = snakemake(tmp_path, "--cores", 2, "--snakefile", tmp_path / "Snakefile")
    assert "lensflow_build_index" in done.output or "small_challenge/build_index" in done.output
    assert int((tmp_path / "mine.txt").read_text().split()[0]) > 1000


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not here")
def test_files_may_be_kept_on_another_file_system(tmp_path):
    folder = configured(tmp_path / "here")
    options = ["--default-storage-provider", "fs", "--default-storage-prefix", tmp_path / "there"]
    target = "results/data/small_challenge/index.h5"
    snakemake(folder, "--cores", 2, *options, "--", target)
    assert (tmp_path / "there" / target).is_file()


def too_many_bad(config):
    """A dataset of which a file cannot be used, and that is too much."""
    config["datasets"]["stamps"] = {
        "kind": "fits",
        "path": "stamps",
        "max_quarantine_fraction": 0.0,
    }
    config["experiments"]["tiny"]["apply_to"] = ["stamps"]


def test_a_failed_rule_is_done_again_whatever_it_left(tmp_path):
    folder = configured(tmp_path, too_many_bad)
    (folder / "stamps").mkdir()
    (folder / "stamps/a.fits").mkdir()
    (folder / "stamps/a.fits/b.fits").write_text("no image")
    target = "results/data/stamps/index.h5"
    kept = folder / "results/data/stamps/quarantine_refused.csv"
    done = snakemake(folder, "--cores", 1, "--keep-incomplete", target, check=False)
    assert done.returncode != 0
    assert f"The whole list: results/data/stamps/{kept.name}" in done.output.replace("\n", " ")
    assert "b.fits" in kept.read_text()
    import numpy as np
    from astropy.io import fits

    (folder / "stamps/a.fits/b.fits").unlink()
    sky = np.random.default_rng(1).normal(0, 1, (101, 101)).astype("f4")
    fits.PrimaryHDU(sky).writeto(folder / "stamps/a.fits/b.fits")
    snakemake(folder, "--cores", 1, "--forcerun", "list_cutouts", "--", target)
    assert (folder / target).is_file()
    assert not kept.exists()


def test_trainings_wait_for_every_dataset(tmp_path):
    """A dataset that models are applied to fails before a network is trained, not after."""
    folder = configured(tmp_path, too_many_bad)
    (folder / "stamps").mkdir()
    output = snakemake(folder, "-n", "--cores", 1, "results/tiny/log/denoiser.weights.h5").output
    assert "rule check_datasets:" in output
    assert "results/data/stamps/index.h5" in output


def test_after_a_kill_the_way_out_is_said(tmp_path):
    folder = configured(tmp_path)
    locks = folder / ".snakemake/locks"
    locks.mkdir(parents=True)
    target = "results/tiny/config.yaml"
    for name in ("0.input.lock", "0.output.lock"):
        (locks / name).write_text(f"{target}\n")
    done = snakemake(folder, "--cores", 1, target, check=False)
    assert done.returncode != 0
    assert "--unlock" in done.output
    snakemake(folder, "--unlock", "--cores", 1)
    snakemake(folder, "--cores", 1, target)
