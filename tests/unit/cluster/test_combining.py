import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from lensflow.cluster import combining
from lensflow.cluster.combining import (
    add_student_stage,
    average_scores_stage,
    fit_calibration_stage,
)
from lensflow.errors import ArtifactError
from lensflow.samples.predictions import write_predictions
from lensflow.samples.scores import Chances, read_scores, scores_table, write_scores

N = 12
ROWS = pd.DataFrame(
    {"id": [f"0{i // 2}" for i in range(N)], "rotation": np.arange(N) % 2, "is_lens": 1}
)
NO_GRADES = pd.Series(dtype=float)


def scores(path, seed, counted=False, rows=slice(None)):
    """Write scores of twelve images by one judgement, with an interval where lenses are counted."""
    rng = np.random.default_rng(seed)
    p_lens = rng.uniform(0.1, 0.9, N)
    ends = (p_lens - 0.05, p_lens + 0.05) if counted else (None, None)
    said = {"known": Chances(p_lens, *ends, log_odds=logit(p_lens))}
    table = scores_table(ROWS, np.arange(N) % 3, said, rng.normal(size=N))
    write_scores(path, [table.iloc[rows]])
    return path


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(combining, "BLOCK", 5)


def test_experiments_side_by_side_have_the_mean_of_their_logits(tmp_path):
    paths = [scores(tmp_path / f"{seed}.csv", seed) for seed in range(3)]
    average_scores_stage(paths, ["known"], tmp_path / "mean.csv")
    found, own, *others = (read_scores(p) for p in [tmp_path / "mean.csv", *paths])
    expected = np.mean([logit(t["p_lens_known"]) for t in (own, *others)], axis=0)
    np.testing.assert_allclose(found["p_lens_known"], expit(expected), rtol=1e-12)
    np.testing.assert_allclose(found["log_odds_known"], expected, rtol=1e-9)
    pd.testing.assert_series_equal(
        found["p_clusters_known"], own["p_lens_known"], check_names=False
    )
    kept = ["id", "rotation", "is_lens", "weight", "cluster", "log_density"]
    pd.testing.assert_frame_equal(found[kept], own[kept])
    assert list(found)[4:] == [
        *("cluster", "p_lens_known", "p_clusters_known", "log_odds_known", "log_density")
    ]


def test_who_has_no_error_is_taken_at_the_word(tmp_path):
    paths = [scores(tmp_path / "a.csv", 0), scores(tmp_path / "b.csv", 1, counted=True)]
    average_scores_stage(paths, ["known"], tmp_path / "mean.csv")
    found, own, other = (read_scores(p) for p in [tmp_path / "mean.csv", *paths])
    expected = (logit(own["p_lens_known"]) + logit(other["p_low_known"])) / 2
    np.testing.assert_allclose(found["p_low_known"], expit(expected), rtol=1e-9)
    assert (found["p_low_known"] < found["p_lens_known"]).all()
    assert (found["p_lens_known"] < found["p_high_known"]).all()


def test_tables_of_other_images_are_refused(tmp_path):
    own, short = scores(tmp_path / "a.csv", 0), scores(tmp_path / "b.csv", 1, rows=slice(0, 10))
    with pytest.raises(ArtifactError, match=r"a.csv, .*b.csv do not hold the same images"):
        average_scores_stage([own, short], ["known"], tmp_path / "mean.csv")
    turned = scores(tmp_path / "c.csv", 1)
    table = read_scores(turned)
    table.loc[7, "rotation"] = 3
    write_scores(turned, [table])
    with pytest.raises(ArtifactError, match="do not hold the same images"):
        average_scores_stage([own, turned], ["known"], tmp_path / "mean.csv")


def predictions(path, logits, rows=ROWS):
    write_predictions(path, rows, [np.asarray(logits, dtype=np.float32)], "known")
    return path


def test_a_student_is_calibrated_and_takes_the_place_of_its_teacher(tmp_path):
    path = scores(tmp_path / "a.csv", 0, counted=True)
    own = read_scores(path)
    # A student that has learned its teacher by heart, and is twice as sure.
    p_cluster = own.groupby("cluster")["p_lens_known"].transform("mean")
    own["p_lens_known"] = p_cluster
    write_scores(path, [own])
    taught = {"known": [predictions(tmp_path / "p.h5", 2 * logit(p_cluster))]}
    shards = {"known": [taught["known"]]}
    fit_calibration_stage([path], shards, NO_GRADES, tmp_path / "calibration.csv")
    found = pd.read_csv(tmp_path / "calibration.csv").iloc[0]
    assert found["slope"] == pytest.approx(0.5, rel=1e-2)
    assert (found["n_images"], found["n_clusters"]) == (N, 3)
    add_student_stage(path, taught, tmp_path / "calibration.csv", tmp_path / "b.csv")
    table = read_scores(tmp_path / "b.csv")
    np.testing.assert_allclose(table["p_lens_known"], p_cluster, rtol=1e-2)
    np.testing.assert_allclose(table["p_clusters_known"], p_cluster, rtol=1e-12)
    np.testing.assert_allclose(table["p_low_known"], own["p_low_known"], rtol=5e-2)


