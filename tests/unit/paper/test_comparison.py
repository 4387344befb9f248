import numpy as np
import pandas as pd
import pytest

from lensflow.evaluate.columns import METRICS_COLUMNS, NULL_COLUMNS, SUMMARY_COLUMNS
from lensflow.paper.comparison import compare, compare_stage
from lensflow.paper.numbers import AUC, Published
from lensflow.paper.results import Measured, Results, over_runs, read_results
from lensflow.paper.rows import COLUMNS, differs, row, text
from unit.paper.conftest import experiment, write


@pytest.fixture
def table(training, challenge):
    return compare(training, None, challenge).set_index("quantity")


def test_the_columns_are_those_that_others_read(table):
    assert ["quantity", *table.columns] == COLUMNS
    assert not table.index.duplicated().any()


def test_a_headline_number_stands_beside_the_papers(table):
    found = table.loc["AUC, training sample, assumed probability"]
    assert (found["paper"], found["paper_error"]) == ("0.8617", "0.0063")
    assert (found["ours"], found["ours_error"]) == ("0.87", "0.01")
    assert found["data"] == "simulated (small: 1,234 images)"
    assert "3 runs 0.8600 to 0.8800; bootstrap over objects 0.1000 to 0.2000" in found["note"]
    assert "Differs" not in found["note"]


def test_where_numbers_differ_the_reasons_are_said(table):
    note = table.loc["accuracy, training sample, assumed probability", "note"]
    assert (
        "Differs; not as in the paper: simulated images, not the challenge's, clusters judged"
        in note
    )


def test_what_was_not_run_says_so(table):
    found = table.loc["AUC, honest: held-out objects, both classes augmented alike"]
    assert (found["ours"], found["experiment"], found["data"]) == ("not run", "", "")


def test_the_null_the_features_and_the_scale(table):
    null = table.loc["AUC with shuffled labels (the null), the paper's protocol"]
    assert (null["ours"], null["ours_error"]) == ("0.5", "0.01")
    assert table.loc["best number of features, log scale", "ours"] == "24"
    assert table.loc["better scale", ["paper", "ours"]].tolist() == ["log", "log"]
    difference = table.loc["AUC, known fractions minus assumed probability"]
    assert difference["ours"] == "0.02"


def test_the_clusters(table):
    share = table.loc["share of all lenses in clusters of lens fraction >= 0.6"]
    assert (share["paper"], share["ours"]) == ("0.63", "0.63")
    assert table.loc["clusters of lens fraction >= 0.6", ["paper", "ours"]].tolist() == ["7", "8"]
    assert table.loc["clusters of non-lens fraction >= 0.9", "ours"] == "6"
    note = table.loc["clusters of non-lens fraction >= 0.6", "note"]
    assert note.startswith("Of 24 clusters, the paper's of 24")
    assert "judged" not in note


def test_the_test_sets_of_rare_lenses(table):
    spread = table.loc["AUC of the test sets of table 1, largest minus smallest"]
    assert (spread["ours"], spread["ours_error"]) == ("0.01", "0.01")
    assert "1:1 0.8500, 1:10000 0.8600" in spread["note"]
    rates = table[table.index.str.startswith("rates of the confusion matrix")].iloc[0]
    assert rates["ours"] == "0.1"
    assert table.loc["purity at one lens in 10,001 images, p > 0.5", "ours"] == "0.01"


def test_the_challenge_rows_are_from_the_experiment_trained_on_that_set(table):
    found = table.loc["table 2, challenge-like set, trained and judged on it: AUC"]
    assert (found["paper"], found["ours"], found["experiment"]) == ("0.72", "0.72", "far")
    assert found["data"] == "Lens Finding Challenge 1.0 (hard)"
    tpr = table.loc["table 2, training set: TPR10"]
    assert "Counts false positives, here among 100 non-lenses" in tpr["note"]
    transfer = table.loc["table 2, challenge-like set, transfer of the first model: AUC"]
    assert (transfer["paper"], transfer["ours"], transfer["experiment"]) == ("", "0.6", "paper")
    cut = table.loc["AUC on the challenge-like set after the cut (N > 100, S/N > 50)"]
    assert (cut["paper"], cut["ours"]) == ("0.83", "0.81")
    bend = table.loc["TPR of the challenge-like set where its ROC leaves FPR 0, after the cut"]
    assert (bend["paper"], bend["ours"], bend["ours_error"]) == ("0.2", "0.21", "0.05")


def test_the_appendix(table):
    purity = table.loc["appendix A: purity of the clusters of source-only images"]
    assert (purity["paper"], purity["ours"], purity["ours_error"]) == ("1", "1", "0")
    blank = table[table.index.str.contains("blank images")].iloc[0]
    assert blank["ours"] == "0.75"
    assert "Differs" not in blank["note"]  # the runs scatter as much


def test_an_experiment_whose_labels_are_unknown_gives_every_row():
    columns = {"metrics": METRICS_COLUMNS, "metrics_summary": SUMMARY_COLUMNS, "null": NULL_COLUMNS}
    tables = {name: pd.DataFrame(columns=names) for name, names in columns.items()}
    empty = Results(experiment("paper", "paper", "small"), tables)
    table = compare(empty, None, None)
    assert (table["ours"] == "not run").all()
    assert table["paper"].ne("").sum() > 20


@pytest.mark.parametrize(
    ("paper", "ours", "expected"),
    [
        (AUC, Measured(0.86, 0.01), False),
        (AUC, Measured(0.80, 0.01), True),
        (Published(0.72, None, ""), Measured(0.724), False),
        (Published(0.72, None, ""), Measured(0.73), True),
        (Published("log", None, ""), Measured("linear"), False),
        (AUC, None, False),
        (None, Measured(1.0), False),
    ],
)
def test_differs(paper, ours, expected):
    assert bool(differs(paper, ours)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.8617, "0.8617"), (24.0, "24"), (0.0, "0"), (None, ""), ("log", "log"), (0.1 + 0.2, "0.3")],
)
def test_numbers_are_written_shortly(value, expected):
    assert text(value) == expected


def test_a_row_of_nothing_is_not_run():
    assert row("x", None, None, None)["ours"] == "not run"


def test_over_runs():
    assert over_runs([]) is None
    assert over_runs([0.5]).error is None
    assert over_runs([1.0, 3.0, np.nan])[:2] == (2.0, pytest.approx(np.sqrt(2)))


def test_the_stages_read_what_the_workflow_writes(training, challenge, tmp_path):
    folders = write(training, tmp_path / "paper"), write(challenge, tmp_path / "far")
    roles = {"training": folders[0], "honest": None, "challenge": folders[1]}
    compare_stage([roles, roles], tmp_path / "comparison.csv")
    both = pd.read_csv(tmp_path / "comparison.csv", dtype=str, keep_default_na=False)
    expected = compare(training, None, challenge)
    pd.testing.assert_frame_equal(both.head(len(expected)), expected, check_dtype=False)
    assert len(both) == 2 * len(expected)
    compare_stage([], tmp_path / "nothing.csv")
    assert list(pd.read_csv(tmp_path / "nothing.csv")) == COLUMNS
    assert read_results(folders[0]).name == "paper"
