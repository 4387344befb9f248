import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from scipy.stats import binom

from lensflow import artifacts
from lensflow.apply import known, matching
from lensflow.apply.candidates import combine_runs
from lensflow.errors import CatalogueError

ARCSEC = 1 / 3600


def write_index(path, ra, dec):
    with artifacts.create(path, "index") as writer:
        writer.strings("id", [f"o{number}" for number in range(len(ra))])
        writer.dataset("ra", np.array(ra, float))
        writer.dataset("dec", np.array(dec, float))
    return path


@pytest.mark.parametrize("suffix", ["csv", "ecsv", "fits", "parquet", "vot"])
def test_known_lenses_in_every_format(tmp_path, suffix):
    table = pd.DataFrame({"Name": ["a", "b"], "RA": [10.0, 359.9], "DEC": [1.0, -2.0]})
    path = tmp_path / f"known.{suffix}"
    if suffix == "csv":
        table.to_csv(path, index=False)
    elif suffix == "parquet":
        table.to_parquet(path)
    else:
        Table.from_pandas(table).write(path, format="votable" if suffix == "vot" else None)
    expected = table.rename(columns=str.lower)
    pd.testing.assert_frame_equal(known.read_known(path), expected, check_dtype=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,x,y\na,1,2\n", "expected ra and dec"),
        ("name,ra,dec\n", "it has no rows"),
        ("name,ra,dec\na,1,2\nb,,3\n", "row 2 has none"),
        ("name,ra,dec\na,1,95\n", "row 1 has none"),
    ],
)
def test_a_table_without_positions_is_refused(tmp_path, text, message):
    (tmp_path / "known.csv").write_text(text)
    with pytest.raises(CatalogueError, match=message):
        known.read_known(tmp_path / "known.csv")


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_the_nearest_object_within_the_radius_is_the_lens(tmp_path, rows):
    """Across RA 0 and near a pole, where differences of coordinates are no distances."""
    ra = [0.0, 359.9999, 100.0, 280.0, np.nan]
    dec = [0.0, 0.0, 89.9999, 89.9999, 10.0]
    index = write_index(tmp_path / "index.h5", ra, dec)
    lenses = pd.DataFrame(
        {
            "name": ["near", "far", "pole"],
            "ra": [359.9999, 50.0, 100.0],
            "dec": [0.3 * ARCSEC, 50.0, 89.9999 + 0.2 * ARCSEC],
        }
    )
    found = known.find_known(index, lenses, 1.0, rows)
    assert found["id"].tolist() == ["o1", "", "o2"]
    assert found["distance_arcsec"].tolist()[::2] == pytest.approx([0.3, 0.2], rel=1e-4)
    assert np.isnan(found["distance_arcsec"][1])


def test_candidates_are_marked(tmp_path, caplog):
    (tmp_path / "known.csv").write_text(f"name,ra,dec\nJ1,10,{0.5 * ARCSEC}\nJ2,20,0\n")
    table = pd.DataFrame({"ra": [10.0, np.nan, 20.0], "dec": [0.0, np.nan, 3 * ARCSEC]})
    marked = known.mark_known(table, tmp_path / "known.csv", 2.0)
    assert marked["known_lens"].tolist() == ["J1", "", ""]
    assert marked["known_lens_arcsec"][0] == pytest.approx(0.5, rel=1e-4)
    assert marked["known_lens_arcsec"].isna().tolist() == [False, True, True]
    assert caplog.messages == []
    blank = known.mark_known(pd.DataFrame({"id": ["a"]}), tmp_path / "known.csv", 2.0)
    assert "none of 1 objects has a position" in caplog.text
    assert blank["known_lens"].tolist() == [""]


def write_scores(path, p_lens, density):
    ids = [f"o{number}" for number in range(len(p_lens))]
    table = {"id": ids, "cluster": 0, "log_density": density, "p_lens_known": p_lens}
    pd.DataFrame(table).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("judgement", "by_arcs"), [("known", False), ("nobody", False), ("nobody", True)]
)
def test_ranks_are_those_of_the_list(tmp_path, monkeypatch, judgement, by_arcs):
    random = np.random.default_rng(3)
    density = random.integers(0, 4, 60).astype(float)
    runs = [write_scores(tmp_path / "a.csv", random.integers(0, 3, 60) / 2, density)]
    arcs = None
    if by_arcs:
        arcs = tmp_path / "arcs.csv"
        ids = [f"o{number}" for number in range(60)]
        pd.DataFrame({"id": ids, "arcs": random.integers(0, 9, 60)}).to_csv(arcs, index=False)
    whole = combine_runs(runs, judgement, 60, arcs)
    wanted = pd.Series(["o3", "o17", "", "o44", "o59"])
    monkeypatch.setattr("lensflow.apply.candidates.ROWS", 7)
    found = matching.ranks(runs, judgement, wanted, arcs).set_index("id")["rank"]
    expected = {name: whole.index[whole["id"] == name][0] + 1 for name in wanted if name}
    assert found.to_dict() == expected


def test_completeness_over_known_lenses(tmp_path):
    index = write_index(tmp_path / "index.h5", np.arange(10.0), np.zeros(10))
    scores = [write_scores(tmp_path / "a.csv", np.linspace(0.95, 0.05, 10), np.zeros(10))]
    (tmp_path / "known.csv").write_text("id,ra,dec\nA,0,0\nB,3,0\nC,8,0\nD,55,0\n")
    paths = tmp_path / "matches.csv", tmp_path / "table.csv"
    matching.match_known_lenses(scores, index, tmp_path / "known.csv", 1.0, "known", 2, *paths)
    matches = pd.read_csv(paths[0], keep_default_na=False)
    assert matches["name"].tolist() == ["A", "B", "C", "D"]
    assert matches["id"].tolist() == ["o0", "o3", "o8", ""]
    assert matches["rank"].tolist() == ["1", "4", "9", ""]
    table = pd.read_csv(paths[1]).set_index("selection")
    assert table["n_known"].tolist() == [3, 3]
    assert table["n_found"].to_dict() == {"p > 0.5": 2, "top 2": 1}
    assert table["completeness"].tolist() == pytest.approx([2 / 3, 1 / 3])
    for row in table.itertuples():
        assert 0 < row.completeness_low < row.completeness < row.completeness_high < 1
        # The ends are the fractions of which what was found is one standard deviation away.
        n, low, high = row.n_known, row.completeness_low, row.completeness_high
        for end in (low, high):
            deviation = abs(row.n_found - n * end) / binom(n, end).std()
            assert deviation == pytest.approx(0.9945, abs=1e-3)


def test_where_nobody_judged_there_is_no_threshold():
    found = pd.DataFrame({"id": ["a", ""], "rank": [3, None]})
    table = known.completeness(found, 5)
    assert table["selection"].tolist() == ["top 5"]
    assert table["n_known"].tolist() == [1]
