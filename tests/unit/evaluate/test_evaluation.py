import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from lensflow import artifacts
from lensflow.cluster import scoring
from lensflow.errors import ArtifactError, ConfigError
from lensflow.evaluate import evaluation, null, runs
from lensflow.evaluate.metrics import all_metrics
from lensflow.evaluate.resampling import TABLE1_RATIOS
from lensflow.evaluate.runs import Settings, parse_path
from lensflow.seeds import rng

SETTINGS = Settings(seed=1, n_bootstrap=20, n_shuffles=4, ratio_sample="test")
D = 3


def write_embeddings(path, seed, sample, n_objects=120, n_turns=2, known=True):
    """Two overlapping classes; the rotations of one object are rows beside each other."""
    noise = np.random.default_rng(seed)
    truth = np.random.default_rng([7, len(sample)]).integers(2, size=n_objects)
    is_lens = np.repeat(truth, n_turns)
    x = noise.normal(size=(is_lens.size, D)) + 1.5 * is_lens[:, np.newaxis]
    n_pixels = np.where(is_lens == 1, 90 + np.arange(is_lens.size), -1)
    with artifacts.create(path, "embeddings") as f:
        f.dataset("embedding", x.astype(np.float32))
        f.strings("id", [f"{sample}{i:04d}" for i in range(n_objects) for _ in range(n_turns)])
        f.dataset("rotation", np.tile(np.arange(n_turns, dtype=np.int8), n_objects))
        f.dataset("is_lens", (is_lens if known else -np.ones_like(is_lens)).astype(np.int8))
        f.dataset("catalogue/numb_pix_lensed_image", n_pixels)
        f.dataset("catalogue/flux_lensed_image_in_sigma", np.where(n_pixels >= 0, 1e4, np.nan))


def make_run(folder, run, samples=("train", "test"), known=True):
    """Write what one run leaves: embeddings, mixture, labels by two methods, scores."""
    folder = folder / "demo" / "log" / f"features_{D}" / f"run_{run}"
    for i, sample in enumerate(samples):
        write_embeddings(folder / f"embeddings_{sample}.h5", 10 * run + i, sample, known=known)
    train = [folder / "embeddings_train.h5"]
    mixture, template = folder / "mixture.h5", folder / "template.csv"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scoring.fit_mixture_stage(train, mixture, template, 1, n_components=D, seed=0)
    labels = {}
    for method in ("known", "stand_in") if known else ():
        labels[method] = folder / f"cluster_labels_{method}.csv"
        scoring.label_clusters_stage(mixture, train, labels[method], method, seed=0)
    for sample in samples:
        embeddings = folder / f"embeddings_{sample}.h5"
        scoring.score_stage(mixture, embeddings, labels, folder / f"scores_{sample}.csv")
    return folder


def run_evaluation(folders, out, settings=SETTINGS, baselines=()):
    names = ("metrics", "summary", "roc", "null", "baselines")
    evaluation.evaluate_stage(
        [p for f in folders for p in f.glob("scores_*.csv")],
        [p for f in folders for p in f.glob("embeddings_*.h5")],
        [f / "mixture.h5" for f in folders],
        baselines,
        {name: out / f"{name}.csv" for name in names},
        settings,
    )
    return {name: pd.read_csv(out / f"{name}.csv") for name in names}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment")
    return [make_run(folder, run) for run in range(2)]


@pytest.fixture(scope="module")
def tables(folders, tmp_path_factory):
    return run_evaluation(folders, tmp_path_factory.mktemp("tables"))


def test_metrics_are_those_of_the_scores(folders, tables):
    scores = pd.read_csv(folders[1] / "scores_test.csv", dtype={"id": str})
    assert list(scores.columns) == [
        *("id", "rotation", "is_lens", "weight", "cluster"),
        *("p_lens_known", "p_lens_stand_in", "log_density"),
    ]
    row = tables["metrics"].query(
        "run == 1 and sample == 'test' and labels == 'known' and cut == 'none'"
    )
    assert list(row.columns) == runs.METRICS_COLUMNS
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
    assert list(summary.columns) == evaluation.SUMMARY_COLUMNS
    row = summary.iloc[0]
    assert row["mean"] == pytest.approx(rows["auc"].mean())
    assert (row["min"], row["max"]) == pytest.approx((rows["auc"].min(), rows["auc"].max()))
    assert row["std"] == pytest.approx(rows["auc"].std())
    assert row["n_runs"] == 2
    assert row["boot_low"] < row["mean"] < row["boot_high"]


def test_roc_band_holds_the_mean(tables):
    roc = tables["roc"]
    assert list(roc.columns) == evaluation.ROC_COLUMNS
    assert (roc["tpr_min"] <= roc["tpr_mean"] + 1e-9).all()
    assert (roc["tpr_mean"] <= roc["tpr_max"] + 1e-9).all()
    curve = roc.query("sample == 'test' and labels == 'known' and cut == 'none'")
    assert len(curve) == len(evaluation.FPR_GRID) == 400
    assert curve["tpr_mean"].is_monotonic_increasing
    auc = np.trapezoid(curve["tpr_mean"], curve["fpr"])
    summary = tables["summary"].query("sample == 'test' and labels == 'known' and cut == 'none'")
    assert auc == pytest.approx(summary.query("metric == 'auc'")["mean"].item(), abs=0.01)


