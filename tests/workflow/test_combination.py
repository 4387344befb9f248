"""One judgement of which more is made: side by side, spread, counted, and graded images."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from workflow.conftest import snakemake, with_images

RUN = "results/pair/sigma/features_4/run_0"
OTHER = "results/other/log/features_3/run_0"
CANDIDATES = "results/pair/candidates_small_challenge.csv"
BEFORE = {"fit_encoder", "embed_stack", "embed_images", "fit_mixture", "spread_mixture"}
BEFORE |= {"label_clusters", "score_shard", "keep_scores", "average_scores"}


def side_by_side(config):
    """Two encoders side by side, one of them spread over two further mixtures, both counted."""
    common = {
        **{"dataset": "small_training", "protocol": "honest", "fraction": 0.006, "runs": 2},
        **{"shards": 2, "labels": ["known", "counted"], "apply_to": ["small_challenge"]},
        **{"null_shuffles": 3, "bootstraps": 10, "baselines": False},
    }
    config["run"] = ["pair"]
    config["presets"] = {"components": {"encoder": "pca", "image_size": 26}}
    config["presets"]["polar"] = {"encoder": "polar", "n_views": 2}
    other = {"preset": "components", "scales": ["log"], "n_features": [3]}
    own = {"preset": "polar", "scales": ["sigma"], "n_features": [4], "beside": ["other"]}
    own |= {"mixture": {"spread": 2}, "grades": ["grades.csv"]}
    config["experiments"] = {"other": {**common, **other}, "pair": {**common, **own}}


@pytest.fixture(scope="module")
def combined(finished, tmp_path_factory):
    """The folder of a run of both, with what it printed, before anyone graded an image."""
    folder = with_images(finished, tmp_path_factory.mktemp("combination"), side_by_side)
    targets = CANDIDATES, "results/pair/metrics.csv", "results/pair/rates.csv"
    done = snakemake(folder, "--cores", 2, "--rerun-triggers", "mtime", "--", *targets)
    return folder, done.output


def odds(p_lens):
    p_lens = np.clip(p_lens, 0.001, 0.999)
    return np.log(p_lens / (1 - p_lens))


def shards(folder, run, kind):
    paths = [folder / run / kind / "test" / f"shard_{i}.csv" for i in range(2)]
    return pd.concat([pd.read_csv(path, dtype={"id": str}) for path in paths], ignore_index=True)


def test_the_final_probability_is_at_the_mean_logit_of_both(combined):
    folder, output = combined
    final = pd.read_csv(folder / RUN / "scores_test.csv", dtype={"id": str})
    own, other = shards(folder, RUN, "clusters"), shards(folder, OTHER, "clusters")
    assert final["id"].tolist() == own["id"].tolist() == other["id"].tolist()
    for name in ("known", "counted"):
        mean = (odds(own[f"p_lens_{name}"]) + odds(other[f"p_lens_{name}"])) / 2
        np.testing.assert_allclose(final[f"p_lens_{name}"], 1 / (1 + np.exp(-mean)), rtol=1e-6)
        # The clusters that were judged, and neither those they are spread over nor the others.
        np.testing.assert_array_equal(final[f"p_clusters_{name}"], own[f"p_clusters_{name}"])
    assert (final["p_low_counted"] < final["p_lens_counted"]).all()
    assert (final["p_lens_counted"] < final["p_high_counted"]).all()
    assert "p_low_known" not in final
    assert "no grades in grades.csv yet" in output


def test_candidates_have_an_interval_and_an_order_without_ties(combined):
    table = pd.read_csv(combined[0] / CANDIDATES)
    assert (table["judgement"] == "counted").all()
    assert table["p_lens"].is_monotonic_decreasing
    assert table["p_low"].lt(table["p_high"]).all()
    by_hand = table.sort_values(
        ["p_lens", "log_odds", "log_density"], ascending=[False, False, True], kind="stable"
    )
    assert by_hand["rank"].tolist() == table["rank"].tolist()


def test_grades_rank_again_and_rerun_nothing_before(combined, tmp_path):
    folder = shutil.copytree(combined[0], tmp_path / "graded", copy_function=shutil.copy2)
    first = pd.read_csv(folder / CANDIDATES, dtype={"id": str}).set_index("id")
    best, last = first.index[0], first.index[-1]
    grades = f"id,grade,who\n{best},X,me\n{last},A,me\n{last},B,you\n"
    (folder / "grades.csv").write_text(grades)
    target = [CANDIDATES, "--cores", 2, "--rerun-triggers", "mtime", "input"]
    output = snakemake(folder, *target).output
    assert "grades.csv yet" not in output
    logs = [path.name for path in (folder / "results/logs/pair/sigma").glob("*_head_*.log")]
    assert len([name for name in logs if name.startswith("fit_head")]) == 2
    second = pd.read_csv(folder / CANDIDATES, dtype={"id": str}).set_index("id")
    assert second.loc[best, "p_lens"] < first.loc[best, "p_lens"]
    assert second.loc[last, "p_lens"] > first.loc[last, "p_lens"]
    for name in ("mixture.h5", "clusters/test/shard_0.csv", "teacher/test/shard_0.csv"):
        made = (folder / RUN / name, combined[0] / RUN / name)
        assert made[0].stat().st_mtime == made[1].stat().st_mtime

    (folder / "grades.csv").write_text(grades + "nowhere,A,me\n")
    dry = snakemake(folder, *target, "--dry-run").output
    assert not BEFORE & set(re.findall(r"\b([a-z]+_[a-z]+)\b", dry))
    done = snakemake(folder, *target, check=False)
    assert done.returncode != 0
    log = (folder / "results/logs/pair/sigma/fit_head_4_0.log").read_text()
    assert "grades.csv, line 5: the object 'nowhere' is in no sample of this experiment" in log
