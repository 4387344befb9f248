import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table
from astropy.utils.exceptions import AstropyWarning

from lensflow.errors import CatalogueError
from lensflow.ingest.catalogue import (
    CHALLENGE_COLUMNS,
    id_cleaner,
    left_out,
    read_catalogue,
    unknown,
)

REAL = Path(__file__).parents[4] / "shared/data/challenge1/SpaceBasedTraining/classifications.csv"
NAMES = "ID,is_lens,Einstein_area,numb_pix_lensed_image,flux_lensed_image_in_sigma"
ROWS = "100000,1,8.63376e-10,171,195.429\n100004,0,2.19735e-11,0,0\n"
QUOTED = ",".join(f'"{name}"' for name in NAMES.split(","))


def write(tmp_path, text, name="classifications.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(tmp_path, text, **kwargs):
    return read_catalogue(write(tmp_path, text), **kwargs)


@pytest.mark.parametrize(
    "text",
    [
        f"{NAMES}\n{ROWS}",
        f"{QUOTED}\n{ROWS}",
        f"# {NAMES}\n{ROWS}",
        f"#{QUOTED}\n{ROWS}",
        f"# made by hand\n#\n{NAMES}\n# in between\n{ROWS}# the end\n",
        f"# made by hand\n#{NAMES}\n# units: sr\n{ROWS}",
        ROWS,
        f"# no header, really\n{ROWS}",
        f"{NAMES.replace('lensed_image', 'lensimage')}\n{ROWS}",
        f"{NAMES.lower()}\n{ROWS}",
        f"\ufeff{NAMES}\n{ROWS}",
        f"{NAMES}\n{ROWS}".replace("\n", "\r\n"),
        f"{NAMES}\n{ROWS}".replace(",", ", "),
        f"{NAMES}\n{ROWS}".replace(",", "  "),
        f"{NAMES}\n{ROWS}".replace("100000", "100000.0").replace("100004", "100004.0"),
        f"{NAMES}\n{ROWS}".replace("100000", "1.00000e+05").replace("100004", "1.00004e+05"),
        f"{NAMES}\n{ROWS}\n\n",
        f"{NAMES}\n{ROWS}".replace("100000,1,", "100000,True,").replace("04,0,", "04,False,"),
    ],
)
def test_every_spelling_gives_the_same_table(tmp_path, text):
    table = read(tmp_path, text)
    assert table["id"].tolist() == ["100000", "100004"]
    assert table["is_lens"].tolist() == [1, 0]
    assert table["is_lens"].dtype == np.int8
    assert table["einstein_area_sr"].tolist() == [8.63376e-10, 2.19735e-11]
    assert table["einstein_radius_arcsec"].tolist() == pytest.approx([3.4194, 0.54550], rel=1e-4)
    assert table["numb_pix_lensed_image"].tolist() == [171, 0]
    assert table["flux_lensed_image_in_sigma"].tolist() == [195.429, 0]


def test_an_id_is_enough_and_the_rest_is_carried_along(tmp_path):
    table = read(tmp_path, "id,ra,name\n007,10.5,one\nNA,,\n", required=("id",))
    assert table["id"].tolist() == ["007", "NA"]
    assert table["is_lens"].tolist() == [-1, -1]
    assert table["einstein_area_sr"].isna().all()
    assert table["ra"].dtype == np.float64
    assert table["ra"].isna().tolist() == [False, True]
    assert table["name"].tolist() == ["one", ""]


def test_unknown_values_stay_unknown(tmp_path):
    table = read(tmp_path, f"{NAMES}\na,,,,\nb,1,1e-10,3,4\n")
    assert table["is_lens"].tolist() == [-1, 1]
    assert np.isnan(table["flux_lensed_image_in_sigma"][0])


@pytest.mark.parametrize("suffix", [".fits", ".ecsv"])
def test_tables_of_astropy(tmp_path, suffix):
    ids = np.array([2684354559999999999, 12])
    pixels = MaskedColumn([5, 6], mask=[True, False])
    table = Table({"ID": ids, "is_lens": [1, 0], "numb_pix_lensimage": pixels, "note": ["a", "b"]})
    table.write(tmp_path / f"c{suffix}")
    read = read_catalogue(tmp_path / f"c{suffix}", required=("id",))
    assert read["id"].tolist() == ["2684354559999999999", "12"]
    assert read["is_lens"].tolist() == [1, 0]
    assert read["numb_pix_lensed_image"].isna().tolist() == [True, False]
    assert read["note"].tolist() == ["a", "b"]


def test_blocks_of_rows_join(tmp_path, monkeypatch):
    monkeypatch.setattr("lensflow.ingest.catalogue_files.CHUNK_ROWS", 7)
    rows = "".join(f"{i},{i % 2},1e-10,{i},{i}.5\n" for i in range(50))
    assert read(tmp_path, f"{NAMES}\n{rows}")["numb_pix_lensed_image"].tolist() == list(range(50))


def test_objects_of_which_nothing_is_known():
    table = unknown(["a", "b"])
    assert table["is_lens"].tolist() == [-1, -1]
    assert set(CHALLENGE_COLUMNS) < set(table.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows"),
        ("# only a comment\n", "has no rows"),
        (f"{NAMES}\n", "has no rows"),
        ("ID,is_lens\n1,0\n", r"lacks the column\(s\) \['einstein_area_sr', 'numb_pix_lensed_im"),
        (
            f"{NAMES.replace('flux_', 'fluks_')}\n{ROWS}",
            "Close to flux_lensed_image_in_sigma: fluk",
        ),
        (f"{NAMES}\n{ROWS}{ROWS}", r"repeats 2 id\(s\), the first being \['100000', '100004'\]"),
        (f"{NAMES}\n1,2,3e-10,4,5\n", "is_lens is '2' for id 1; expected 0 or 1"),
        (f"{NAMES}\n1,1,much,4,5\n", "einstein_area_sr is 'much' for id 1; expected a finite"),
        (f"{NAMES}\n1,1,inf,4,5\n", "einstein_area_sr is 'inf' for id 1"),
        (f"{NAMES}\n1,1,-1e-10,4,5\n", "einstein_area is negative for id 1"),
        (f"{NAMES}\n,1,1e-10,4,5\n", r"row\(s\) without an id: number \[1\]"),
        (f"{NAMES}\n1,1,1e-10,4,5\n2,1,1e-10,4,5,6,7\n", "line 3.*must have the 5 columns"),
        ("object,ra\n7,3.5\n", "no column called id: its first line is 'object,ra'"),
        ("idx,ra\n7,3.5\n", "Close to id: idx"),
        (b"\x89HDF\xff\xfe\x00", "is not a text file"),
    ],
)
def test_errors_say_what_was_wrong_and_where(tmp_path, text, message):
    with pytest.raises(CatalogueError, match=message) as caught:
        read(tmp_path, text)
    assert "classifications.csv" in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(CatalogueError, match="cannot be read: No such file"):
        read_catalogue(tmp_path / "no.csv")


