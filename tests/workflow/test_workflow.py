"""The workflow as a user runs it: once from start to end, then again, and with mistakes."""

import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from workflow.conftest import ROOT, configured, snakemake, with_images

MODEL = "results/tiny/log/features_3"


def test_every_documented_result_is_there(finished):
    expected = [
        "results/data/small_training/images/shard_1.h5",
        "results/data/small_training/index.h5",
        "results/data/small_training/quarantine.csv",
        "results/tiny/config.yaml",
        "results/tiny/log/denoiser.weights.h5",
        "results/tiny/log/denoiser_history.csv",
        f"{MODEL}/run_0/autoencoder.weights.h5",
        f"{MODEL}/run_1/autoencoder_history.csv",
        f"{MODEL}/run_0/mixture.h5",
        f"{MODEL}/run_0/cluster_labels_known.csv",
        f"{MODEL}/run_0/cluster_labels_stand_in.csv",
        f"{MODEL}/run_0/cluster_labels_template.csv",
        f"{MODEL}/run_1/embeddings_small_challenge.h5",
        f"{MODEL}/run_1/scores_test.csv",
        "results/tiny/metrics.csv",
        "results/tiny/rates.csv",
        "results/tiny/calibration_summary.csv",
        "results/tiny/missed.csv",
        "results/tiny/candidates_small_challenge.csv",
        "results/tiny/candidates_small_challenge.fits",
        "results/tiny/figures/label_methods.pdf",
        "results/report.html",
        "results/tiny/explorer.html",
    ]
    missing = [path for path in expected if not (finished / path).is_file()]
    assert not missing


def test_the_console_has_a_line_a_stage_and_ends_with_what_to_open(finished):
    lines = (finished / "console.txt").read_text().splitlines()
    (total,) = [int(line.split()[0]) for line in lines if line.endswith(" jobs to do")]
    stages = [line for line in lines if re.match(r"\[ *\d+/\d+\] ", line)]
    # All but the rule `all`, which makes nothing.
    assert len(stages) == total - 1
    assert any(re.search(r"tiny/log/fit_mixture_3_0: 3 components .* s\)$", s) for s in stages)
    assert not any("resources:" in line or "tensorflow" in line.lower() for line in lines)
    others = [line for line in lines if line not in stages]
    progress = [line for line in others if re.match(r"tiny/log/train_\w+: .*images/s.* left", line)]
    assert len(progress) >= 3
    assert others[-5].startswith("tiny: AUC 0.")
    assert others[-4:] == [
        "open results/report.html",
        "open results/tiny/explorer.html",
        "open results/tiny/candidates_small_challenge.csv",
        "open results/tiny/grade_small_challenge.html",
    ]


def test_a_second_run_has_nothing_to_do(finished):
    output = snakemake(finished, "--cores", 1).output
    assert "Nothing to be done" in output
    assert "open results/report.html" in output


def test_metrics_have_a_row_for_every_model_sample_judgement_and_cut(finished):
    metrics = pd.read_csv(finished / "results/tiny/metrics.csv")
    keys = ["scale", "n_features", "run", "sample", "labels", "cut"]
    assert not metrics.duplicated(keys).any()
    samples = {"train", "test", "small_challenge"}
    samples |= {f"test_1to{ratio}" for ratio in (1, 2, 20, 50, 100, 1000, 10000)}
    assert set(metrics["sample"]) == samples
    assert len(metrics) == 2 * len(samples) * 2 * 2
    train = metrics[(metrics["sample"] == "train") & (metrics["cut"] == "none")]
    assert (train["n_lens"] == 77).all()
    assert (train["n_nonlens"] == 76).all()
    assert train["auc"].between(0, 1).all()


