"""The last lines of a run, from the tables that it made."""

from pathlib import Path

import pytest
import yaml

from lensflow.experiment import Project
from lensflow.workflow.config import complete
from lensflow.workflow.outcome import outcome

ROOT = Path(__file__).parents[3]
HEADER = "scale,n_features,sample,labels,cut,metric,mean,min,max,std,n_runs,boot_low,boot_high\n"
ROW = "log,8,{sample},stand_in,{cut},{metric},{mean},0.8,0.9,0.01,{n},0,1\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    return Project(complete(config | {"run": ["demo"]}))


def summary(folder, *rows):
    path = folder / "results/demo/metrics_summary.csv"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER + "".join(ROW.format(**row) for row in rows))


def row(sample="test", cut="none", metric="auc", mean=0.851, n=3):
    return {"sample": sample, "cut": cut, "metric": metric, "mean": mean, "n": n}


def test_what_was_not_made_is_not_named(project):
    assert outcome(project) == []


def test_the_headline_auc_of_each_sample_and_the_files(project, tmp_path):
    (dataset,) = project.chosen[0].candidate_datasets
    summary(tmp_path, row(cut="n100_snr50", mean=0.99), row(metric="f1"), row(), row(dataset, n=1))
    (tmp_path / "results/report.html").touch()
    numbers, *files = outcome(project)
    title = project.chosen[0].judgement.title
    assert numbers == (
        f"demo: AUC 0.851 (0.800 to 0.900 over 3 runs) on test, 0.851 on {dataset}; {title}"
    )
    assert files == ["open results/report.html"]


def test_a_sample_without_a_number_is_left_out(project, tmp_path):
    summary(tmp_path, row(mean=""), row("train", mean=0.9))
    assert outcome(project) == []
