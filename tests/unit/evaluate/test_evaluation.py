import dataclasses

import numpy as np
import pandas as pd
import pytest

from lensflow.errors import ArtifactError
from lensflow.evaluate import evaluation
from lensflow.evaluate.columns import (
    BASELINE_COLUMNS,
    METRICS_COLUMNS,
    NULL_COLUMNS,
    ROC_COLUMNS,
    SUMMARY_COLUMNS,
)
from lensflow.evaluate.evaluation import Settings
from lensflow.evaluate.metrics import all_metrics
from lensflow.evaluate.resampling import TABLE1_RATIOS
from lensflow.evaluate.scored import read_scored
from lensflow.samples.runs import Run
from unit.evaluate.conftest import D, make_run

SETTINGS = Settings(seed=1, n_bootstrap=20, n_shuffles=4, held_out="test", ratio_sample="test")
ALONE = dataclasses.replace(SETTINGS, held_out=None, ratio_sample=None)


def run_evaluation(
    folders, out, settings=SETTINGS, baselines=(), samples=("train", "test"), runs=None
):
    names = ("metrics", "summary", "roc", "null", "baselines")
    files = {
        kind: [folder / kind.format(sample) for folder in folders for sample in samples]
        for kind in ("scores_{}.csv", "embeddings_{}.h5")
    }
    evaluation.evaluate_stage(
        runs or [("log", D, number) for number in range(len(folders))],
        samples,
        files["scores_{}.csv"],
        files["embeddings_{}.h5"],
        [folder / "mixture.h5" for folder in folders],
        baselines,
        {name: out / f"{name}.csv" for name in names},
        settings,
    )
    return {name: pd.read_csv(out / f"{name}.csv") for name in names}


@pytest.fixture(scope="module")
def tables(folders, tmp_path_factory):
    return run_evaluation(folders, tmp_path_factory.mktemp("tables"))


def test_metrics_are_those_of_the_scores(folders, tables):
    scores = pd.read_csv(folders[1] / "scores_test.csv", dtype={"id": str})
    assert list(scores.columns) == [
        *("id", "rotation", "is_lens", "weight", "cluster"),
        *("p_lens_known", "log_odds_known", "p_lens_stand_in", "log_odds_stand_in", "log_density"),
    ]
    row = tables["metrics"].query(
        "run == 1 and sample == 'test' and labels == 'known' and cut == 'none'"
    )
    assert list(row.columns) == METRICS_COLUMNS
    for name, value in all_metrics(scores["is_lens"], scores["p_lens_known"]).items():
        assert row[name].item() == pytest.approx(float(value), rel=1e-8), name


def test_every_combination_has_one_row(tables):
    keys = ["run", "sample", "labels", "cut"]
    samples = {"train", "test", *(f"test_1to{ratio}" for ratio in TABLE1_RATIOS)}
    assert set(tables["metrics"]["sample"]) == samples
    assert set(tables["metrics"]["cut"]) == {"none", "n100_snr50"}
    assert len(tables["metrics"]) == len(tables["metrics"][keys].drop_duplicates()) == 2 * 9 * 4


def test_cut_drops_lenses_alone(tables):
    uncut, cut = (
        tables["metrics"].query(f"sample == 'test' and cut == '{name}'").iloc[0]
        for name in ("none", "n100_snr50")
    )
    assert 0 < cut["n_lens"] < uncut["n_lens"]
    assert cut["n_nonlens"] == uncut["n_nonlens"]


def test_ratios_are_exact_and_keep_the_roc(tables):
    rows = tables["metrics"].query("run == 0 and labels == 'known' and cut == 'none'")
    rows = rows.set_index("sample")
    for ratio in TABLE1_RATIOS:
        row = rows.loc[f"test_1to{ratio}"]
        assert row["n_nonlens"] == ratio * row["n_lens"]
    assert rows.loc["test_1to10000", "auc"] == pytest.approx(rows.loc["test", "auc"], abs=0.005)


