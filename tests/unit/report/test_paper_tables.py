import pandas as pd
import pytest

from lensflow.paper.contents import PAPER_TABLES
from lensflow.report.contents import read_findings
from lensflow.report.paper_tables import assumptions, cell, paper_tables
from unit.report.report_fixtures import make_experiment


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.12345, "0.123"), (11680000.0, "11,680,000"), (7, "7"), (float("nan"), ""), ("1:2", "1:2")],
)
def test_a_cell_of_the_report(value, expected):
    assert cell(value) == expected


def test_the_report_shows_the_headline_model_and_the_means(tmp_path):
    make_experiment(tmp_path / "results", n=40)
    folder = tmp_path / "results/demo"
    counts = {"scale": ["log", "log"], "n_features": [4, 6], "run": 0, "lens_share_60": 0.5}
    pd.DataFrame(counts).to_csv(folder / "cluster_counts.csv", index=False)
    ranking = {"ratio": [1], "purity_mean": 0.9, "purity_min": 0.8, "purity_max": 1, "n_runs": 3}
    pd.DataFrame(ranking).to_csv(folder / "ranking.csv", index=False)
    shown = paper_tables(read_findings(folder / "config.yaml"))
    titles = {table.name: table.title for table in PAPER_TABLES}
    assert [table["title"] for table in shown] == [titles["cluster_counts"], titles["ranking"]]
    assert shown[0]["rows"] == [["0", "0.5"]]
    assert shown[0]["columns"] == ["run", "share of lenses"]
    assert shown[1]["columns"] == ["ratio", "purity"]
    assert len(assumptions()) > 10
