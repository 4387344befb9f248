"""Tables of objects: what is read is what stands there, or it is refused with words."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from lensflow.apply.known import read_known
from lensflow.errors import CatalogueError
from lensflow.ingest import objects, positions
from lensflow.ingest.tile_catalogues import object_blocks

DATASET = {"columns": {}, "keep": []}
ROWS = "id,ra,dec\n1,10.5,-5\n2,11,6\n"


def read(path, **dataset):
    """Return all objects of a catalogue and their positions."""
    tables, sky = zip(*object_blocks(str(path), DATASET | dataset), strict=True)
    return pd.concat(tables, ignore_index=True), np.concatenate(sky)


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        ROWS.replace("\n", "\r"),
        ROWS.replace("\n", "\r\n"),
        ROWS.replace(",", "\t"),
        ROWS.replace(",", ";"),
        ROWS.replace(",", "  "),
        "\ufeff" + ROWS,
        "# made by a program\n\n" + ROWS,
        ROWS.replace("id", '"ID"'),
    ],
)
def test_every_dialect_gives_the_same_objects(tmp_path, text):
    (tmp_path / "c.csv").write_bytes(text.encode())
    table, sky = read(tmp_path / "c.csv")
    assert table["id"].tolist() == ["1", "2"]
    assert sky.tolist() == [[10.5, -5], [11, 6]]
    known = read_known(tmp_path / "c.csv")
    assert known.to_numpy().tolist() == [["1", 10.5, -5], ["2", 11, 6]]


def test_ids_stay_what_they_are_whatever_they_look_like(tmp_path):
    ids = ["NA", "nan", "007", "#5", "1e5", "2684354559999999999", "a,b", "None"]
    rows = "".join(f'"{name}",1,2\n' for name in ids)
    (tmp_path / "c.csv").write_text("id,ra,dec\n" + rows)
    assert read(tmp_path / "c.csv")[0]["id"].tolist() == ids


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,ra,dec\n1,10,\n2,11\n", "line 3: the row has 2 cells"),
        # pandas takes the first column of such a table for an index, and shifts the others.
        ("id,ra,dec\n1,10,20,\n2,11,21,\n", "line 2: the row has 4 cells"),
        ('id,ra,dec\n"1,10,20\n2,11,21\n', "every quotation an end"),
        ("id,ra,dec\n1,10,20\n2,1\0,3\n", "zero bytes"),
        ("id,ID,ra,dec\n1,2,10,20\n", "differ by upper and lower case alone"),
        ("id,ra,RA,dec\n1,2,10,20\n", "differ by upper and lower case alone"),
        ("id,ra,ra,dec\n1,2,10,20\n", "differ by upper and lower case|several columns"),
        ("", "has no rows"),
        ("x", "which column is"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path, text, message):
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path / "c.csv")


def test_a_column_that_breaks_rows_is_not_kept(tmp_path):
    (tmp_path / "c.csv").write_text("id,ra,dec,note\n1,2,3,a\x1bb\n")
    with pytest.raises(CatalogueError, match="'note' have control characters; clean them"):
        read(tmp_path / "c.csv", keep=["note"])


def test_a_column_that_is_named_may_have_another_beside_it(tmp_path):
    (tmp_path / "c.csv").write_text("id,ra,RA,dec\n1,2,10,20\n")
    sky = read(tmp_path / "c.csv", columns={"ra": "RA", "dec": "dec"})[1]
    assert sky.tolist() == [[10, 20]]


@pytest.mark.parametrize("value", ["99999", "-999", "inf", "nan", "", "1e400", "x"])
def test_what_is_no_angle_is_no_position(tmp_path, value):
    table = pd.DataFrame({"ra": ["10", value], "dec": ["20", "20"]})
    assert np.isnan(positions.of_table(table)).tolist() == [[False, False], [True, True]]


UNITS = [("ecsv", "hourangle"), ("vot", "rad"), ("fits", "rad"), ("ecsv", "h"), ("fits", "arcsec")]


def with_unit(path, unit):
    """Write two objects whose positions are said to have a unit."""
    rows = {"id": ["a", "b"], "coord_ra": [1.0, 2.0], "dec": [0.1, 0.2]}
    table = Table(rows, units={"coord_ra": unit, "dec": unit})
    table.write(path, format="votable" if path.suffix == ".vot" else None)
    return {"columns": {"id": "id", "ra": "coord_ra", "dec": "dec"}}


@pytest.mark.parametrize(("suffix", "unit"), UNITS)
def test_positions_in_another_unit_than_degrees_are_refused(tmp_path, suffix, unit):
    path = tmp_path / f"c.{suffix}"
    named = with_unit(path, unit)
    words = rf"the unit of its column coord_ra is {unit}; expected degrees. Convert it"
    with pytest.raises(CatalogueError, match=words):
        read(path, **named)
    table = Table.read(path)
    table.rename_column("coord_ra", "ra")
    table.write(tmp_path / f"known.{suffix}", format="votable" if suffix == "vot" else None)
    with pytest.raises(CatalogueError, match=words.replace("coord_", "")):
        read_known(tmp_path / f"known.{suffix}")


@pytest.mark.parametrize(("suffix", "unit"), [("ecsv", "deg"), ("vot", "deg"), ("fits", None)])
def test_positions_in_degrees_or_without_a_unit_are_taken(tmp_path, suffix, unit):
    named = with_unit(tmp_path / f"c.{suffix}", unit)
    assert read(tmp_path / f"c.{suffix}", **named)[1].tolist() == [[1.0, 0.1], [2.0, 0.2]]


def test_a_unit_that_nobody_knows_is_taken_for_degrees(tmp_path):
    columns = [
        fits.Column("id", "1A", array=["a"]),
        *(fits.Column(name, "D", unit="degrees", array=[5.0]) for name in ("ra", "dec")),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "c.fits")
    assert read(tmp_path / "c.fits")[1].tolist() == [[5.0, 5.0]]


def test_a_column_of_numbers_and_texts_is_text_in_every_block(tmp_path, monkeypatch):
    """Also where a block has nothing but numbers, or nothing at all."""
    monkeypatch.setattr(objects.read_blocks, "__defaults__", (None, 2))
    notes = ["007", "8", "9", "10", "", "", "south", "1"]
    rows = "".join(f"{number},1,2,{note},{number}\n" for number, note in enumerate(notes))
    (tmp_path / "c.csv").write_text("id,ra,dec,note,mag\n" + rows)
    blocks = [
        table
        for table, _ in object_blocks(str(tmp_path / "c.csv"), DATASET | {"keep": ["note", "mag"]})
    ]
    assert len(blocks) == 4
    assert [block["note"].tolist() for block in blocks] == [
        notes[i : i + 2] for i in range(0, 8, 2)
    ]
    assert {block["mag"].dtype.kind for block in blocks} == {"f"}


@pytest.mark.parametrize("form", ["fits", "ecsv", "vot"])
def test_an_integer_that_stands_for_none_is_none(tmp_path, form):
    path = tmp_path / f"c.{form}"
    flags = MaskedColumn([7, -9999], mask=[False, True], dtype="i8")
    table = Table({"id": ["a", "b"], "ra": [1.0, 2.0], "dec": [3.0, 4.0], "flag": flags})
    if form == "fits":
        hdu = fits.table_to_hdu(table)
        hdu.columns["flag"].null = -9999
        hdu.data["flag"][1] = -9999
        hdu.writeto(path)
    else:
        table.write(path, format={"vot": "votable"}.get(form, "ascii.ecsv"))
    kept, _ = read(path, keep=["flag"])
    assert kept["flag"][0] == 7
    assert np.isnan(kept["flag"][1])


def test_a_known_lens_without_a_name_is_called_by_its_row(tmp_path):
    (tmp_path / "k.csv").write_text("name,ra,dec\n,1,2\nNA,3,4\n")
    assert read_known(tmp_path / "k.csv")["name"].tolist() == ["1", "NA"]


def test_a_parquet_table_is_in_memory_a_few_blocks_at_a_time(tmp_path):
    import pyarrow

    n, group = 200_000, 10_000
    numbers = np.random.default_rng(1).uniform(size=n)
    table = pd.DataFrame({"id": np.arange(n), "ra": 360 * numbers, "dec": 90 * numbers})
    table.to_parquet(tmp_path / "c.parquet", row_group_size=group)
    before, most, read_rows = pyarrow.total_allocated_bytes(), 0, 0
    for block in objects.read_blocks(tmp_path / "c.parquet", rows=group):
        most = max(most, pyarrow.total_allocated_bytes() - before)
        read_rows += len(block)
    assert read_rows == n
    assert most < 0.3 * table.memory_usage(index=False).sum()
