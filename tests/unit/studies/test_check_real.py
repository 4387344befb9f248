import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from lensflow.ingest.sky import sky_sigma
from lensflow.studies.check_real import Real, judged, read_real, real_row, smoothed

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
DATA = Path(__file__).parents[4] / "shared/data"


def real(is_lens):
    return Real(np.zeros((len(is_lens), 3, 3)), [str(i) for i in range(len(is_lens))], is_lens)


def test_a_perfect_ranking_has_a_perfect_interval():
    is_lens = np.array([1, 1, 1, 0, 0, 0])
    row = real_row(np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1]), real(is_lens), 50, 0)
    assert (row["auc"], row["auc_low"], row["auc_high"]) == (1, 1, 1)
    assert (row["p_lens_min"], row["p_nonlens_max"]) == (0.7, 0.3)


def test_the_interval_is_about_the_value_and_shrinks_with_objects():
    random = np.random.default_rng(0)
    widths = []
    for n in (20, 2000):
        is_lens = np.arange(n) % 2
        row = real_row(is_lens + random.normal(size=n), real(is_lens), 200, 0)
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        widths.append(row["auc_high"] - row["auc_low"])
    assert widths[0] > 4 * widths[1]


def test_lenses_alone_have_no_auc():
    row = real_row(np.array([0.9, 0.7]), real(np.array([1, 1])), 50, 0)
    assert row == {"n_lens": 2, "n_nonlens": 0, "p_lens_min": 0.7, "p_lens_max": 0.9}


def test_clusters_of_the_simulations_judge_the_others():
    random = np.random.default_rng(0)
    is_lens = np.repeat([0, 1], 100)
    train = random.normal(size=(200, 2)) + 8 * is_lens[:, None]
    given = Namespace(n_clusters=2, n_runs=2)
    found = judged({"train": train, "raw": np.array([[8.0, 8.0], [0.0, 0.0]])}, is_lens, given)
    assert found["raw"] == pytest.approx([1, 0], abs=0.01)


def test_smoothing_keeps_the_flux_and_lowers_the_noise():
    image = np.random.default_rng(0).normal(size=(1, 101, 101))
    assert smoothed(image).std() == pytest.approx(1 / (2 * np.sqrt(np.pi)), rel=0.1)
    point = np.zeros((1, 101, 101))
    point[0, 50, 50] = 1
    assert smoothed(point).sum() == pytest.approx(1)


def test_without_data_the_command_says_so(tmp_path):
    command = [sys.executable, "-m", "lensflow.studies.check_real", "--data", str(tmp_path)]
    command += ["--work", str(tmp_path), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert "nothing to check" in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not (DATA / "challenge1").is_dir(), reason=f"{DATA} holds no real images")
def test_real_images_are_read_in_units_of_their_noise():
    sets = read_real(DATA)
    assert {name: len(each.ids) for name, each in sets.items()} == {
        "raw": 10, "euclid": 5, "denoised": 70,
    }  # fmt: skip
    assert sets["raw"].is_lens.sum() == 5
    assert sets["denoised"].is_lens.sum() == 45
    for image in sets["raw"].images:
        assert sky_sigma(image) == pytest.approx(1, rel=0.01)
    for image in sets["euclid"].images:
        assert sky_sigma(image) == pytest.approx(1, rel=0.1)  # measured in the whole stamp
    assert all(each.images.shape[1:] == (101, 101) for each in sets.values())
