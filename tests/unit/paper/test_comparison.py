import numpy as np
import pandas as pd
import pytest
import yaml
from lensflow.evaluate.runs import METRICS_COLUMNS

from lensflow.evaluate.evaluation import SUMMARY_COLUMNS
from lensflow.evaluate.null import NULL_COLUMNS
from lensflow.figures.table2 import kind_of, method_table
from lensflow.paper.assumptions import ASSUMPTIONS
from lensflow.paper.challenge_table import challenge_table_stage
from lensflow.paper.comparison import compare, compare_stage
from lensflow.paper.numbers import AUC, TABLE2, Published
from lensflow.paper.results import Measured, Results, over_runs, read_results
from lensflow.paper.rows import COLUMNS, differs, row, text

COUNTS = {"tp": 90.0, "fn": 10.0, "fp": 20.0, "tn": 80.0}
LAYERS = [{"filters": f, "kernel": 3} for f in (128, 64, 32, 16, 8)]


def configuration(name, protocol, dataset, apply_to=(), **changes):
    entry = {
        "dataset": dataset,
        "protocol": protocol,
        "preset": "paper",
        "fraction": 1,
        "headline": {"scale": "log", "n_features": 24},
        "n_features": [4, 24],
        "labels": ["known", "stand_in"],
        "apply_to": list(apply_to),
        **changes,
    }
    preset = {
        "autoencoder": {"encoder": LAYERS},
        "training": {"autoencoder": {"epochs": 500}},
    }
    datasets = {
        "small": {"kind": "simulate", "n_objects": 1234},
        "hard": {"kind": "challenge1", "path": "x"},
    }
    config = {"run": [name], "datasets": datasets, "presets": {"paper": preset}}
    return {**config, "experiments": {name: entry}}


def summary_row(sample, metric, values, **where):
    values = np.asarray(values, float)
    row = {"scale": "log", "n_features": 24, "sample": sample, "labels": "stand_in", "cut": "none"}
    spread = {"mean": values.mean(), "min": values.min(), "max": values.max()}
    spread |= {"std": values.std(ddof=1), "n_runs": values.size, "boot_low": 0.1, "boot_high": 0.2}
    return {**row, "metric": metric, **spread, **where}


def metric_rows(sample, auc, **where):
    key = {"scale": "log", "n_features": 24, "sample": sample, "labels": "stand_in", "cut": "none"}
    return [
        {**key, "run": run, "auc": value, "tpr0": 0.0, "tpr10": 0.1, **COUNTS, **where}
        for run, value in enumerate(auc)
    ]


@pytest.fixture
def training():
    summary = [
        summary_row("train", "auc", [0.86, 0.87, 0.88]),
        summary_row("train", "auc", [0.7, 0.8, 0.9], n_features=4),
        summary_row("train", "auc", [0.80, 0.81, 0.82], scale="linear"),
        summary_row("train", "accuracy", [0.60, 0.61, 0.62]),
        summary_row("test", "auc", [0.84, 0.85, 0.86]),
        summary_row("test_1to1", "auc", [0.84, 0.85, 0.86]),
        summary_row("test_1to10000", "auc", [0.85, 0.86, 0.87]),
        summary_row("hard", "auc", [0.6, 0.6, 0.6]),
    ]
    rare = metric_rows("test_1to10000", [0.85, 0.86, 0.87], tp=80.0, fn=20.0)
    runs = {"scale": "log", "n_features": 24}
    counts = {
        "n_clusters": 24,
        "lens_60": 8,
        "non_lens_60": 10,
        "non_lens_70": 8,
        "non_lens_90": 6,
        "uncertain": 6,
    }
    ranking = {"ratio": 10_000, "selection": ["best 1000", "p > 0.5"], "purity_mean": 0.01}
    tables = {
        "metrics_summary": pd.DataFrame(summary),
        "metrics": pd.DataFrame(
            [
                *metric_rows("train", [0.86, 0.87, 0.88]),
                *metric_rows("train", [0.88, 0.89, 0.90], labels="known"),
                *metric_rows("hard", [0.6, 0.61, 0.62]),
                *rare,
            ]
        ),
        "null": pd.DataFrame([{**runs, "auc": 0.49}, {**runs, "auc": 0.51}]),
        "cluster_counts": pd.DataFrame(
            [{**runs, "run": r, "lens_share_60": s, **counts} for r, s in enumerate([0.6, 0.66])]
        ),
        "ranking": pd.DataFrame({**ranking, "purity_min": 0.008, "purity_max": 0.012}),
        "appendix_a": pd.DataFrame(
            {"n_features": 20, "purity": [1.0, 1.0], "non_lenses_together": [1.0, 0.5]}
        ),
    }
    return Results(configuration("paper", "paper", "small", ["hard"]), "paper", tables)


@pytest.fixture
def challenge():
    cut = {"cut": "n100_snr50"}
    summary = [
        summary_row("train", "auc", [0.70, 0.72, 0.74]),
        summary_row("train", "auc", [0.80, 0.81, 0.82], **cut),
    ]
    key = {"scale": "log", "n_features": 24, "sample": "train", "labels": "stand_in"}
    roc = [
        {**key, "cut": c, "fpr": fpr, "tpr_mean": t + fpr, "tpr_min": t, "tpr_max": t + 0.1}
        for c, t in (("none", 0.1), ("n100_snr50", 0.2))
        for fpr in (0.0, 0.01, 0.5)
    ]
    tables = {
        "metrics_summary": pd.DataFrame(summary),
        "metrics": pd.DataFrame(metric_rows("train", [0.70, 0.72, 0.74])),
        "roc": pd.DataFrame(roc),
    }
    return Results(configuration("far", "unlabelled", "hard"), "far", tables)


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
    empty = Results(configuration("paper", "paper", "small"), "paper", tables)
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


def write(results, folder):
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(results.config))
    for name, table in results.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


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


def test_table_2_holds_the_retrained_model_the_transfer_and_the_training_set(
    training, challenge, tmp_path
):
    folders = write(training, tmp_path / "paper"), write(challenge, tmp_path / "far")
    challenge_table_stage(*folders, tmp_path / "table2.csv")
    table = pd.read_csv(tmp_path / "table2.csv").set_index("name")
    assert table.loc["lensflow, trained on this set", "auc"] == pytest.approx(0.72)
    assert table.loc["lensflow, transfer", "auc_max"] == pytest.approx(0.62)
    assert table.loc["*lensflow", "tpr10"] == pytest.approx(0.1)
    assert table.index[-1] == "*lensflow"
    challenge_table_stage(folders[0], None, tmp_path / "alone.csv")
    assert len(pd.read_csv(tmp_path / "alone.csv")) == len(TABLE2) + 3
    method_table(tmp_path / "table2.csv", tmp_path / "t.png", tmp_path / "t.pdf")
    assert (tmp_path / "t.png").stat().st_size > 10_000


def test_whose_row_it_is():
    assert kind_of("CAST", "published") == "others"
    assert kind_of("*Unsupervised technique", "published") == "paper"
    assert kind_of("lensflow", "this run") == "ours"


def test_every_assumption_is_complete_and_names_a_key_that_exists():
    from lensflow.workflow.schema import SCHEMA_PATH

    schema = SCHEMA_PATH.read_text()
    for entry in ASSUMPTIONS:
        assert all(entry)
        for key in entry.key.split(", "):
            assert key == "-" or f"{key.split('.')[-1]}:" in schema
