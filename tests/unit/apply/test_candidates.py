import pandas as pd
import pytest
from astropy.table import Table

from lensflow import artifacts
from lensflow.apply import candidates
from lensflow.apply.candidates import combine_runs, rank_candidates
from lensflow.errors import ArtifactError, LabelError


def scores(path, p_lens, density=(0.0, 1.0, 2.0, 3.0)):
    table = {"id": ["010", "11", "12", "13"], "cluster": [0, 1, 1, 0], "log_density": density}
    pd.DataFrame({**table, "p_lens_known": p_lens}).to_csv(path, index=False)
    return path


def test_runs_are_averaged_and_ties_go_to_unusual_objects(tmp_path):
    runs = [
        scores(tmp_path / "a.csv", [0.2, 0.9, 0.5, 0.5]),
        scores(tmp_path / "b.csv", [0.4, 0.7, 0.5, 0.5]),
    ]
    table = combine_runs(runs, "known", 4)
    assert table["id"].tolist() == ["11", "12", "13", "010"]
    assert table["p_lens"].tolist() == pytest.approx([0.8, 0.5, 0.5, 0.3])
    assert table["p_lens_min"].tolist() == pytest.approx([0.7, 0.5, 0.5, 0.2])
    assert table["p_lens_max"].tolist() == pytest.approx([0.9, 0.5, 0.5, 0.4])


def test_where_nobody_judged_unusual_objects_come_first_and_have_no_probability(tmp_path):
    runs = [
        scores(tmp_path / "a.csv", [0.2, 0.9, 0.5, 0.5], [0.0, -4.0, 2.0, 3.0]),
        scores(tmp_path / "b.csv", [0.4, 0.7, 0.5, 0.5], [-2.0, 6.0, 0.0, -7.0]),
    ]
    table = combine_runs(runs, "nobody", 3)
    assert table["id"].tolist() == ["13", "010", "11"]
    assert table["log_density"].tolist() == [-2.0, -1.0, 1.0]
    assert list(table) == ["id", "judgement", "cluster", "log_density"]
    assert (table["judgement"] == "nobody").all()


def test_of_equal_probability_log_odds_decide_then_density_then_the_identifier(tmp_path):
    runs = []
    for name, odds in (("a.csv", [40.0, 90.0, 40.0, 40.0]), ("b.csv", [40.0, 30.0, 40.0, 40.0])):
        runs.append(scores(tmp_path / name, [1.0] * 4, [1.0, 9.0, 1.0, -2.0]))
        table = pd.read_csv(runs[-1], dtype={"id": str})
        table.assign(log_odds_known=odds).to_csv(runs[-1], index=False)
    table = combine_runs(runs, "known", 4)
    assert table["id"].tolist() == ["11", "13", "010", "12"]
    assert table["log_odds"].tolist() == [60.0, 40.0, 40.0, 40.0]
    assert list(table)[-3:] == ["cluster", "log_odds", "log_density"]


def with_interval(path, low, high):
    table = pd.read_csv(path, dtype={"id": str})
    table.assign(p_low_known=low, p_high_known=high).to_csv(path, index=False)


def test_the_ends_of_the_interval_are_means_of_those_of_the_runs(tmp_path):
    runs = [scores(tmp_path / name, [0.2, 0.9, 0.5, 0.4]) for name in ("a.csv", "b.csv")]
    with_interval(runs[0], [0.1, 0.8, 0.3, 0.3], [0.4, 0.95, 0.6, 0.5])
    # A run whose clusters were judged without an error says nothing of one.
    assert "p_low" not in combine_runs(runs, "known", 2)
    with_interval(runs[1], [0.1, 0.6, 0.5, 0.3], [0.4, 0.97, 0.8, 0.5])
    table = combine_runs(runs, "known", 2)
    assert list(table)[1:6] == ["p_lens", "p_lens_min", "p_lens_max", "p_low", "p_high"]
    assert table["p_low"].tolist() == pytest.approx([0.7, 0.4])
    assert table["p_high"].tolist() == pytest.approx([0.96, 0.7])


def arcs(path, values):
    pd.DataFrame({"id": ["010", "11", "12", "13"], "arcs": values}).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("rows", [1, 3, 4])
def test_where_nobody_judged_the_ranks_of_density_and_arcs_are_added(tmp_path, monkeypatch, rows):
    """Of four objects: ranks by density 3 2 1 0, by arcs 1 3 0 2, and so in all 4 5 1 2."""
    monkeypatch.setattr(candidates, "ROWS", rows)
    runs = [scores(tmp_path / "a.csv", [0.1] * 4)]
    table = combine_runs(runs, "nobody", 4, arcs(tmp_path / "arcs.csv", [10.0, 40.0, 1.0, 20.0]))
    assert table["id"].tolist() == ["11", "010", "13", "12"]
    assert table["arcs"].tolist() == [40.0, 10.0, 20.0, 1.0]
    assert list(table) == ["id", "judgement", "cluster", "log_density", "arcs"]


def test_arcs_do_not_rank_what_somebody_judged(tmp_path):
    runs = [scores(tmp_path / "a.csv", [0.2, 0.9, 0.5, 0.4])]
    table = combine_runs(runs, "known", 4, arcs(tmp_path / "arcs.csv", [9.0, 1.0, 1.0, 1.0]))
    pd.testing.assert_frame_equal(table, combine_runs(runs, "known", 4))