def test_a_student_that_learned_grades_is_held_to_them_and_not_to_the_clusters(tmp_path):
    path, labels = scores(tmp_path / "a.csv", 0), pd.Series({"00": 0.5, "04": 1.0, "x": 0.0})
    own = read_scores(path)
    own["p_lens_known"] = np.array([0.1, 0.5, 0.8])[own["cluster"]]
    write_scores(path, [own])
    told = own["id"].map(labels).fillna(own["p_lens_known"])
    mean = told.groupby(own["cluster"]).transform("mean")
    shards = {"known": [[predictions(tmp_path / "p.h5", 2 * logit(mean) - 1)]]}
    fit_calibration_stage([path], shards, labels, tmp_path / "calibration.csv")
    found = pd.read_csv(tmp_path / "calibration.csv").iloc[0]
    assert found["slope"] == pytest.approx(0.5, rel=1e-2)
    assert found["offset"] == pytest.approx(0.5, rel=2e-2)
    fit_calibration_stage([path], shards, NO_GRADES, tmp_path / "calibration.csv")
    assert pd.read_csv(tmp_path / "calibration.csv")["slope"][0] > 0.6


def test_a_student_keeps_its_order_beyond_what_clusters_can_say(tmp_path):
    """Logits of 8 and 9 are told apart, though no cluster says more than `CLIP` allows."""
    path, sure = scores(tmp_path / "a.csv", 0), np.linspace(-12.0, 12.0, N)
    taught = {"known": [predictions(tmp_path / "p.h5", sure)]}
    (tmp_path / "c.csv").write_text("judgement,slope,offset\nknown,0.5,1\n")
    add_student_stage(path, taught, tmp_path / "c.csv", tmp_path / "b.csv")
    table = read_scores(tmp_path / "b.csv")
    np.testing.assert_allclose(table["p_lens_known"], expit(0.5 * sure + 1.0), rtol=1e-5)
    np.testing.assert_allclose(table["log_odds_known"], 0.5 * sure + 1.0, atol=1e-5)


def test_a_shard_without_an_image_has_a_student_too(tmp_path):
    """As where a dataset has more shards than objects, or all files of one cannot be used."""
    path = scores(tmp_path / "a.csv", 0, counted=True, rows=slice(0, 0))
    taught = {"known": [predictions(tmp_path / "p.h5", [], ROWS.iloc[:0])]}
    (tmp_path / "c.csv").write_text("judgement,slope,offset\nknown,1,0\n")
    add_student_stage(path, taught, tmp_path / "c.csv", tmp_path / "b.csv")
    found = read_scores(tmp_path / "b.csv")
    assert found.empty
    assert {"p_lens_known", "p_low_known", "p_clusters_known"} <= set(found)


def test_of_several_students_the_mean_logit_counts(tmp_path):
    path, draw = scores(tmp_path / "a.csv", 0), np.random.default_rng(7)
    said = draw.normal(size=(3, N)).astype("float32")
    several = [predictions(tmp_path / f"{i}.h5", each) for i, each in enumerate(said)]
    alone = [predictions(tmp_path / "mean.h5", said.mean(axis=0))]
    for name, paths in (("several", several), ("alone", alone)):
        calibration = tmp_path / f"{name}.csv"
        fit_calibration_stage([path], {"known": [paths]}, NO_GRADES, calibration)
        add_student_stage(path, {"known": paths}, calibration, tmp_path / f"{name}_scores.csv")
    tables = [read_scores(tmp_path / f"{name}_scores.csv") for name in ("several", "alone")]
    np.testing.assert_allclose(*(table["log_odds_known"] for table in tables), rtol=1e-5)
    other = predictions(tmp_path / "other.h5", np.zeros(N), ROWS.iloc[::-1])
    with pytest.raises(ArtifactError, match=r"a.csv, .*other.h5 do not hold the same images"):
        add_student_stage(path, {"known": [*several, other]}, calibration, tmp_path / "b.csv")


@pytest.mark.parametrize("rows", [ROWS.iloc[:10], ROWS.iloc[::-1], pd.concat([ROWS, ROWS])])
def test_predictions_of_other_images_are_refused(tmp_path, rows):
    path = scores(tmp_path / "a.csv", 0)
    taught = {"known": [predictions(tmp_path / "p.h5", np.zeros(len(rows)), rows)]}
    (tmp_path / "c.csv").write_text("judgement,slope,offset\nknown,1,0\n")
    with pytest.raises(ArtifactError, match=r"a.csv, .*p.h5 do not hold the same images"):
        add_student_stage(path, taught, tmp_path / "c.csv", tmp_path / "b.csv")
