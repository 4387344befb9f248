"""Numbers of features and clusters without labels, on toy data with known answers."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score, mutual_info_score

from lensflow.prepare.views import SIDE
from lensflow.studies.choose_numbers import (
    choices,
    draw,
    encoder_inputs,
    features_of,
    gain,
    information,
    number_rows,
    stability,
)
from lensflow.studies.look_little import clustered

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def groups(n, seed, n_groups=4, n_noise=0, width=0.3):
    """Objects in groups on a line of pairs, then features that say nothing."""
    random = np.random.default_rng(seed)
    of = random.integers(n_groups, size=n)
    place = np.stack([of % 2, of // 2], axis=1) * 4.0
    x = place + width * random.normal(size=(n, 2))
    return np.hstack([x, random.normal(size=(n, n_noise))]), of


def test_information_is_in_bits_and_chance_gives_none():
    of = np.random.default_rng(0).integers(4, size=4000)
    assert information(of, 3 - of) == pytest.approx(2.0, abs=0.01)  # of four equal groups
    other = np.random.default_rng(1).integers(40, size=4000)
    assert mutual_info_score(of, other) > 0.01
    assert information(of, other) == pytest.approx(0, abs=0.005)


def test_information_is_what_scikit_learn_normalises():
    first, second = np.random.default_rng(2).integers(3, size=(2, 300))
    second = np.where(np.arange(300) < 150, first, second)
    same_sign = information(first, second) * adjusted_mutual_info_score(first, second)
    assert same_sign > 0


def test_gain_is_what_groups_tell_of_an_object_and_one_blob_has_none():
    """Groups far apart: one Gaussian is as wide as all of them, in two directions."""
    (train, _), (held_out, _) = groups(3000, 0), groups(3000, 1)
    _, mixture = clustered({"train": train}, 4, 0)
    expected = 2 * np.log(np.sqrt(4 + 0.3**2) / 0.3) - np.log(4)
    assert gain(mixture, train, held_out) == pytest.approx(expected, abs=0.02)
    wide = np.array([3.0, 7.0])
    _, stretched = clustered({"train": train * wide}, 4, 0)
    assert gain(stretched, train * wide, held_out * wide) == pytest.approx(expected, abs=0.02)
    blob, other = np.random.default_rng(2).normal(size=(2, 3000, 2))
    _, mixture = clustered({"train": blob}, 4, 0)
    assert gain(mixture, blob, other) == pytest.approx(0, abs=0.02)


def test_groups_are_stable_and_parts_of_one_blob_are_not():
    (train, _), (held_out, _) = groups(600, 0), groups(300, 1)
    _, mixture = clustered({"train": train}, 4, 0)
    assert stability(mixture, train, held_out, 2, 0) > 0.99
    blob, other = np.random.default_rng(2).normal(size=(2, 600, 2))
    _, mixture = clustered({"train": blob}, 4, 0)
    assert stability(mixture, blob, other, 2, 0) < 0.9


def given():
    chosen = {"features": (1, 2, 8), "clusters": (2, 4, 12), "n_features": 2, "n_clusters": 4}
    return Namespace(**chosen, n_runs=1, n_bootstrap=1, seed=0)


@pytest.fixture(scope="module")
def table():
    """Two of eight features are common to both views of an object, and four groups are lenses."""
    features, is_lens = {}, {}
    for seed, name in enumerate(("train", "training", "challenge")):
        features[name], of = groups(800, seed, n_noise=6)
        is_lens[name] = (of == 3).astype(int)
    for seed, name in enumerate(("view_0", "view_1")):
        noise = np.random.default_rng(90 + seed).normal(size=(800, 6))
        features[name] = np.hstack([features["training"][:, :2], noise])
    features["turned"] = features["training"]
    rows = pd.DataFrame(number_rows(features, is_lens, given()))
    return rows.assign(encoder="toy")


def test_everything_is_measured_for_every_number(table):
    assert table["n_features"].tolist() == [1, 2, 8, 2, 2, 2]
    assert table["n_clusters"].tolist() == [4, 4, 4, 2, 4, 12]
    assert (table["same_turn"] == 1).all()
    assert table["same_view"].between(0, 1).all()
    assert table.notna().all(axis=None)


def test_the_choice_is_what_tells_the_groups_apart(table):
    chosen = choices(table).set_index(["varied", "sample"])
    assert chosen.loc[("n_features", "training"), "chosen"] == 2
    assert (chosen.loc["n_features", "cost"] < 0.01).all()
    assert (chosen["cost"] >= 0).all()


def test_no_label_enters_the_choice(table):
    other = table.assign(auc_training=np.arange(6.0), auc_challenge=-np.arange(6.0))
    assert choices(other)["chosen"].tolist() == choices(table)["chosen"].tolist()


def test_the_figure_is_drawn(table, tmp_path):
    draw(table, tmp_path / "numbers.png")
    assert (tmp_path / "numbers.png").stat().st_size > 10_000


def test_views_are_of_the_objects_and_differ():
    radius = np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE // 2))
    galaxies = np.arange(20, 90, 10)[:, None, None] * np.exp(-radius / 6)
    noise = np.random.default_rng(0).normal(size=galaxies.shape)
    images = (galaxies + noise).astype(np.float32)
    made = encoder_inputs(images, np.arange(7), 1)
    found = {
        name: features_of(lambda block: block.reshape(len(block), -1), 7, each)
        for name, each in made.items()
    }
    assert found["training"] == pytest.approx(images.reshape(7, -1))
    assert found["turned"] == pytest.approx(np.rot90(images, axes=(1, 2)).reshape(7, -1))
    for name in ("view_0", "view_1"):
        own = np.corrcoef(found[name][0], found["training"][0])[0, 1]
        assert 0.5 < own < 0.999
    assert not np.allclose(found["view_0"], found["view_1"])


def test_the_command_line_says_what_it_does():
    command = [sys.executable, "-m", "lensflow.studies.choose_numbers", "--help"]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert "How many features and clusters?" in done.stdout
