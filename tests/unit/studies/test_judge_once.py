"""What the verdicts on one run say of others, of a small experiment."""

import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from lensflow.cluster.matching import match_clusters
from lensflow.studies import judge_once
from lensflow.studies.judge_once import Judged
from unit.report.report_fixtures import make_experiment


def judged(clusters, fractions):
    return Judged(None, None, np.array(clusters), np.array(fractions))


def test_a_cluster_gets_the_mean_of_what_is_said_of_its_members():
    """One shares all its members, one has them from both, one shares with the second run."""
    runs = [
        judged([0, 0, 0, 0, 1, 1, 1, 1], [0.5, 1.0]),
        judged([0, 0, 0, 0, 1, 1, 2, 2], [0.9, 0.9, 0.9]),
        judged([0, 0, 1, 1, 1, 1, 2, 2], [0.8, 0.8, 0.8]),
    ]
    groups = match_clusters([one.clusters for one in runs], [2, 3, 3])
    said = [values.tolist() for values in judge_once._followed(runs, groups)]
    assert said == [[0.5, 1.0], [0.5, 1.0, 1.0], [0.5, 0.75, 1.0]]


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    results = make_experiment(tmp_path / "results", n=60, n_features=6)
    for run in results["runs"]:
        for sample in ("test", "faint"):
            (run / f"embeddings_{sample}.h5").symlink_to(run / "embeddings_train.h5")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["judge_once", "demo"])
    judge_once.main()
    return pd.read_csv(StringIO(capsys.readouterr().out))


def test_the_first_run_scores_by_its_own_judgement(printed):
    assert printed["run"].tolist() == [0, 0, 1, 1]
    assert (printed["n_clusters"] == 6).all()
    first = printed[printed["run"] == 0]
    assert first["auc_own"].tolist() == first["auc_first"].tolist()
    assert printed[["auc_own", "auc_first"]].stack().between(0.5, 1).all()


def test_an_experiment_that_was_not_run_is_said(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["judge_once", "demo"])
    with pytest.raises(SystemExit, match="is no experiment that was run"):
        judge_once.main()
