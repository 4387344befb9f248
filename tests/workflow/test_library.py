"""The library as its page shows it, on what a run has left; its numbers are the workflow's."""

import contextlib
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from docs import ROOT, commands, fenced
from lensflow.studies.finder import Finder

PAGE = ROOT / "workflow/docs/library.md"
IMAGES = "results/data/small_challenge/simulated"


@pytest.fixture
def here(finished, tmp_path, monkeypatch):
    """A folder with the results of a run, and its cutouts as a survey's."""
    (tmp_path / "results").symlink_to(finished / "results")
    survey = tmp_path / "data/my_survey"
    survey.mkdir(parents=True)
    for path in (finished / IMAGES).rglob("Public/Band1/*.fits"):
        (survey / path.name).symlink_to(path)
    with contextlib.chdir(tmp_path):
        yield tmp_path


def test_the_lines_of_the_page_give_the_numbers_of_the_workflow(here):
    (code,) = fenced(PAGE, "python")
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) < 10
    names = {}
    exec(code.replace("results/best", "results/tiny"), names)
    scores = "results/tiny/log/features_3/run_0/scores_small_challenge.csv"
    expected = pd.read_csv(scores, dtype={"id": str}).set_index("id")
    table = names["table"].assign(id=names["table"]["id"].str.removeprefix("imageEUC_VIS-"))
    expected = expected.loc[table["id"]]
    assert len(table) == len(expected) == 40
    np.testing.assert_allclose(table["p_lens"], expected["p_lens_stand_in"], atol=1e-6)
    np.testing.assert_array_equal(table["cluster"], expected["cluster"])
    assert names["features"].shape == (40, 3)
    assert (here / "candidates.png").stat().st_size > 10_000


def test_another_run_is_another_model(here):
    files = sorted((here / "data/my_survey").glob("*.fits"))[:8]
    first, second = (Finder.open("results/tiny", run) for run in (0, 1))
    cutouts = first.read(files)
    assert not np.allclose(first.embed(cutouts), second.embed(cutouts))


def test_the_command_of_the_page_finds_look_alikes(here):
    (words,) = [words for _, words in commands(PAGE) if "lensflow.studies.similar" in words]
    scores = pd.read_csv(
        "results/tiny/log/features_3/run_0/scores_small_challenge.csv", dtype={"id": str}
    )
    changed = {"demo": "tiny", "200485": scores["id"][0], ".venv/bin/python": sys.executable}
    command = [changed.get(word, word) for word in words]
    environment = {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, shlex.join(command) + done.stderr
    assert len(done.stdout.splitlines()) == 13
    assert done.stdout.splitlines()[1].startswith(f"{scores['id'][0]},0,")
    assert (here / "alike.png").is_file()
