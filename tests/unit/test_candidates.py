import pandas as pd
import pytest
from astropy.table import Table

from lensflow import artifacts
from lensflow.candidates import combine_runs, rank_candidates
from lensflow.errors import LabelError


def scores(path, p_lens, density=(0.0, 1.0, 2.0, 3.0)):
    table = {"id": ["010", "11", "12", "13"], "cluster": [0, 1, 1, 0], "log_density": density}
    pd.DataFrame({**table, "p_lens_known": p_lens}).to_csv(path, index=False)
    return path


def test_runs_are_averaged_and_ties_go_to_typical_objects(tmp_path):
    runs = [
        scores(tmp_path / "a.csv", [0.2, 0.9, 0.5, 0.5]),
        scores(tmp_path / "b.csv", [0.4, 0.7, 0.5, 0.5]),
    ]
    table = combine_runs(runs, "known")
    assert table["id"].tolist() == ["11", "13", "12", "010"]
    assert table["p_lens"].tolist() == pytest.approx([0.8, 0.5, 0.5, 0.3])
    assert table["p_lens_min"].tolist() == pytest.approx([0.7, 0.5, 0.5, 0.2])
    assert table["p_lens_max"].tolist() == pytest.approx([0.9, 0.5, 0.5, 0.4])


def test_a_missing_judgement_is_explained(tmp_path):
    with pytest.raises(LabelError, match=r"'p_lens_person', only \['p_lens_known'\]"):
        combine_runs([scores(tmp_path / "a.csv", [0, 0, 0, 0])], "person")


def test_both_tables_hold_the_catalogue_that_is_known(tmp_path):
    ids = ["010", "11", "12", "13"]
    catalogue = pd.DataFrame({"is_lens": [-1] * 4, "ra": [1.0, 2.0, 3.0, 4.0]})
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", ids)
        artifacts.write_table(writer, "catalogue", catalogue)
    with artifacts.create(tmp_path / "manifest.h5", "manifest") as writer:
        writer.strings("id", ids)
        writer.strings("path", [f"{i}.fits" for i in ids])
    rank_candidates(
        [scores(tmp_path / "a.csv", [0.2, 0.9, 0.5, 0.6])],
        tmp_path / "index.h5",
        tmp_path / "manifest.h5",
        labels="known",
        n_candidates=3,
        csv=tmp_path / "c.csv",
        fits=tmp_path / "c.fits",
    )
    table = pd.read_csv(tmp_path / "c.csv", dtype={"id": str})
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["id"].tolist() == ["11", "13", "12"]
    assert table["ra"].tolist() == [2.0, 4.0, 3.0]
    assert table["path"].tolist() == ["11.fits", "13.fits", "12.fits"]
    assert "is_lens" not in table
    assert Table.read(tmp_path / "c.fits")["id"].tolist() == ["11", "13", "12"]