def test_null_rows(tables):
    assert list(tables["null"].columns) == null.NULL_COLUMNS
    assert len(tables["null"]) == 2 * SETTINGS.n_shuffles


def test_same_seed_gives_the_same_bytes(folders, tables, tmp_path_factory):
    out = [tmp_path_factory.mktemp("again") for _ in range(2)]
    for path in out:
        run_evaluation(folders, path)
    for name in ("metrics", "summary", "roc", "null"):
        first, second = ((path / f"{name}.csv").read_bytes() for path in out)
        assert first == second


def test_no_baselines_is_an_empty_table(tables):
    assert list(tables["baselines"].columns) == runs.BASELINE_COLUMNS
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
    tables = run_evaluation([folder], tmp_path, Settings(seed=1, held_out=None))
    assert all(len(tables[name]) == 0 for name in ("metrics", "summary", "roc", "null"))


def test_null_without_held_out_sample_halves_the_objects(folders):
    settings = Settings(seed=1, n_shuffles=3, held_out=None)
    table = null.null_table(
        [folders[0] / "mixture.h5"], [folders[0] / "embeddings_train.h5"], settings
    )
    assert len(table) == 3
    assert table["auc"].between(0.2, 0.8).all()


def test_runs_with_other_rows_are_refused(folders, tmp_path):
    scores = [
        runs.read_scores(f / "scores_test.csv", f / "embeddings_test.h5", SETTINGS) for f in folders
    ]
    other = runs.Scores(scores[1].run, "test", scores[1].table.iloc[::-1], scores[1].passes)
    with pytest.raises(ArtifactError, match="different rows of the sample 'test'"):
        evaluation.evaluate_sample([scores[0], other], SETTINGS)
    with pytest.raises(ArtifactError, match="score the sample again"):
        runs.read_scores(
            folders[0] / "scores_test.csv", folders[0] / "embeddings_train.h5", SETTINGS
        )


def test_paths_name_the_run():
    run, sample = parse_path("results/demo/log/features_24/run_2/scores_test.csv", "scores_")
    assert (*run, sample) == ("log", 24, 2, "test")
    with pytest.raises(ConfigError, match="from which the run is known"):
        parse_path("scores_test.csv", "scores_")


def test_bootstrap_draws_objects_within_their_class():
    ids = np.repeat([f"{i}" for i in range(50)], 3)
    is_lens = np.repeat(np.arange(50) < 20, 3).astype(int)
    drawn = evaluation.bootstrap_weights(ids, is_lens, 200, rng(0, "test"))
    by_object = drawn.reshape(200, 50, 3)
    assert (by_object == by_object[:, :, :1]).all()
    assert (by_object[:, :20, 0].sum(axis=1) == 20).all()
    assert (by_object[:, 20:, 0].sum(axis=1) == 30).all()
    assert by_object.mean(axis=(0, 2)) == pytest.approx(np.ones(50), abs=0.4)


def test_bootstrap_interval_has_the_width_of_the_sampling_error():
    """For the recall of 400 independent lenses the interval is twice the binomial error."""
    noise = np.random.default_rng(0)
    is_lens = np.repeat([1, 0], 400)
    p = noise.random(800)
    ids = np.arange(800).astype(str)
    drawn = evaluation.bootstrap_weights(ids, is_lens, 1000, rng(0, "test"))
    low, high = np.percentile(all_metrics(is_lens, p, drawn)["recall"], evaluation.INTERVAL)
    assert high - low == pytest.approx(2 * np.sqrt(0.25 / 400), rel=0.1)


def test_shuffled_labels_stay_with_their_object():
    ids = np.array(["b", "a", "b", "c", "a", "d"])
    is_lens = np.array([1, 0, 1, 0, 0, 1])
    shuffled = [null.shuffle_labels(is_lens, ids, rng(0, i)) for i in range(20)]
    for labels in shuffled:
        assert labels[0] == labels[2]
        assert labels[1] == labels[4]
        assert labels[[0, 1, 3, 5]].sum() == 2
    assert len({tuple(labels) for labels in shuffled}) > 1


def test_null_is_half_within_three_standard_errors():
    """Clusters that tell the classes well apart say nothing once the labels are shuffled."""
    noise = np.random.default_rng(3)
    ids = np.repeat(np.arange(1500).astype(str), 2)
    is_lens = np.repeat(noise.integers(2, size=1500), 2)
    logits = noise.normal(size=(3000, 8)) + 3.0 * np.outer(is_lens, np.arange(8) < 4)
    responsibilities = np.exp(3 * logits)
    responsibilities /= responsibilities.sum(axis=1, keepdims=True)
    held_out = np.repeat(np.arange(1500) % 3 == 0, 2)
    areas = null.null_aurocs(responsibilities, is_lens, ids, held_out, seed=5, n_shuffles=20)
    assert abs(areas.mean() - 0.5) < 3 * areas.std(ddof=1) / np.sqrt(20)
    fractions = null.known_fractions(
        responsibilities[~held_out].argmax(axis=1), is_lens[~held_out], 8
    )
    p = null.lens_probability(responsibilities[held_out], fractions)
    assert null.auroc(is_lens[held_out], p) > 0.9
