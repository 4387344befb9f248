import itertools
import sys

import pandas as pd
import pytest

from lensflow.errors import ConfigError
from lensflow.studies import compare_machines
from lensflow.studies.compare_machines import EXPERIMENTS, SHOWN, compare, markdown, tolerance


@pytest.fixture
def ran(tmp_path):
    """Make folders in which `make run` ended; each experiment's AUC is changed by so much."""

    def make(name, shifts):
        for experiment in EXPERIMENTS:
            rows = [
                {"sample": sample, "labels": labels, "cut": cut, "metric": metric, "mean": value}
                for (sample, labels), (cut, value), metric in itertools.product(
                    SHOWN, [("none", 0.85), ("n100_snr50", 0.95)], ["auc", "tpr0"]
                )
            ]
            table = pd.DataFrame(rows)
            table["mean"] += shifts.get(experiment, 0.0)
            table = table.assign(min=table["mean"] - 0.01, max=table["mean"] + 0.02)
            path = tmp_path / name / "results" / experiment / "metrics_summary.csv"
            path.parent.mkdir(parents=True)
            table.to_csv(path, index=False)
        return tmp_path / name

    return make


def test_machines_stand_below_each_other_and_the_tolerance_is_the_largest_difference(ran):
    folders = {
        "one": ran("a", {}),
        "two": ran("b", {"demo": 0.004, "best": -0.001}),
        "three": ran("c", {"demo": -0.006}),
    }
    table = compare(folders)
    assert table["machine"].unique().tolist() == ["one", "two", "three"]
    assert len(table) == 3 * 2 * len(SHOWN) * 2  # the AUC alone, before and after the cut
    found = tolerance(table).set_index("experiment")["difference"]
    assert found["demo"].to_numpy() == pytest.approx(0.006)
    assert found["best"].to_numpy() == pytest.approx(0.001)


def test_the_documentation_shows_the_first_machine(ran):
    table = compare({"one": ran("a", {"best": 0.04}), "two": ran("b", {})})
    first, *others = markdown(table)
    assert first == (
        "| held out | true fractions (`known`) | 0.850 (0.840 to 0.870) | 0.890 (0.880 to 0.910) "
        "| 0.950 | 0.990 |"
    )
    assert len(others) == len(SHOWN) - 1


def test_a_folder_without_a_run_is_named(ran, tmp_path):
    with pytest.raises(ConfigError, match=r"elsewhere/results/demo/metrics_summary.csv is not th"):
        compare({"one": ran("a", {}), "two": tmp_path / "elsewhere"})


def test_other_judgements_are_not_compared(ran):
    folders = {"one": ran("a", {}), "two": ran("b", {})}
    path = folders["two"] / "results/best/metrics_summary.csv"
    table = pd.read_csv(path)
    table[table["labels"] == "known"].to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"best test stand_in .* is in one of them alone"):
        compare(folders)


def test_the_command_writes_the_table_and_prints_both(ran, tmp_path, monkeypatch, capsys):
    output = tmp_path / "machines.csv"
    words = [f"one={ran('a', {})}", f"two={ran('b', {'demo': 0.004})}", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", ["compare_machines", *words])
    compare_machines.main()
    assert len(pd.read_csv(output)) == 2 * 2 * len(SHOWN) * 2
    said = capsys.readouterr().out
    assert "| held out | `stand_in` |" in said
    assert "0.004" in said


def test_a_folder_without_a_name_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["compare_machines", "/somewhere", "--output", "a.csv"])
    with pytest.raises(SystemExit):
        compare_machines.main()
    assert "expected NAME=FOLDER" in capsys.readouterr().err
