"""Merits in parts of a sample, with known answers."""

from argparse import Namespace

import numpy as np
import pytest

from lensflow.errors import ConfigError
from lensflow.evaluate.metrics import all_metrics
from lensflow.studies.merits_in_parts import MERITS, measure, merits_of_parts, score_paths


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


HEADER = "id,is_lens,p_lens_known,log_odds_known,log_density"


def scored(folder, sample, rows):
    """Write the scores of a sample by one run; return what is asked of it."""
    path = folder / f"results/one/log/features_8/run_0/scores_{sample}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return Namespace(root=folder, labels="known", n=2, n_parts=2, seed=1)


def test_objects_of_unknown_class_have_no_merits(tmp_path):
    rows = ["a,0,0.3,-1.0,5", "b,1,0.9,2.0,5"]
    given = scored(tmp_path, "fresh", rows)
    assert measure(["one"], ["fresh"], given)["auc"].tolist() == [1.0]
    scored(tmp_path, "fresh", [*rows, "c,-1,0.6,0.5,5"])
    with pytest.raises(ConfigError, match=r"scores_fresh.csv: 1 of 3 objects are of unknown class"):
        measure(["one"], ["fresh"], given)


def test_the_turned_images_of_an_object_count_once(tmp_path):
    turned = [f"a,0,0.5,{turn}.0,5" for turn in range(4)]
    given = scored(tmp_path, "test", [*turned, "b,1,0.8,2.0,5", "c,0,0.9,3.0,5"])
    given.n = 3
    (found,) = measure(["one"], ["test"], given).to_dict("records")
    assert found["auc"] == 0.5
    given.n = 4
    with pytest.raises(ConfigError, match="--n is 4, and a sample has 3 objects"):
        measure(["one"], ["test"], given)


def test_objects_come_in_the_order_of_candidates(tmp_path):
    """By p first: a mean of limited logits, whose log-odds without a limit may say otherwise."""
    rows = ["a,1,0.97,8.0,5", "b,0,0.96,20.0,5", "c,1,0.5,0.3,5", "d,0,0.5,0.2,5", "e,0,0.5,0.2,6"]
    given = scored(tmp_path, "test", rows)
    given.n = 5
    (found,) = measure(["one"], ["test"], given).to_dict("records")
    assert found["tpr0"] == 0.5
    assert found["auc"] == pytest.approx(5 / 6)


def test_a_part_has_both_classes():
    is_lens = np.array([0, 0, 0, 0, 1])
    with pytest.raises(ConfigError, match="a part of 2 objects has 0 lenses; expected both"):
        merits_of_parts(is_lens, np.arange(5.0), 2, 50, 1)


@pytest.mark.parametrize(("n_objects", "n_parts"), [(0, 1), (1, 0), (-1, 1)])
def test_there_is_a_part_and_something_in_it(n_objects, n_parts):
    with pytest.raises(ConfigError, match=f"--n is {n_objects}, --n-parts {n_parts}; expected at"):
        merits_of_parts(np.array([0, 1]), np.arange(2.0), n_objects, n_parts, 1)


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
