"""Ways of looking at a few images, on toy data with known answers."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier

from gaussian_process import head_kernel
from lensflow.studies import looking
from lensflow.studies.look_little import (
    METRICS,
    clustered,
    draw,
    looked_rows,
    merit,
    summary,
    unlooked_scores,
)
from lensflow.studies.looking import JUDGES, WAYS, Clustered, Judge, spread

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def random():
    return np.random.default_rng(3)


def objects(n=300, n_clusters=4, width=0.2):
    """Clusters on a line, of which every second one holds lenses."""
    draw_one = np.random.default_rng(0)
    clusters = np.arange(n) % n_clusters
    x = clusters[:, None] + width * draw_one.normal(size=(n, 2))
    responsibilities = np.eye(n_clusters)[clusters]
    features = {"train": x, "test": x + 0.01}
    return Clustered(features, dict.fromkeys(features, responsibilities), clusters), clusters % 2


# --- judges ---------------------------------------------------------------------------------------


def known(n=4000):
    is_lens = np.arange(n) % 2
    return pd.DataFrame({"is_lens": is_lens, "numb_pix_lensed_image": 500 * (np.arange(n) % 4 > 1)})


def test_a_perfect_judge_says_the_truth():
    table = known()
    assert (JUDGES[0].answers(table, random()) == table["is_lens"]).all()


def test_a_fallible_judge_errs_as_often_as_said_and_misses_what_is_invisible():
    table = known()
    wrong = Judge("", 0.1, True).answers(table, random()) != table["is_lens"]
    assert wrong.mean() == pytest.approx(0.1, abs=0.02)
    blind = Judge("", 0.0, False).answers(table, random())
    invisible = (table["is_lens"] == 1) & (table["numb_pix_lensed_image"] == 0)
    assert (blind[invisible] == 0).all()
    assert (blind[~invisible] == table["is_lens"][~invisible]).all()


# --- looks ----------------------------------------------------------------------------------------


def test_looks_are_spread_evenly_and_the_rest_goes_to_large_clusters():
    clusters = np.repeat([0, 1, 2], [10, 30, 20])
    rows = spread(clusters, 3, 8, random())
    assert np.bincount(clusters[rows]).tolist() == [2, 3, 3]
    assert len(set(rows)) == 8
    assert clusters[spread(clusters, 3, 2, random())].tolist() == [1, 2]


def test_no_object_is_looked_at_twice_and_small_clusters_run_out():
    clusters = np.repeat([0, 1], [2, 30])
    rows = spread(clusters, 3, 12, random())
    assert np.bincount(clusters[rows]).tolist() == [2, 10]
    assert sorted(spread(clusters, 3, 999, random())) == list(range(32))


def test_members_are_drawn_at_random():
    clusters = np.zeros(10, int)
    first = {spread(clusters, 1, 1, np.random.default_rng(i))[0] for i in range(200)}
    assert first == set(range(10))


# --- ways -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_every_way_finds_what_the_clusters_show(way):
    data, answers = objects()
    found = WAYS[way](data, answers, 40, random())
    assert list(found) == ["test"]
    assert merit(answers, found["test"])["auc"] > 0.99


@pytest.mark.parametrize("way", WAYS)
def test_a_way_uses_the_answers_of_what_it_looks_at_alone(way):
    data, answers = objects()
    seen = []

    class Watched(np.ndarray):
        def __getitem__(self, rows):
            seen.append(rows)
            return np.asarray(self)[rows]

    expected = WAYS[way](data, answers, 12, random())["test"]
    rows = WAYS[way](data, answers.view(Watched), 12, random()) and np.unique(seen[0])
    assert len(rows) == 12
    others = np.setdiff1d(np.arange(len(answers)), rows)
    changed = answers.copy()
    changed[others] = 1 - changed[others]
    assert WAYS[way](data, changed, 12, random())["test"] == pytest.approx(expected)


def test_clusters_alone_give_equation_7():
    data, answers = objects()
    found = WAYS["clusters"](data, answers, 40, random())["test"]
    assert sorted(set(np.round(found, 12))) == pytest.approx([0.5 / 11, 10.5 / 11])


def test_one_class_alone_tells_nothing():
    data, answers = objects()
    assert not WAYS["random images"](data, np.ones_like(answers), 10, random())["test"].any()


def test_both_is_scikit_learns_classifier_where_the_clusters_know_nothing():
    """With one cluster of as many lenses as others the odds beforehand are even."""
    x = np.random.default_rng(1).normal(size=(60, 2))
    one = Clustered({"train": x, "test": x}, dict.fromkeys(["train", "test"], np.ones((60, 1))),
                    np.zeros(60, int))  # fmt: skip
    rows = spread(one.clusters, 1, 30, random())
    answers = (x[:, 0] > np.median(x[rows, 0])).astype(int)
    length = np.median(looking.pdist(x))
    peer = GaussianProcessClassifier(head_kernel(length), optimizer=None).fit(
        x[rows], answers[rows]
    )
    base = peer.base_estimator_
    latent = base.kernel_(x, base.X_train_) @ (base.y_train_ - base.pi_)
    found = WAYS["both"](one, answers, 30, random())["test"]
    assert found == pytest.approx(latent, abs=1e-4)


# --- the study ------------------------------------------------------------------------------------


def test_merit_of_a_perfect_ranking():
    is_lens = np.repeat([1, 0], 50)
    assert merit(is_lens, is_lens) == {"auc": 1.0, "tpr10": 1.0, "recall": pytest.approx(1.0)}


class Data:
    """As `lensflow.studies.encodings.Encoded`."""

    def __init__(self, is_lens):
        self.is_lens = is_lens

    def table(self, sample):
        return pd.DataFrame({"is_lens": self.is_lens, "numb_pix_lensed_image": 500})


def test_every_draw_is_a_row_and_the_summary_their_mean(tmp_path):
    data, answers = objects()
    given = Namespace(looks=(8, 40), n_draws=2, seed=1)
    rows = pd.DataFrame(looked_rows(data, Data(answers), given, 0)).assign(encoder="polar")
    assert len(rows) == len(JUDGES) * 2 * len(WAYS) * 2
    table = summary(rows)
    assert (table["n_draws"] == 2).all()
    one = table[(table["way"] == "clusters") & (table["judge"] == "perfect")]
    chosen = rows[(rows["way"] == "clusters") & (rows["judge"] == "perfect")]
    expected = chosen.groupby("n_looks")["auc"]
    assert one["auc"].tolist() == pytest.approx(expected.mean().tolist())
    assert one["auc_std"].tolist() == pytest.approx(expected.std(ddof=0).tolist())
    assert {f"{metric}_std" for metric in METRICS} < set(table)
    draw(table, tmp_path / "looking.png")
    assert (tmp_path / "looking.png").stat().st_size > 10_000


def test_objects_are_clustered_in_scaled_features():
    x = np.random.default_rng(0).normal(5, 3, size=(400, 2))
    found, mixture = clustered({"train": x, "test": x[:50]}, 3, 0)
    assert found.features["train"].std(axis=0) == pytest.approx([1, 1])
    assert found.n_clusters == mixture.n_components == 3
    assert found.responsibilities["test"].sum(axis=1) == pytest.approx(np.ones(50))


def test_before_anyone_looks_injected_lenses_rank_and_no_class_of_the_sample_is_read():
    random = np.random.default_rng(0)
    of = {name: random.random(size) < 0.4 for name, size in (("train", 600), ("test", 300))}
    features = {name: random.normal(size=(len(x), 2)) + 6 * x[:, None] for name, x in of.items()}
    is_lens = {name: x.astype(int) for name, x in of.items()}
    given = Namespace(n_clusters=3)
    arcs = {"test": of["test"] + random.random(300)}
    found = unlooked_scores(features, "test", arcs, is_lens, given, 0)
    blind = {"train": is_lens["train"], "test": None}
    again = unlooked_scores(features, "test", arcs, blind, given, 0)
    assert merit(is_lens["test"], found["injected lenses"])["auc"] > 0.99
    for way, score in found.items():
        assert score.shape == (300,)
        assert again[way] == pytest.approx(score)


def test_the_command_line_says_what_it_does():
    command = [sys.executable, "-m", "lensflow.studies.look_little", "--help"]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert "How much must a person look at?" in done.stdout