@pytest.mark.parametrize("name", ["c.fits", "c.ecsv"])
def test_a_damaged_table(tmp_path, name):
    with pytest.raises(CatalogueError, match="cannot be read as a table"):
        read_catalogue(write(tmp_path, "nonsense", name))


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.exists(), reason="the challenge's catalogue is not at hand")
def test_the_real_catalogue():
    table = read_catalogue(REAL)
    assert len(table) == 20_000
    assert table["is_lens"].sum() == 13_968
    assert table["einstein_radius_arcsec"].min() == pytest.approx(0.151, abs=0.001)
    visible = table["numb_pix_lensed_image"] > 0
    assert ((table["is_lens"] == 1) & ~visible).sum() == 357
    pd.testing.assert_series_equal(
        table["id"], pd.Series([str(i) for i in range(100_000, 120_000)], name="id")
    )


# --- what was once read wrongly in silence --------------------------------------------------------


def test_an_empty_cell_between_tabs_keeps_its_place(tmp_path):
    names = NAMES.replace(",", "\t")
    table = read(tmp_path, f"{names}\na\t\t1e-10\t3\t4\nb\t0\t\t\t\n")
    assert table["is_lens"].tolist() == [-1, 0]
    assert table["einstein_area_sr"].isna().tolist() == [False, True]
    assert table["numb_pix_lensed_image"][0] == 3


