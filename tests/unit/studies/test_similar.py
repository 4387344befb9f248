"""Look-alikes on the command line, of a small experiment."""

import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lensflow.errors import ArtifactError
from lensflow.studies import similar
from lensflow.studies.trained import read_experiment
from unit.report.report_fixtures import make_experiment


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with results of an experiment whose explorer shows its training sample."""
    folder = tmp_path_factory.mktemp("here")
    results = make_experiment(folder / "results", n=60, n_features=6)
    for run in results["runs"]:
        for file in ("embeddings_{}.h5", "scores_{}.csv"):
            (run / file.format("faint")).symlink_to(run / file.format("train"))
    return folder


def run(monkeypatch, folder, *arguments):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["similar", *map(str, arguments)])
    similar.main()


def test_the_object_comes_first_and_then_by_distance(folder, monkeypatch, tmp_path):
    csv = tmp_path / "alike.csv"
    run(monkeypatch, folder, "demo", "100007", "--number", 9, "--csv", csv)
    table = pd.read_csv(csv, dtype={"id": str})
    assert len(table) == 10
    assert table["id"][0] == "100007"
    assert table["distance"][0] == 0
    assert (np.diff(table["distance"]) >= 0).all()
    assert table["id"].is_unique
    assert {"cluster", "p_lens_stand_in"} <= set(table)


def test_it_is_printed_and_drawn(folder, monkeypatch, tmp_path, capsys):
    png = tmp_path / "alike.png"
    run(monkeypatch, folder, "results/demo", "100007", "--number", 7, "--picture", png)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("id,distance,")
    assert len(lines) == 9
    with Image.open(png) as image:
        assert min(image.size) > 300


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "nobody"], "no object 'nobody'"),
        (["dmo", "100007"], "is no experiment that was run"),
        (["demo", "100007", "--sample", "tset"], "expected one of ['train', 'test', 'faint']"),
        (["demo", "100007", "--number", "-1"], "received -1; expected at least one look-alike"),
        (["demo", "100007", "--sample", "test"], "Run the experiment to its end"),
    ],
)
def test_mistakes_are_said(folder, monkeypatch, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, folder, *arguments)
    assert words in str(stopped.value)


def test_a_folder_that_is_no_experiment_names_those_beside_it(folder):
    with pytest.raises(ArtifactError, match=r"\['demo'\]"):
        read_experiment(folder / "results/data")
