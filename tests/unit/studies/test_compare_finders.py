import math
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from lensflow.errors import ConfigError
from lensflow.studies import compare_finders
from lensflow.studies.compare_finders import COSTLY, compare, cpu_seconds, markdown

ROOT = Path(__file__).resolve().parents[3]

SAMPLES = ("fresh", "faint")
MERITS = [("none", "auc", 0.9), ("n100_snr50", "auc", 0.97), ("none", "tpr0", 0.2)]


def finished(root, experiment, shift=0.0):
    """Write what an experiment of two samples leaves."""
    merits = [*MERITS, ("none", "tpr10", 0.4), ("none", "recall", 0.7)]
    rows = [
        {"sample": sample, "labels": "known", "cut": cut, "metric": metric}
        | {"mean": value + shift - 0.1 * place, "std": 0.01, "n_runs": 2}
        for place, sample in enumerate(SAMPLES)
        for cut, metric, value in merits
    ]
    folder, jobs = root / "results" / experiment, root / "results/benchmarks" / experiment
    (jobs / "log").mkdir(parents=True)
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "metrics_summary.csv", index=False)
    times = {"log/train_student_8_0": 60.0, "log/fit_mixture_8_0": 4.0, "plot_roc": 100.0}
    times |= {"log/fit_baseline": 200.0, "log/fit_sources_8_0": 300.0}
    for name, seconds in times.items():
        (jobs / f"{name}.tsv").write_text(f"s\tcpu_time\n{2 * seconds}\t{seconds}\n")


def test_experiments_stand_side_by_side(tmp_path):
    finished(tmp_path, "one")
    finished(tmp_path, "other", shift=0.02)
    table = compare(["one", "other"], SAMPLES, tmp_path).set_index(["experiment", "sample"])
    assert table.loc[("one", "fresh"), "auc"] == pytest.approx(0.9)
    assert table.loc[("one", "faint"), "auc_cut"] == pytest.approx(0.87)
    assert table.loc[("other", "fresh"), "tpr10"] == pytest.approx(0.42)
    assert table.loc[("other", "fresh"), "tpr0_std"] == pytest.approx(0.01)
    assert set(table["n_runs"]) == {2}
    assert set(table["labels"]) == {"known"}


def test_a_single_run_has_no_spread(tmp_path):
    finished(tmp_path, "one")
    change(tmp_path, "one", lambda table: table.assign(std=math.nan, n_runs=1))
    table = compare(["one"], SAMPLES, tmp_path)
    assert table["auc"].tolist() == pytest.approx([0.9, 0.8])
    assert table["auc_std"].isna().all()


def test_the_cost_is_that_of_what_makes_scores(tmp_path):
    finished(tmp_path, "one")
    assert cpu_seconds("one", tmp_path) == pytest.approx(64.0)
    assert compare(["one"], SAMPLES, tmp_path)["cpu_s"].tolist() == pytest.approx([32.0, 32.0])


def test_the_jobs_that_count_are_those_of_the_finder():
    """Every job that fits, trains, or computes something of each image, but those beside it."""
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    jobs = set(re.findall(r"^rule (\w+):", rules, re.MULTILINE))
    begins = ("fit_", "train_", "spread_", "embed_", "predict_", "denoise_")
    beside = {"fit_baseline", "fit_sources", "embed_sources"}
    assert set(COSTLY) == {name for name in jobs if name.startswith(begins)} - beside


def test_the_best_of_every_column_is_bold(tmp_path):
    finished(tmp_path, "one")
    finished(tmp_path, "other", shift=0.02)
    _, _, one, other = markdown(compare(["one", "other"], SAMPLES, tmp_path))
    assert "**" not in one
    assert other.count("**") == 2 * 4 * 2


def test_an_experiment_that_was_not_run_is_named(tmp_path):
    with pytest.raises(
        ConfigError, match=re.escape(": .venv/bin/snakemake --config run='[absent]'")
    ):
        compare(["absent"], SAMPLES, tmp_path)


def test_a_sample_that_is_not_there_is_named(tmp_path):
    finished(tmp_path, "one")
    with pytest.raises(ConfigError, match="no sample 'other'; it has fresh, faint"):
        compare(["one"], ["other"], tmp_path)


def change(root, experiment, changed):
    path = root / "results" / experiment / "metrics_summary.csv"
    changed(pd.read_csv(path)).to_csv(path, index=False)


def test_an_experiment_of_several_models_is_refused(tmp_path):
    finished(tmp_path, "one")
    change(tmp_path, "one", lambda table: pd.concat([table, table, table]))
    with pytest.raises(ConfigError, match="holds 3 models, of other scales or numbers of features"):
        compare(["one"], SAMPLES, tmp_path)


def test_a_sample_without_a_cut_is_refused(tmp_path):
    """As of a catalogue that knows the class of an object and nothing of the lensed image."""
    finished(tmp_path, "one")
    change(tmp_path, "one", lambda table: table[table["cut"] == "none"])
    with pytest.raises(
        ConfigError, match="no auc after the cut 'n100_snr50' of the sample 'fresh'"
    ):
        compare(["one"], SAMPLES, tmp_path)


def test_a_sample_without_a_lens_after_the_cut_is_refused(tmp_path):
    finished(tmp_path, "one")
    is_cut = {"mean": lambda table: table["mean"].where(table["cut"] == "none")}
    change(tmp_path, "one", lambda table: table.assign(**is_cut))
    with pytest.raises(ConfigError, match="an empty auc after the cut 'n100_snr50' of the sample"):
        compare(["one"], SAMPLES, tmp_path)


def test_the_order_is_that_of_the_samples_asked_for(tmp_path):
    finished(tmp_path, "one")
    table = compare(["one"], SAMPLES[::-1], tmp_path)
    assert table["sample"].tolist() == ["faint", "fresh"]
    assert markdown(table)[-1].startswith("| `one` | `known` | **0.800**, **0.900** |")


def test_the_table_is_written_and_printed(tmp_path, monkeypatch, capsys):
    finished(tmp_path, "one")
    output = tmp_path / "finders.csv"
    command = ["x", "one", "--samples", *SAMPLES, "--root", str(tmp_path), "--output", str(output)]
    monkeypatch.setattr(sys, "argv", command)
    compare_finders.main()
    assert len(pd.read_csv(output)) == 2
    *_, shown = capsys.readouterr().out.splitlines()
    assert shown.startswith("| `one` | `known` | **0.900**, **0.800** | **0.970**, **0.870** |")
    assert shown.endswith("| 0.5 min |")
    assert not math.isnan(pd.read_csv(output)["auc"].sum())