def test_summary_is_over_runs(tables):
    rows = tables["metrics"].query("sample == 'test' and labels == 'known' and cut == 'none'")
    summary = tables["summary"].query(
        "sample == 'test' and labels == 'known' and cut == 'none' and metric == 'auc'"
    )
    assert list(summary.columns) == SUMMARY_COLUMNS
    row = summary.iloc[0]
    assert row["mean"] == pytest.approx(rows["auc"].mean())
    assert (row["min"], row["max"]) == pytest.approx((rows["auc"].min(), rows["auc"].max()))
    assert row["std"] == pytest.approx(rows["auc"].std())
    assert row["n_runs"] == 2
    assert row["boot_low"] < row["mean"] < row["boot_high"]


def test_roc_band_holds_the_mean(tables):
    roc = tables["roc"]
    assert list(roc.columns) == ROC_COLUMNS
    assert (roc["tpr_min"] <= roc["tpr_mean"] + 1e-9).all()
    assert (roc["tpr_mean"] <= roc["tpr_max"] + 1e-9).all()
    curve = roc.query("sample == 'test' and labels == 'known' and cut == 'none'")
    assert len(curve) == len(evaluation.FPR_GRID) == 400
    assert curve["tpr_mean"].is_monotonic_increasing
    auc = np.trapezoid(curve["tpr_mean"], curve["fpr"])
    summary = tables["summary"].query("sample == 'test' and labels == 'known' and cut == 'none'")
    assert auc == pytest.approx(summary.query("metric == 'auc'")["mean"].item(), abs=0.01)


def test_null_rows(tables):
    assert list(tables["null"].columns) == NULL_COLUMNS
    assert len(tables["null"]) == 2 * SETTINGS.n_shuffles


def test_same_seed_gives_the_same_bytes(folders, tables, tmp_path_factory):
    out = [tmp_path_factory.mktemp("again") for _ in range(2)]
    for path in out:
        run_evaluation(folders, path)
    for name in ("metrics", "summary", "roc", "null"):
        first, second = ((path / f"{name}.csv").read_bytes() for path in out)
        assert first == second


def test_no_baselines_is_an_empty_table(tables):
    assert list(tables["baselines"].columns) == BASELINE_COLUMNS
    assert len(tables["baselines"]) == 0


def test_baselines_are_gathered(folders, tmp_path):
    parts = []
    for scale in ("log", "linear"):
        parts.append(tmp_path / f"{scale}.csv")
        pd.DataFrame({"scale": [scale], "auc": [np.nan]}).to_csv(parts[-1], index=False)
    tables = run_evaluation(folders[:1], tmp_path, baselines=parts)
    assert tables["baselines"]["scale"].tolist() == ["log", "linear"]


def test_unlabelled_sample_is_left_out(tmp_path):
    folder = make_run(tmp_path, 0, samples=("train",), known=False)
    tables = run_evaluation([folder], tmp_path, ALONE, samples=("train",))
    assert all(len(tables[name]) == 0 for name in ("metrics", "summary", "roc", "null"))


def test_rows_are_in_the_order_of_scale_features_and_sample_whatever_the_inputs(folders, tmp_path):
    runs = [("log", D, 0), ("linear", D, 0)]
    tables = run_evaluation(folders, tmp_path, ALONE, samples=("train", "test"), runs=runs)
    found = tables["metrics"][["scale", "sample"]].drop_duplicates().to_numpy().tolist()
    assert found == [["linear", "test"], ["linear", "train"], ["log", "test"], ["log", "train"]]
    assert tables["null"]["scale"].drop_duplicates().tolist() == ["log", "linear"]


def test_files_must_be_as_many_as_runs_and_samples(folders, tmp_path):
    with pytest.raises(ValueError, match="argument 2 is"):
        run_evaluation(folders, tmp_path, ALONE, runs=[("log", D, 0)])


def test_runs_that_scored_other_rows_are_not_evaluated_together(folders):
    scored = [
        read_scored(Run("log", D, i), "test", f / "scores_test.csv", f / "embeddings_test.h5")
        for i, f in enumerate(folders)
    ]
    other = dataclasses.replace(scored[1], table=scored[1].table.iloc[::-1])
    with pytest.raises(ArtifactError, match="different rows of the sample 'test'"):
        evaluation.evaluate_sample([scored[0], other], SETTINGS)