@pytest.mark.parametrize("separator", [",", "\t", ";", "  "])
def test_a_row_with_too_few_cells_is_named_by_its_line(tmp_path, separator):
    text = "id,ra,dec\na,1,2\nb,3\n".replace(",", separator)
    with pytest.raises(CatalogueError, match=r"line 3: the row has 2 cells.*must have the 3 col"):
        read(tmp_path, text, required=("id",))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_keeps_the_first_row(tmp_path, end):
    assert len(read(tmp_path, f"{NAMES}\n{ROWS}".replace("\n", end))) == 2


def test_a_quoted_id_may_begin_with_the_sign_of_comments(tmp_path):
    table = read(tmp_path, 'id,n\n"#5",1\n#6,2\n"7\n# not a comment",3\n', required=("id",))
    assert table["id"].tolist() == ["#5", "7\n# not a comment"]


def test_a_quotation_without_an_end_swallows_nothing(tmp_path):
    with pytest.raises(CatalogueError, match="every quotation an end"):
        read(tmp_path, 'id,note\na,"one\nb,two\nc,three\n', required=("id",))


@pytest.mark.parametrize(
    ("ids", "received"),
    [
        (np.array([1.5, 2.0]), "1.5"),
        (np.array([np.inf, 2.0]), "inf"),
        (np.array([2.0**53, 2.0]), "9007199254740992"),
        (np.array([2.0**24, 2.0], "f4"), "16777216"),
    ],
)
@pytest.mark.parametrize("name", ["c.fits", "c.vot"])
def test_ids_that_floats_do_not_hold_are_refused(tmp_path, ids, received, name):
    form = {"format": "votable"} if name.endswith("vot") else {}
    Table({"id": ids}).write(tmp_path / name, **form)
    with pytest.raises(CatalogueError, match=f"id is .*{received}.*integers or as text"):
        read_catalogue(tmp_path / name, required=("id",))


def test_long_numbers_keep_every_digit(tmp_path):
    Table({"id": np.array([1.0, 2.0])}).write(tmp_path / "c.fits")
    assert read_catalogue(tmp_path / "c.fits", required=("id",))["id"].tolist() == ["1", "2"]
    text = "id,other,tile,far\n2684354559999999999.0,2684354559999999999,007,1e400\n"
    table = read(tmp_path, text, required=("id",))
    assert table["id"].tolist() == ["2684354559999999999"]
    assert table["other"].tolist() == [2684354559999999999]
    assert table["tile"].tolist() == ["007"]
    assert table["far"].tolist() == ["1e400"]


def test_masked_integers_of_a_table_keep_every_digit(tmp_path):
    long = MaskedColumn([2684354559999999999, 1], mask=[False, True])
    Table({"id": ["a", "b"], "object": long}).write(tmp_path / "c.ecsv")
    table = read_catalogue(tmp_path / "c.ecsv", required=("id",))
    assert table["object"].tolist() == ["2684354559999999999", ""]


def test_two_columns_that_mean_the_same_are_refused(tmp_path):
    with pytest.raises(CatalogueError, match="2 columns that mean id"):
        read(tmp_path, "id,ID\na,b\n", required=("id",))
    names = NAMES + ",numb_pix_lensimage"
    with pytest.raises(CatalogueError, match="2 columns that mean numb_pix_lensed_image"):
        read(tmp_path, f"{names}\na,1,1e-10,1,1,2\n")