def test_arcs_of_other_objects_are_refused(tmp_path):
    other = arcs(tmp_path / "arcs.csv", [1.0, 2.0, 3.0, 4.0])
    other.write_text(other.read_text().replace("010,", "10,"))
    with pytest.raises(ArtifactError, match=r"arcs.csv do not score the same objects"):
        combine_runs([scores(tmp_path / "a.csv", [0.1] * 4)], "nobody", 4, other)


@pytest.mark.parametrize("rows", [1, 3, 4])
def test_blocks_of_rows_change_nothing(tmp_path, monkeypatch, rows):
    runs = [scores(tmp_path / f"{i}.csv", [0.5, 0.5, 0.1 * i, 0.5]) for i in range(3)]
    whole = combine_runs(runs, "known", 4)
    monkeypatch.setattr(candidates, "ROWS", rows)
    pd.testing.assert_frame_equal(combine_runs(runs, "known", 4), whole)
    pd.testing.assert_frame_equal(combine_runs(runs, "known", 2), whole.head(2))


def test_runs_of_other_objects_are_refused(tmp_path):
    runs = [scores(tmp_path / name, [0.1, 0.2, 0.3, 0.4]) for name in ("a.csv", "b.csv")]
    runs[1].write_text(runs[1].read_text().replace("010,", "10,"))
    with pytest.raises(ArtifactError, match="the same objects"):
        combine_runs(runs, "known", 4)
    runs[1].write_text("".join(runs[0].read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ArtifactError, match="the same objects"):
        combine_runs(runs, "known", 4)


def test_a_missing_judgement_is_explained(tmp_path):
    with pytest.raises(LabelError, match=r"'p_lens_person'; it has the judgements \['known'\]"):
        combine_runs([scores(tmp_path / "a.csv", [0, 0, 0, 0])], "person", 4)


def ranked(folder, ids=("010", "11", "12", "13"), path="{}.fits", **grades):
    """Rank the objects of `scores` in a dataset that lists some of them."""
    catalogue = pd.DataFrame({"is_lens": [-1] * 4, "ra": [1.0, 2.0, 3.0, 4.0]})
    with artifacts.create(folder / "index.h5", "index") as writer:
        writer.strings("id", ids)
        artifacts.write_table(writer, "catalogue", catalogue.head(len(ids)))
    with artifacts.create(folder / "manifest.h5", "manifest") as writer:
        writer.strings("id", ids)
        writer.strings("path", [path.format(i) for i in ids])
    rank_candidates(
        [scores(folder / "a.csv", [0.2, 0.9, 0.5, 0.6])],
        folder / "index.h5",
        folder / "manifest.h5",
        judgement="known",
        n_candidates=3,
        csv=folder / "c.csv",
        fits=folder / "c.fits",
        dataset="sky",
        **grades,
    )


def test_a_name_that_is_not_ascii_is_escaped_in_fits_alone(tmp_path):
    ranked(tmp_path, path="données/{}.fits")
    assert pd.read_csv(tmp_path / "c.csv")["path"][0] == "données/11.fits"
    assert Table.read(tmp_path / "c.fits")["path"][0] == "donn%C3%A9es/11.fits"


def test_an_object_that_the_dataset_does_not_list_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"does not list 1 of the objects.*'13'"):
        ranked(tmp_path, ids=("010", "11", "12"))


def test_both_tables_hold_the_catalogue_that_is_known(tmp_path):
    ranked(tmp_path)
    table = pd.read_csv(tmp_path / "c.csv", dtype={"id": str})
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["id"].tolist() == ["11", "13", "12"]
    assert table["ra"].tolist() == [2.0, 4.0, 3.0]
    assert table["path"].tolist() == ["11.fits", "13.fits", "12.fits"]
    assert "is_lens" not in table
    assert list(table.columns[3:7]) == ["p_lens_min", "p_lens_max", "judgement", "cluster"]
    assert table["judgement"].tolist() == ["known"] * 3
    stored = Table.read(tmp_path / "c.fits")
    assert stored["id"].tolist() == ["11", "13", "12"]
    assert stored["judgement"].tolist() == ["known"] * 3
    assert stored.meta["JUDGEDBY"] == "known"
    assert "known fraction" in "".join(stored.meta["comments"])


def test_grades_of_people_stand_beside_the_candidates(tmp_path):
    for who, rows in {"ann": ["11,A", "12,X", "hidden,A"], "bob": ["11,B"]}.items():
        lines = [f"{row},sky,{who}" for row in rows]
        (tmp_path / f"{who}.csv").write_text("\n".join(["id,grade,dataset,who", *lines]))
    (tmp_path / "answers.csv").write_text("id,is_lens\nhidden,1\n")
    grades = [tmp_path / "ann.csv", tmp_path / "bob.csv"]
    ranked(tmp_path, grades=grades, answers=tmp_path / "answers.csv")
    stored = Table.read(tmp_path / "c.fits")
    stored.convert_bytestring_to_unicode()
    for table in (pd.read_csv(tmp_path / "c.csv", dtype={"id": str}), stored.to_pandas()):
        table = table.set_index("id")
        assert table["mean_grade"]["11"] == 2.5
        assert table["mean_grade"].isna().tolist() == [False, True, False]
        assert table["n_graders"].tolist() == [2, 0, 1]
        assert table["scatter"].dropna().tolist() == [0.5, 0]


def test_grades_of_objects_that_the_dataset_lacks_are_refused(tmp_path):
    (tmp_path / "g.csv").write_text("id,grade,dataset,who\n11,A,sky,ann\nother,A,sky,bob\n")
    with pytest.raises(
        LabelError, match=r"g\.csv, line 3: the object 'other', graded by bob, is not in .* 'sky'"
    ):
        ranked(tmp_path, grades=[tmp_path / "g.csv"])
