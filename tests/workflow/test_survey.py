"""A survey of one's own by the recipe `survey`: from a folder of FITS files to candidates."""

import re
import shutil

import pandas as pd
import yaml

from unit.ingest.test_bands import CATALOGUE2, make_challenge2
from workflow.conftest import ROOT, configured, snakemake

RUN = "results/survey/sigma/features_4/run_0"
SHEET = "results/survey/figures/clusters_unlabelled_sigma_features_4_run_0.png"
CANDIDATES = "results/survey/candidates_my_survey"


def test_candidates_come_by_nobody_at_first_and_by_a_person_then(finished, tmp_path, monkeypatch):
    """The three commands of a new user: run, judge, run."""
    # So that the rules that run are named.
    monkeypatch.setenv("VERBOSE", "1")
    source = finished / "results/data/small_challenge/simulated"
    images = [path for path in source.rglob("*.fits") if "Public" in path.parts]
    (tmp_path / "data/my_survey").mkdir(parents=True)
    for path in images:
        shutil.copy(path, tmp_path / "data/my_survey")
    small = {"n_features": [4], "mixture": {"n_components": 5}}
    config = {"run": ["survey"], "seed": 3, "experiments": {"survey": small}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))

    output = snakemake(tmp_path, "--cores", 2).output
    assert f"look at {SHEET}" in output
    assert f"{RUN}/cluster_labels_template.csv, save it as judged.csv" in output
    assert f"open {RUN}/judge.html in a browser, save its file as judged.csv" in output
    assert (tmp_path / RUN / "judge.html").is_file()
    assert (tmp_path / SHEET).is_file()
    first = pd.read_csv(tmp_path / f"{CANDIDATES}.csv")
    assert len(first) == len(images) == 40
    assert (first["judgement"] == "nobody").all()
    assert "p_lens" not in first
    assert first["log_density"].is_monotonic_increasing
    report = (tmp_path / "results/report.html").read_text()
    assert "Nobody has judged the clusters" in report
    assert not list((tmp_path / "results/backups").glob("*"))
    assert "Nothing to be done" in snakemake(tmp_path, "--cores", 1).output

    template = pd.read_csv(tmp_path / f"{RUN}/cluster_labels_template.csv")
    template["probability"] = [0.0, 0.25, 0.5, 0.75, 1.0]
    template["who"] = "a tester"
    template.to_csv(tmp_path / "judged.csv", index=False)
    output = snakemake(tmp_path, "--cores", 2).output
    assert "nobody has judged" not in output
    for rule in ("fit_encoder", "embed_stack", "fit_mixture", "ingest_cutouts"):
        assert f"rule {rule}:" not in output
    second = pd.read_csv(tmp_path / f"{CANDIDATES}.csv")
    assert (second["judgement"] == "person").all()
    assert second["p_lens"].is_monotonic_decreasing
    assert set(second["id"]) == set(first["id"])
    probability = template.set_index("cluster")["probability"]
    certain = second[second["p_lens"].isin(probability)]
    assert len(certain)
    assert (certain["p_lens"] == probability[certain["cluster"]].to_numpy()).all()

    # All that the table is for is there already: it stops the run all the same.
    template.assign(probability=[0.0, 0.25, 0.5, 0.75, None]).to_csv(
        tmp_path / "judged.csv", index=False
    )
    done = snakemake(tmp_path, "--cores", 2, check=False)
    assert done.returncode != 0
    assert "judged.csv: probability '' of cluster 4 is not a number" in done.output
    assert f"open {RUN}/judge.html in a browser, save its file as judged.csv" in done.output
    assert "Finished job" not in done.output


def test_the_second_challenge_can_be_planned_in_both_layouts(tmp_path):
    def second_challenge(config):
        there = {"kind": "challenge2", "bands": ["VIS", "Y", "J", "H"], "shards": 3}
        config["datasets"] = {
            "training": {**there, "path": "train", "catalogue": "image_catalog2.0train.csv"},
            "unseen": {**there, "path": "unseen"},
        }
        config["experiments"]["tiny"] |= {
            "dataset": "training", "apply_to": ["unseen"], "protocol": "honest", "runs": 1,
        }  # fmt: skip

    make_challenge2(tmp_path / "train", "EUC_{band}")
    make_challenge2(tmp_path / "unseen", "Band{number}")
    (tmp_path / "image_catalog2.0train.csv").write_text(CATALOGUE2)
    output = snakemake(configured(tmp_path, second_challenge), "-n", "--cores", 1).output
    counts = dict(re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE))
    assert {counts[rule] for rule in ("list_cutouts", "build_index")} == {"2"}
    assert counts["ingest_cutouts"] == "6"
    assert counts["rank_candidates"] == "1"


def test_the_recipe_needs_nothing_but_the_folder(tmp_path):
    shutil.copy(ROOT / "config.yaml", tmp_path)
    done = snakemake(tmp_path, "-n", "--cores", 1, "--config", "run=[survey]", check=False)
    assert done.returncode != 0
    assert "config.datasets.my_survey.path is 'data/my_survey', which is no folder" in done.output
    (tmp_path / "data/my_survey").mkdir(parents=True)
    output = snakemake(tmp_path, "-n", "--cores", 1, "--config", "run=[survey]").output
    assert "rank_candidates" in output