def test_an_index_without_a_name_is_left_out_with_a_reason(tmp_path):
    frame = pd.DataFrame({"id": ["a", "b"], "ra": [1.5, 2.5]})
    frame.to_csv(tmp_path / "c.csv")
    table = read_catalogue(tmp_path / "c.csv", required=("id",))
    assert table["ra"].tolist() == [1.5, 2.5]
    assert "" not in table
    assert left_out(table) == ["column '' of the catalogue is left out: it has no name"]


def test_columns_that_cannot_be_carried_are_left_out_with_a_reason(tmp_path):
    names = ["path", "Rank", "p_lens", "é", "a/b", "x" * 100, "RA", "ra", "good"]
    table = read(tmp_path, f"id,{','.join(names)}\na,1,2,3,4,5,6,7,8,9\n", required=("id",))
    assert [name for name in names if name in table] == ["RA", "good"]
    assert len(left_out(table)) == 7
    stars = Table({"id": ["a", "b"], "cube": np.zeros((2, 3)), "ra": [1.0, 2.0]})
    stars.write(tmp_path / "c.fits")
    table = read_catalogue(tmp_path / "c.fits", required=("id",))
    assert "cube" not in table
    assert left_out(table) == [
        "column 'cube' of the catalogue is left out: expected a number or text a row"
    ]


def test_fields_of_a_votable_keep_their_names(tmp_path):
    columns = {"id": ["a", "b"], "mag [AB]": [1.0, 2.0]}
    with pytest.warns(AstropyWarning, match="Implicitly generating an ID"):
        Table(columns).write(tmp_path / "c.vot", format="votable")
    table = read_catalogue(tmp_path / "c.vot", required=("id",))
    assert table["mag [AB]"].tolist() == [1.0, 2.0]


def test_a_pipe_is_no_catalogue(tmp_path):
    os.mkfifo(tmp_path / "c.csv")
    with pytest.raises(CatalogueError, match="no regular file"):
        read_catalogue(tmp_path / "c.csv")


def test_blocks_of_a_table_have_ids_of_one_form(tmp_path):
    """Read as a whole, 7.0 beside 8 stays 7.0; of blocks of their own the first would be 7."""
    path = tmp_path / "a.csv"
    clean = id_cleaner(path)
    assert clean(pd.Series(["7.0", " 8.0"])).tolist() == ["7", "8"]
    assert clean(pd.Series(["9.0"])).tolist() == ["9"]
    with pytest.raises(
        CatalogueError, match=r"a\.csv: ids are numbers such as 7\.0 and texts.*'8'"
    ):
        clean(pd.Series(["7.0", "8"]))
    clean = id_cleaner(path)
    assert clean(pd.Series(["7.0", "8"])).tolist() == ["7.0", "8"]
    assert clean(pd.Series(["A1"])).tolist() == ["A1"]
    with pytest.raises(CatalogueError, match="Write them without fractions"):
        clean(pd.Series(["9.0"]))


@pytest.mark.parametrize(("suffix", "unit"), [(".ecsv", "hourangle"), (".fits", "rad")])
def test_a_position_in_another_unit_than_degrees_is_refused(tmp_path, suffix, unit):
    """Its numbers would pass for degrees; what no position is may have any unit."""
    table = Table({"id": ["a"], "RA": [1.0], "Dec": [0.5], "pa": [0.1]}, units={"pa": "rad"})
    table.write(tmp_path / f"c{suffix}")
    assert len(read_catalogue(tmp_path / f"c{suffix}", required=("id",))) == 1
    table["RA"] = MaskedColumn(["1h"], unit="rad")
    table.write(tmp_path / f"c{suffix}", overwrite=True)
    assert len(read_catalogue(tmp_path / f"c{suffix}", required=("id",))) == 1
    table["RA"] = MaskedColumn([1.0], unit=unit)
    table.write(tmp_path / f"c{suffix}", overwrite=True)
    with pytest.raises(CatalogueError, match=f"unit of its column RA is {unit}; expected degrees"):
        read_catalogue(tmp_path / f"c{suffix}", required=("id",))
