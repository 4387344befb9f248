"""The explorer: which objects, where on the map, and a page that is the same again."""

import json
import re
from functools import partial

import numpy as np
import pandas as pd
import pytest

from lensflow.apply.candidates import combine_runs
from lensflow.apply.similar import standardised
from lensflow.report import explorer


def test_a_small_sample_is_shown_whole():
    assert explorer.choose(np.array([3, 1, 2]), seed=1, most=3).tolist() == [0, 1, 2]


def test_a_large_one_by_its_best_and_others_at_random():
    rank = np.random.default_rng(0).permutation(1000) + 1
    rows = explorer.choose(rank, seed=1, most=100)
    assert len(rows) == len(set(rows)) == 100
    assert (np.diff(rows) > 0).all()
    assert set(range(1, 21)) <= set(rank[rows])
    # The others are no better than chance: of 980, 80 are drawn.
    others = np.sort(rank[rows])[20:]
    assert others.min() > 20
    assert 350 < np.median(others) < 650
    assert explorer.choose(rank, seed=2, most=100).tolist() != rows.tolist()


def test_the_map_keeps_groups_apart_and_is_the_same_again():
    draw = np.random.default_rng(1)
    centres = np.repeat(np.eye(3, 6) * 8, 30, axis=0)
    features = standardised(centres + draw.normal(size=centres.shape))
    places = explorer.embed_in_plane(features, seed=1)
    assert places.shape == (90, 2)
    group = np.repeat([0, 1, 2], 30)
    nearest = np.array([np.argsort(np.linalg.norm(places - p, axis=1))[1] for p in places])
    assert (group[nearest] == group).mean() > 0.95
    np.testing.assert_array_equal(places, explorer.embed_in_plane(features, seed=1))


@pytest.mark.parametrize("shape", [(1, 4), (4, 4), (40, 1)])
def test_few_objects_or_features_are_no_mistake(shape):
    places = explorer.embed_in_plane(np.random.default_rng(0).normal(size=shape), seed=1)
    assert places.shape == (shape[0], 2)
    assert np.isfinite(places).all()


def page_of(results, folder, judgement="stand_in", **options):
    (run, *_) = results["runs"]
    explorer.explorer_stage(
        run / "embeddings_train.h5",
        run / "scores_train.csv",
        results["shards"],
        folder / "explorer.html",
        "demo",
        "train",
        judgement,
        "log",
        seed=1,
        **options,
    )
    return (folder / "explorer.html").read_text()


def test_the_page_holds_every_object_and_what_looks_like_it(results, tmp_path):
    text = page_of(results, tmp_path)
    (found,) = re.findall(r'id="neighbours">(.*?)</script>', text)
    neighbours = json.loads(found)
    assert len(neighbours) == 60
    assert all(len(rows) == explorer.N_LOOK_ALIKES for rows in neighbours)
    assert all(row not in rows for row, rows in enumerate(neighbours))
    assert text.count("data:image/webp;base64,") == 60
    assert "All 60 objects" in text
    assert not re.search(r"<(script|link)[^>]*(src|href)=", text)


def test_the_page_says_what_ranks_and_that_candidates_are_ranked_by_all_runs(
    results, tmp_path, monkeypatch
):
    monkeypatch.setattr(explorer, "MAX_OBJECTS", 20)
    monkeypatch.setattr(explorer, "choose", partial(explorer.choose, most=20))
    judged = " ".join(page_of(results, tmp_path).split())
    assert "Of 60 objects 4 of the highest probability and 16 drawn at random" in judged
    assert "probabilities and densities are those of one run, the first" in judged
    assert "The candidates are ranked by the mean over all runs: their order may be" in judged
    unjudged = " ".join(page_of(results, tmp_path, "nobody").split())
    assert "Of 60 objects 4 of the lowest density and 16 drawn at random" in unjudged
    assert "Nobody has judged, so that the order here is that of the density alone" in unjudged
    assert "the mean over all runs, and for some encoders by arcs too: their order" in unjudged


def test_random_identifiers_are_numbered_and_still_agree(results, tmp_path):
    one, other = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "ab")
    texts = explorer.with_fixed_ids(f'find("{one}", "{other}", 12)', f'<div id="{one}">')
    assert texts == ['find("explorer-0", "explorer-1", 12)', '<div id="explorer-0">']
    page = page_of(results, tmp_path)
    assert 'id="explorer-' in page.split('id="neighbours"')[0]
    assert re.search(r"docid.?:.?.explorer-", page)


def test_an_object_may_be_called_as_bokeh_calls_its_parts():
    own, drawn = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "ab")
    (text,) = explorer.with_fixed_ids(f'{{"{drawn}": ["sky-{own}", "{own}"]}}', own=[f"sky-{own}"])
    assert text == f'{{"explorer-0": ["sky-{own}", "{own}"]}}'


def test_grades_colour_the_map_where_there_are_some(results, tmp_path):
    assert "colour_grade" not in page_of(results, tmp_path).split('id="neighbours"')[0]
    table = pd.DataFrame({"id": ["100003", "100004"], "mean_grade": [3.0, 0.0]})
    table.to_csv(tmp_path / "candidates.csv", index=False)
    text = page_of(results, tmp_path, graded=[tmp_path / "candidates.csv"])
    assert '<option value="colour_grade">' in text
    assert text.count(explorer.UNGRADED) == 58


@pytest.mark.parametrize("judgement", ["stand_in", "nobody"])
@pytest.mark.parametrize("has_odds", [True, False])
def test_equal_probabilities_are_ranked_as_candidates_of_one_run_are(
    results, tmp_path, judgement, has_odds
):
    """Verdicts of 0, 0.5 and 1 leave hundreds of objects equal: what is shown is no accident."""
    (run, *_) = results["runs"]
    scores = pd.read_csv(run / "scores_train.csv", dtype={"id": str})
    draw = np.random.default_rng(3)
    scores["p_lens_stand_in"] = scores["p_lens_stand_in"].round()
    scores["log_density"] = draw.integers(3, size=len(scores)).astype(float)
    if has_odds:
        scores["log_odds_stand_in"] = draw.integers(5, size=len(scores)).astype(float)
    path = tmp_path / "scores_train.csv"
    scores.to_csv(path, index=False)
    _, objects = explorer._objects(run / "embeddings_train.h5", path, judgement)
    ranked = objects.sort_values("rank")
    assert ranked["rank"].tolist() == [*range(1, len(objects) + 1)]
    assert ranked["id"].tolist() == combine_runs([path], judgement, len(objects))["id"].tolist()
