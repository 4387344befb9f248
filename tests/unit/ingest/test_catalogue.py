from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table

from lensflow.errors import CatalogueError
from lensflow.ingest.catalogue import CHALLENGE_COLUMNS, read_catalogue, unknown

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
    monkeypatch.setattr("lensflow.ingest.catalogue.CHUNK_ROWS", 7)
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
