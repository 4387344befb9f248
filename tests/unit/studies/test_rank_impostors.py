import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lensflow.simulate.impostors import IMPOSTORS
from lensflow.simulate.rarities import RARITIES
from lensflow.studies.rank_impostors import (
    FIELD,
    Objects,
    Scores,
    best_non_lenses,
    impostor_rows,
    percentiles,
    rarity_rows,
)

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def objects(is_lens, kinds):
    return Objects(np.zeros((len(kinds), 3, 3)), pd.DataFrame({"is_lens": is_lens}), kinds)


def test_percentiles_count_what_an_object_outranks():
    assert list(percentiles(np.array([3.0, 1.0, 2.0]))) == [100, 0, 50]
    assert list(percentiles(np.array([1.0, 1.0, 2.0]))) == [25, 25, 100]


def test_best_non_lenses_come_in_order():
    found = best_non_lenses(np.array([0, 1, 0, 0]), np.array([0.2, 0.9, 0.1, 0.8]), 2)
    assert list(found) == [3, 0]


def test_a_kind_that_fools_the_finder_shows():
    is_lens = np.array([1, 1, 0, 0, 0, 0])
    kinds = np.array(["", "star", "star", "star", "", ""])
    p_lens = np.array([[0.6, 0.5, 0.9, 0.8, 0.2, 0.1]])
    rows = impostor_rows("polar", objects(is_lens, kinds), Scores(p_lens, p_lens), 2)
    found = {row["impostor"]: row for row in rows}
    assert found["star"]["share_of_non_lenses"] == 0.5
    assert found["star"]["share_of_best"] == 1
    assert found["star"]["auc_non_lenses"] == 0
    assert found["none"]["auc_non_lenses"] == pytest.approx(1)
    assert found["star"]["auc_lenses"] == pytest.approx(0.5)


def test_a_kind_that_is_found_first_has_the_highest_percentile():
    kinds = np.array([FIELD] * 99 + ["group"])
    is_lens = np.array([1] + [0] * 98 + [1])
    first = np.arange(100.0)[None]
    rows = list(rarity_rows("polar", objects(is_lens, kinds), Scores(first, -first)))
    found = {(row["score"], row["rarity"]): row for row in rows}
    assert found["p_lens", "group"]["median_percentile"] == 100
    assert found["p_lens", "group"]["in_best_percent"] == 1
    assert found["unlikely", "group"]["median_percentile"] == 0
    assert found["unlikely", FIELD]["median_percentile"] == 100


def test_a_small_run_writes_its_tables_and_pictures(tmp_path):
    sizes = {"train": 80, "hard": 24, "field": 24, "rare": 2, "best": 5, "clusters": 4, "runs": 1}
    options = [text for name, n in sizes.items() for text in (f"--n-{name}", str(n))]
    command = [sys.executable, "-m", "lensflow.studies.rank_impostors", *options]
    subprocess.run(
        [*command, "--work", tmp_path / "work", "--output", tmp_path], cwd=SCRIPTS, check=True
    )
    auc, impostors, rarities = (
        pd.read_csv(tmp_path / f"{name}.csv") for name in ("auc", "impostors", "rarities")
    )
    assert set(auc["sample"]) == {"challenge", "hard", "planted"}
    assert set(impostors["impostor"]) <= {"none", *IMPOSTORS}
    assert set(rarities["rarity"]) == {FIELD, *RARITIES}
    planted = rarities[rarities["rarity"] != FIELD]
    assert (planted["n"] == 2).all()
    assert rarities["median_percentile"].between(0, 100).all()
    for encoder in auc["encoder"].unique():
        for sample in ("challenge", "hard"):
            assert (tmp_path / f"best_{encoder}_{sample}.png").stat().st_size > 1000
