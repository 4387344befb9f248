"""Every command of the tutorial, run as a reader does: from a folder of cutouts to look-alikes."""

import shlex
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from docs import ROOT, commands, fenced
from lensflow.workflow.recipes import laid_over
from workflow.conftest import snakemake

PAGE = ROOT / "workflow/docs/tutorial.md"
RUN, SURVEY = ["make", "run"], ["make", "run", "EXPERIMENTS=survey"]
SIMILAR = ["-m", "lensflow.studies.similar", "survey", "ID", "--picture", "alike.png"]
MODEL = "results/survey/sigma/features_4/run_0"


def made(folder, words):
    """Run in a folder what `make` would run in the project's."""
    done = subprocess.run([*words, "-n"], cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if "--workflow-profile" in line]
    options = shlex.split(line)[2:]
    return snakemake(folder, *options).output


@pytest.fixture(scope="module")
def survey(finished, tmp_path_factory):
    """A folder as the tutorial's reader has it after its first run, with cutouts linked."""
    folder = tmp_path_factory.mktemp("tutorial")
    cutouts = folder / "elsewhere"
    cutouts.mkdir()
    for path in (finished / "results/data/small_challenge/simulated").rglob("Public/Band1/*.fits"):
        shutil.copy(path, cutouts)
    (folder / "data").mkdir()
    (folder / "data/my_survey").symlink_to(cutouts)
    small = {"n_features": [4], "mixture": {"n_components": 5}}
    config = {"run": ["survey"], "seed": 3, "experiments": {"survey": small}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def test_the_tutorial_has_these_commands_and_no_others():
    found = {tuple(words) for _, words in commands(PAGE)}
    # `make run` itself is how `finished` came to be, but for its size and who prints what.
    similar, verbose = (".venv/bin/python", *SIMILAR), (*RUN, "VERBOSE=1")
    assert found == {tuple(RUN), tuple(SURVEY), similar, verbose}


def test_from_a_folder_to_judged_candidates_and_look_alikes(survey):
    candidates = survey / "results/survey/candidates_my_survey.csv"
    output = made(survey, SURVEY)
    assert f"open {MODEL}/judge.html" in output
    assert (survey / MODEL / "judge.html").is_file()
    assert (survey / "results/data/my_survey/quarantine.csv").is_file()
    assert set(pd.read_csv(candidates)["judgement"]) == {"nobody"}

    labels = pd.read_csv(survey / MODEL / "cluster_labels_template.csv")
    labels["probability"], labels["who"] = [0.0, 0.25, 0.5, 0.75, 1.0], "a reader"
    labels.to_csv(survey / "judged.csv", index=False)
    output = made(survey, SURVEY)
    assert "fit_encoder" not in output
    assert "rank_candidates" in output
    judged = pd.read_csv(candidates, dtype={"id": str})
    assert set(judged["judgement"]) == {"person"}
    assert judged["p_lens"].is_monotonic_decreasing

    (page,) = (survey / "results/survey").glob("grade_*.html")
    assert page.name == "grade_my_survey.html"
    grades = pd.DataFrame({"id": judged["id"][:3], "dataset": "my_survey", "grade": list("AXB")})
    grades.assign(who="me").to_csv(survey / "grades_me.csv", index=False)
    (text,) = fenced(PAGE, "yaml")
    config = yaml.safe_load((survey / "config.yaml").read_text())
    (survey / "config.yaml").write_text(yaml.safe_dump(laid_over(config, yaml.safe_load(text))))
    made(survey, SURVEY)
    graded = pd.read_csv(candidates, dtype={"id": str}).set_index("id")["mean_grade"]
    assert graded[judged["id"][:3]].tolist() == [3, 0, 2]
    assert graded.notna().sum() == 3
    assert "points by 1" in (survey / "results/report.html").read_text()
    assert "colour_grade" in (survey / "results/survey/explorer.html").read_text()

    words = [word if word != "ID" else judged["id"][0] for word in SIMILAR]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=survey,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "scripts")},
    )
    assert done.stdout.splitlines()[1].startswith(f"{judged['id'][0]},0,")
    assert (survey / "alike.png").is_file()
