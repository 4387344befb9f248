import numpy as np
import pandas as pd
import pytest

from lensflow.evaluate import missed
from lensflow.evaluate.columns import MISSED_COLUMNS
from lensflow.evaluate.intervals import wilson
from lensflow.evaluate.ranked import RankedSample, Score

RADIUS = "einstein_radius_arcsec"


def ranked(is_lens, p_lens, radius, snr, runs=("all", "0")):
    p_lens = np.asarray(p_lens, float)
    scores = [Score("known", run, 2, p_lens, 0.5) for run in runs]
    scores.append(Score("density", "all", 2, p_lens, np.nan))
    measures = pd.DataFrame({RADIUS: radius, "snr": snr}, dtype=float)
    ids = np.arange(len(is_lens)).astype(str)
    return RankedSample("test", ids, np.asarray(is_lens), scores, measures)


def test_lenses_are_counted_in_their_bins():
    one = ranked([1, 1, 1, 0], [0.9, 0.5, 0.6, 0.99], [0.5, 0.7, 9, 0.6], [0, 49, 50, np.nan])
    rows = pd.DataFrame(missed.missed_rows(one))
    assert set(MISSED_COLUMNS) <= set(rows.columns)
    above = rows[rows["selection"] == "p > 0.5"]
    radius = above[above["by"] == RADIUS].set_index("low")
    assert radius["n_lens"].to_dict() == {0: 0, 0.5: 2, 1: 0, 1.5: 0, 2: 0, 3: 1}
    # Strictly above one half, as everywhere.
    assert radius.loc[0.5, ["n_found", "completeness"]].tolist() == [1, 0.5]
    assert radius.loc[3, ["n_found", "completeness"]].tolist() == [1, 1]
    assert radius.loc[0.5, "completeness_low"] == pytest.approx(float(wilson(1, 2)[0]))
    assert radius["high"].tolist() == [0.5, 1, 1.5, 2, 3, np.inf]
    snr = above[above["by"] == "snr"].set_index("low")
    assert snr["n_lens"].to_dict() == {0: 1, 1: 0, 20: 1, 50: 1, 100: 0}


def test_an_empty_bin_has_counts_and_no_completeness():
    rows = pd.DataFrame(missed.completeness_rows(np.array([0.1]), np.array([1.0]), RADIUS))
    empty = rows[rows["n_lens"] == 0]
    assert len(empty) == 5
    assert (empty["n_found"] == 0).all()
    assert empty.filter(like="completeness").isna().all(axis=None)
    assert rows[rows["n_lens"] > 0].notna().all(axis=None)


def test_lenses_of_unknown_radius_have_a_row_of_their_own():
    rows = list(missed.completeness_rows(np.array([np.nan, 1]), np.array([1.0, 0.0]), RADIUS))
    assert np.isnan([rows[-1]["low"], rows[-1]["high"]]).all()
    assert (rows[-1]["n_lens"], rows[-1]["n_found"]) == (1, 1)
    assert sum(row["n_lens"] for row in rows) == 2


def test_the_rows_are_of_the_score_that_ranks_candidates():
    rows = pd.DataFrame(missed.missed_rows(ranked([1, 0], [0.9, 0.1], [1, 1], [30, 30])))
    assert rows.groupby(["labels", "selection"]).size().to_dict() == {
        ("density", missed.BEST): 11,
        ("known", missed.BEST): 11,
        ("known", "p > 0.5"): 11,
    }


def test_the_best_of_a_survey_are_all_lenses_where_they_come_first():
    one = ranked([1] * 4 + [0] * 4, np.arange(8)[::-1] / 8, [1] * 8, [30] * 8)
    rows = pd.DataFrame(missed.missed_rows(one))
    full = rows[(rows["selection"] == missed.BEST) & (rows["n_lens"] > 0)]
    assert full["completeness"].tolist() == pytest.approx([1] * 4)


def test_without_a_non_lens_the_best_are_undefined_and_the_rest_is_there():
    rows = pd.DataFrame(missed.missed_rows(ranked([1, 1], [0.9, 0.1], [1, 1], [30, 30])))
    best = rows[rows["selection"] == missed.BEST]
    assert best["completeness"].isna().all()
    above = rows[(rows["selection"] == "p > 0.5") & (rows["n_lens"] > 0)]
    assert above["completeness"].tolist() == [0.5, 0.5]