def test_scores_follow_from_the_mixture_and_the_labels(finished):
    """Equation 7, redone by hand from the artifacts."""
    folder = finished / MODEL / "run_0"
    scores = pd.read_csv(folder / "scores_test.csv", dtype={"id": str})
    labels = pd.read_csv(folder / "cluster_labels_known.csv")
    with h5py.File(folder / "embeddings_test.h5") as file:
        assert file["id"].asstr()[:].tolist() == scores["id"].tolist()
        embedding = file["embedding"][:].astype(float)
    with h5py.File(folder / "mixture.h5") as file:
        means, factors = file["means"][:], file["precisions_cholesky"][:]
        weights, freedom = file["weights"][:], file["degrees_of_freedom"][:]
    assert np.isclose(weights.sum(), 1)
    assert scores["p_lens_known"].between(0, 1).all()
    distance = [
        np.sum(((embedding - mean) @ factor) ** 2, axis=1)
        for mean, factor in zip(means, factors, strict=True)
    ]
    assert np.shape(distance) == (3, len(scores))
    assert (freedom > 3).all()
    certain = scores["p_lens_known"].isin(labels["probability"].round(9))
    by_cluster = labels.set_index("cluster")["probability"]
    chosen = scores[certain]
    np.testing.assert_allclose(chosen["p_lens_known"], by_cluster.loc[chosen["cluster"]], atol=1e-6)


def test_no_object_is_on_two_sides(finished):
    split = pd.read_csv(finished / "results/tiny/split.csv", dtype={"id": str})
    assert split.groupby("id")["sample"].nunique().max() == 1


def test_snakemakes_own_report(finished):
    snakemake(finished, "--report", "snakemake_report.zip")
    assert (finished / "snakemake_report.zip").stat().st_size > 100_000


def planned_after(finished, folder, change):
    """Return the rules that a changed configuration makes run again."""
    configured(folder, change)
    shutil.copytree(finished / "results", folder / "results", copy_function=shutil.copy2)
    shutil.copytree(finished / ".snakemake", folder / ".snakemake", copy_function=shutil.copy2)
    output = snakemake(folder, "--dry-run", "--cores", 1).output
    return set(re.findall(r"^(?:local)?rule (\w+):", output, re.MULTILINE))


def test_editing_a_parameter_reruns_what_depends_on_it_and_no_more(finished, tmp_path):
    def more_shuffles(config):
        config["experiments"]["tiny"]["null_shuffles"] = 4

    rules = planned_after(finished, tmp_path / "edited", more_shuffles)
    assert "evaluate_experiment" in rules
    assert not rules & {"simulate_cutouts", "train_denoiser", "train_autoencoder", "score_shard"}


def test_training_one_network_otherwise_does_not_train_the_other_again(finished, tmp_path):
    def longer(config):
        config["presets"]["tiny"]["training"]["autoencoder"]["epochs"] = 7

    rules = planned_after(finished, tmp_path / "longer", longer)
    assert "train_autoencoder" in rules
    assert not rules & {"train_denoiser", "denoise_stack", "prepare_stack"}


def test_a_mistake_in_the_configuration_stops_before_any_job(tmp_path):
    def typo(config):
        config["experiments"]["tiny"]["prset"] = "tiny"

    done = snakemake(configured(tmp_path, typo), "--cores", 1, check=False)
    assert done.returncode != 0
    assert "'prset'" in done.output
    assert "Did you mean 'preset'?" in done.output
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ["demo"])
def test_the_shipped_configuration_can_be_planned(name, tmp_path):
    shutil.copy(ROOT / "config.yaml", tmp_path)
    output = snakemake(tmp_path, "--dry-run", "--cores", 1, "--config", f"run=[{name}]").output
    assert "write_report" in output


