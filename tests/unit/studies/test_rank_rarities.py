import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lensflow.errors import ConfigError
from lensflow.studies.rank_impostors import FIELD
from lensflow.studies.rank_rarities import draw, rarity_rows, samples, scores

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def test_each_kind_has_the_percentiles_of_its_lenses():
    kinds = np.array([FIELD] * 191 + ["group"] * 10)
    is_lens = np.concatenate([np.arange(191) == 0, np.ones(10, bool)])
    rows = {row["rarity"]: row for row in rarity_rows({"p_lens": np.arange(201)}, kinds, is_lens)}
    assert rows[FIELD]["n"] == 1
    assert rows[FIELD]["median_percentile"] == 0
    assert rows["group"]["median_percentile"] == pytest.approx(97.75)
    assert rows["group"]["n_in_best"] == 3  # 100, 99.5 and 99 %


@pytest.mark.parametrize(("n_rare", "n_field"), [(0, 10000), (-1, 10000), (10, 40)])
def test_some_of_each_kind_are_planted_among_others(n_rare, n_field):
    with pytest.raises(ConfigError, match=rf"--n-rare is {n_rare}, .* is {n_field}; expected at"):
        samples(Namespace(n_rare=n_rare, n_field=n_field, n_train=10))
    drawn = samples(Namespace(n_rare=10, n_field=41, n_train=10))
    assert (drawn["rare"].n_objects, drawn["field"].n_objects) == (40, 1)


def test_objects_are_ranked_by_clusters_density_and_arcs():
    """Lenses stand apart, and one planted object is far from all."""
    random = np.random.default_rng(0)
    is_lens = np.repeat([0, 1], 100)
    train = random.normal(size=(200, 2)) + 8 * is_lens[:, None]
    rare = np.array([[8.0, 8.0], [-60.0, 60.0]])
    features = {"train": train, "field": train[::2], "rare": rare}
    arcs = np.arange(102.0)
    given = Namespace(n_clusters=2, n_runs=2)
    found = scores(features, is_lens, arcs, given)
    assert found["p_lens"][-2] > 0.99
    assert found["unlikely"].argmax() == 101
    assert found["arcs"] is arcs
    assert found["unlikely and arcs"].argmax() == 101
    assert (found["p_lens"][:50] < 0.01).all()


def test_the_figure_is_drawn(tmp_path):
    kinds, is_lens = np.array([FIELD, "group", "double_ring"] * 20), np.ones(60, bool)
    found = {"p_lens": np.arange(60.0), "unlikely": -np.arange(60.0)}
    rows = [pd.DataFrame(rarity_rows(found, kinds, is_lens)).assign(encoder=e) for e in ("a", "b")]
    draw(pd.concat(rows), tmp_path / "rarities.png")
    assert (tmp_path / "rarities.png").stat().st_size > 10_000


def test_the_command_line_says_what_it_does():
    command = [sys.executable, "-m", "lensflow.studies.rank_rarities", "--help"]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert "Where rare lenses rank" in done.stdout
