"""Merits in parts of a sample, with known answers."""

import numpy as np
import pytest

from lensflow.errors import ConfigError
from lensflow.evaluate.metrics import all_metrics
from lensflow.studies.merits_in_parts import MERITS, merits_of_parts, score_paths


def test_a_part_that_is_the_whole_has_its_merits():
    random = np.random.default_rng(3)
    is_lens = random.integers(2, size=400)
    score = is_lens + random.normal(size=400)
    whole = all_metrics(is_lens, score)
    found = merits_of_parts(is_lens, score, 400, 3, 1)
    assert found == pytest.approx({name: float(whole[name]) for name in MERITS})


def test_ten_false_positives_are_a_larger_share_of_fewer_objects():
    """Every tenth of the order is a false positive: the tenth of them comes after 90 lenses."""
    n = 4000
    is_lens = (np.arange(n) % 10 != 9).astype(int)
    score = -np.arange(n, dtype=float)
    found = {size: merits_of_parts(is_lens, score, size, 200, 1)["tpr10"] for size in (4000, 1000)}
    assert found[4000] == pytest.approx(90 / 3600)
    assert found[1000] == pytest.approx(90 / 900, rel=0.1)


def test_a_part_is_no_larger_than_the_sample():
    with pytest.raises(ConfigError, match="--n is 5, and a sample has 4 objects"):
        merits_of_parts(np.array([0, 1, 0, 1]), np.arange(4.0), 5, 1, 1)


def test_the_runs_of_one_model_are_asked(tmp_path):
    with pytest.raises(ConfigError, match=r"by the models \[\]; expected one model"):
        score_paths(tmp_path, "fresh")
    folder = tmp_path / "log/features_8"
    for run in ("run_1", "run_0"):
        (folder / run).mkdir(parents=True)
        (folder / run / "scores_fresh.csv").touch()
    found = [path.parent.name for path in score_paths(tmp_path, "fresh")]
    assert found == ["run_0", "run_1"]
    folder.rename(tmp_path / "log/features_4")
    (folder / "run_0").mkdir(parents=True)
    (folder / "run_0/scores_fresh.csv").touch()
    with pytest.raises(ConfigError, match="'log/features_4', 'log/features_8'"):
        score_paths(tmp_path, "fresh")