def test_a_folder_without_labels_can_be_clustered_judged_and_ranked(finished, tmp_path):
    """What a survey user does: no catalogue, a person judges the sheets, candidates come out."""

    def unlabelled(config):
        config["run"] = ["stamped"]
        config["datasets"]["stamps"] = {"kind": "fits", "path": "stamps", "zero_point": 0.0}
        config["experiments"]["stamped"] = {
            **config["experiments"]["tiny"],
            **{"dataset": "stamps", "protocol": "unlabelled", "runs": 1, "apply_to": []},
            **{"labels": ["person"], "person_labels": "judged.csv"},
        }
        for key in ("fraction", "null_shuffles", "bootstraps"):
            del config["experiments"]["stamped"][key]

    folder = configured(tmp_path, unlabelled)
    source = finished / "results/data/small_challenge/simulated/Data.0/Public/Band1"
    shutil.copytree(source, folder / "stamps")
    run = "results/stamped/log/features_3/run_0"
    sheet = "results/stamped/figures/clusters_unlabelled_log_features_3_run_0.png"
    snakemake(folder, "--cores", 2, sheet, f"{run}/cluster_labels_template.csv")

    labels = pd.read_csv(folder / run / "cluster_labels_template.csv", dtype={"mixture_hash": str})
    assert len(labels) == 3
    labels["probability"] = [0.0, 0.5, 1.0]
    labels["who"] = "a tester"
    labels.to_csv(folder / "judged.csv", index=False)
    snakemake(folder, "--cores", 2, f"{run}/scores_train.csv")
    scores = pd.read_csv(folder / run / "scores_train.csv")
    assert scores["p_lens_person"].between(0, 1).all()

    labels["mixture_hash"] = "0" * 64
    labels.to_csv(folder / "judged.csv", index=False)
    done = snakemake(folder, "--cores", 1, f"{run}/scores_train.csv", check=False)
    assert done.returncode != 0
    assert "another mixture" in done.output
    assert f"open {run}/judge.html" in done.output
    assert "save its file as judged.csv" in done.output
    assert "jobs to do" not in done.output

    # Where the clusters are still to be made, only the job can tell.
    (folder / run / "mixture.h5").unlink()
    done = snakemake(folder, "--cores", 1, f"{run}/scores_train.csv", check=False)
    assert done.returncode != 0
    log = next((folder / "results/logs/stamped/log").glob("score_shard_*_train_0.log"))
    assert "another mixture" in log.read_text()
    place = f"{log.relative_to(folder)}"
    name = place.removeprefix("results/logs/").removesuffix(".log")
    failures = [line for line in done.output.splitlines() if name in line]
    assert [line.split(":")[0] for line in failures] == [f"FAILED {name}", f"  {name}"]
    assert all("another mixture" in line and place in line for line in failures)


@pytest.mark.real_data
def test_real_images_go_through_the_whole_chain(finished, tmp_path, real_data):
    """Raw challenge cutouts, Euclid lenses and denoised cutouts, with tiny trained models."""

    def real(config):
        names = ["challenge_sample", "challenge_denoised", "euclid_q1"]
        config["run"] = ["tiny_real"]
        config["experiments"]["tiny_real"] = {
            **config["experiments"]["tiny"],
            **{"scales": ["linear"], "runs": 1, "apply_to": names},
        }
        config["experiments"]["tiny_real"].pop("headline", None)

    folder = with_images(finished, tmp_path, real)
    (folder / "data").symlink_to(real_data)
    counts = {"challenge_sample": 10, "challenge_denoised": 70, "euclid_q1": 5}
    tables = {name: f"results/tiny_real/candidates_{name}.csv" for name in counts}
    pictures = [f"results/tiny_real/figures/candidates_{name}.png" for name in counts]
    targets = [*tables.values(), *pictures, "results/tiny_real/metrics.csv"]
    snakemake(folder, "--cores", 2, "--rerun-triggers", "mtime", "--", *targets)
    for name, count in counts.items():
        table = pd.read_csv(folder / tables[name])
        assert len(table) == count
        assert table["p_lens"].between(0, 1).all()
    metrics = pd.read_csv(folder / "results/tiny_real/metrics.csv").set_index("sample")
    assert metrics.loc["challenge_sample", "n_lens"].max() == 5
    assert (metrics.loc["challenge_denoised", ["n_lens", "n_nonlens"]].sum(axis=1) <= 70).all()


def test_lint():
    done = snakemake(ROOT, "--lint", check=False)
    assert "Congratulations" in done.output, done.output
