"""The contrastive encoder and a student as a user runs them: from images to predictions."""

import copy
import re
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete
from workflow.conftest import ROOT, snakemake, with_images
from workflow.test_profiles import dry_run

MODEL = "results/seen/sigma/features_3/run_0"
SHARDS = ("train/shard_0.h5", "test/shard_0.h5", "small_challenge/shard_1.h5")
STUDENTS = ("student", "ring_student")
PREDICTIONS = [f"{MODEL}/{student}/known/{shard}" for student in STUDENTS for shard in SHARDS]
TRAINING = {"epochs": 2, "batch_size": 16, "learning_rate": 0.01, "augment": "quarter_turns"}
PRESET = {
    "encoder": "contrastive",
    "n_views": 2,
    "contrastive": {
        "convolutions": [{"filters": 4, "kernel": 3}, {"filters": 4, "kernel": 3}],
        "dense": [8],
        "projection": [8, 8],
    },
    "student": {
        "image_size": 26,
        "convolutions": [{"filters": 4, "kernel": 5}, {"filters": 4, "kernel": 3}],
    },
    "ring_student": {"convolutions": [{"filters": 4, "kernel": 3}], "dense": [8]},
    "training": {
        "contrastive": TRAINING,
        "student": TRAINING | {"max_shift": 1},
        "ring_student": TRAINING,
    },
}


def seen(config):
    """Add an experiment with these networks to the tiny configuration."""
    config["presets"]["seen"] = PRESET
    config["run"] = ["seen"]
    changes = {"preset": "seen", "scales": ["sigma"], "runs": 1, "labels": ["known"]}
    config["experiments"]["seen"] = {**config["experiments"]["tiny"], **changes}


@pytest.fixture(scope="module")
def predicted(finished, tmp_path_factory):
    """The folder in which all were trained and every sample was predicted."""
    folder = with_images(finished, tmp_path_factory.mktemp("networks"), seen)
    options = ["--cores", 2, "--rerun-triggers", "mtime"]
    snakemake(folder, *options, "--", *PREDICTIONS, f"{MODEL}/scores_test.csv")
    return folder


@pytest.mark.slow
def test_networks_leave_weights_a_history_and_a_report(predicted):
    for name in ("contrastive", "student_known", "ring_student_known"):
        for end in (".weights.h5", "_history.csv", "_report.json"):
            assert (predicted / MODEL / f"{name}{end}").is_file()
    assert len(pd.read_csv(predicted / MODEL / "contrastive_history.csv")) == 2


@pytest.mark.slow
@pytest.mark.parametrize("student", STUDENTS)
def test_every_image_of_a_sample_is_predicted(predicted, student):
    with h5py.File(predicted / MODEL / f"{student}/known/test/shard_0.h5") as file:
        ids, rotation = file["id"].asstr()[:], file["rotation"][:]
        logits = file["logit"][:]
        assert file.attrs["judgement"] == "known"
    scores = pd.read_csv(predicted / MODEL / "scores_test.csv", dtype={"id": str})
    assert ids.tolist() == scores["id"].tolist()
    assert rotation.tolist() == scores["rotation"].tolist()
    assert np.isfinite(logits).all()
    assert np.ptp(logits) > 0


@pytest.mark.slow
def test_the_mean_logit_of_the_students_is_calibrated_and_ranks(predicted):
    logits = []
    for student in STUDENTS:
        with h5py.File(predicted / MODEL / f"{student}/known/test/shard_0.h5") as file:
            logits.append(file["logit"][:].astype(float))
    found = pd.read_csv(predicted / MODEL / "calibration.csv").set_index("judgement").loc["known"]
    scores = pd.read_csv(predicted / MODEL / "scores_test.csv", dtype={"id": str})
    expected = found["slope"] * np.mean(logits, axis=0) + found["offset"]
    np.testing.assert_allclose(scores["log_odds_known"], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_turned_image_is_predicted_as_it_was_before(predicted):
    """The training sample holds each non-lens in four turns, which differ by their noise alone."""
    with h5py.File(predicted / MODEL / "student/known/train/shard_0.h5") as file:
        table = pd.DataFrame({"id": file["id"].asstr()[:], "logit": file["logit"][:]})
    groups = table.groupby("id")["logit"]
    turned = groups.filter(lambda values: len(values) == 4)
    assert len(turned) > 0
    assert groups.std().dropna().mean() < 0.5 * table["logit"].std()


@pytest.mark.slow
def test_a_student_learns_anew_from_graded_images_and_nothing_before_it_does(predicted, tmp_path):
    folder = shutil.copytree(predicted, tmp_path / "graded", copy_function=shutil.copy2)
    trained = pd.read_csv(folder / MODEL / "clusters/train/shard_0.csv", dtype={"id": str})
    graded, turns = trained["id"].iloc[-1], (trained["id"] == trained["id"].iloc[-1]).sum()
    (folder / "grades.csv").write_text(f"id,grade,who\n{graded},A,me\n")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["experiments"]["seen"]["grades"] = ["grades.csv"]
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    weights = f"{MODEL}/student_known.weights.h5"
    before = (folder / weights).read_bytes()
    output = snakemake(folder, weights, "--cores", 2, "--rerun-triggers", "mtime", "input").output
    assert re.findall(r"^\[1/1\] (\S+):", output, re.MULTILINE) == [
        "seen/sigma/train_student_3_0_student_known"
    ]
    log = (folder / "results/logs/seen/sigma/train_student_3_0_student_known.log").read_text()
    assert f"{turns} of {len(trained)} images were graded" in log
    assert (folder / weights).read_bytes() != before


@pytest.mark.slow
def test_the_networks_are_gpu_jobs_that_ask_for_time_and_memory(predicted):
    had = dict(dry_run(predicted, "--forceall", "--", *PREDICTIONS))
    for rule in ("train_contrastive", "train_student", "predict_stack", "predict_images"):
        assert (had[rule]["gpu"], had[rule]["slurm_partition"]) == ("1", "gpu")
    for rule in ("train_contrastive", "predict_stack", "predict_images"):
        assert int(had[rule]["mem_mb"]) >= 4000
        assert int(had[rule]["runtime"]) >= (30 if rule.startswith("train") else 15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda preset: preset["training"].pop("student"), "add training.student"),
        (lambda preset: preset.pop("student"), "remove training.student"),
        (lambda preset: preset.pop("contrastive"), "lacks 'contrastive'"),
        (lambda preset: preset.update(denoiser={}), "unknown key.* 'denoiser'"),
        (lambda preset: preset.update(image_size=51), "image_size is 51"),
        (lambda preset: preset["contrastive"].update(dense=[0]), "dense.* is 0"),
        (
            lambda preset: preset["training"]["contrastive"].update(max_shift=1),
            "only the images of these networks are shifted: student",
        ),
        (
            lambda preset: preset["training"]["student"].update(max_shift=7),
            "expected at most 6: a quarter of its images' side, 26 px",
        ),
        (
            lambda preset: preset["contrastive"].update(
                convolutions=5 * [{"filters": 2, "kernel": 3}]
            ),
            "expected at most 4",
        ),
    ],
)
def test_a_wrong_section_of_a_preset_is_said_before_any_job(change, message):
    config = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    seen(config)
    config["presets"]["seen"] = copy.deepcopy(PRESET)
    change(config["presets"]["seen"])
    with pytest.raises(ConfigError) as raised:
        complete(config)
    assert re.search(message, str(raised.value))
