"""Objects are found on their tiles, by one catalogue for all or by one a tile."""

import h5py
import pandas as pd
import pytest

from lensflow.errors import CatalogueError
from unit.ingest.mosaic_fixtures import make_one, make_tiles, run


def test_a_catalogue_a_tile_gives_the_same_objects_once(tmp_path):
    asked, _, _ = make_tiles(tmp_path / "data", tmp_path / "c.csv")
    one = run(tmp_path / "data", tmp_path / "one", asked)
    asked, _, _ = make_tiles(tmp_path / "other", tmp_path / "c.csv", by_tile=True)
    by_tile = run(tmp_path / "other", tmp_path / "two", asked | {"shards": 3})
    assert by_tile[1].tobytes() == one[1].tobytes()
    assert by_tile[0]["id"].tolist() == one[0]["id"].tolist()
    with h5py.File(tmp_path / "two/manifest.h5") as file:
        assert set(file) == {"tile"}


def test_an_object_in_the_catalogue_of_one_tile_is_cut_from_that_tile(tmp_path):
    """Also where it is farther from an edge on another: nobody else would cut it."""
    asked, ids, _ = make_tiles(tmp_path / "data", tmp_path / "c.csv", by_tile=True)
    table = pd.read_csv(tmp_path / "c_007.csv")
    column = table["mag"]  # of its pixels on the first tile, which has 300 and overlaps from 200 on
    is_first = (column < 300) | (table["OBJECT_ID"] == ids[5])
    assert ((column > 250) & is_first).sum() > 1
    table[is_first].to_csv(tmp_path / "c_007.csv", index=False)
    table[~is_first].to_csv(tmp_path / "c_008.csv", index=False)
    index, _, bad, shards = run(tmp_path / "data", tmp_path / "out", asked | {"shards": 3})
    assert sorted([*index["id"], *bad["id"].astype(str)]) == sorted(map(str, ids))
    assert bad["reason"].str.startswith("no tile has it whose catalogue lists it: ra 151").all()
    wanted = set(table["OBJECT_ID"][is_first].astype(str)) & set(index["id"])
    found = set()
    for shard in shards:
        with h5py.File(shard) as file:
            paths = file["catalogue/path"].asstr()[:]
            found |= set(file["id"].asstr()[:][paths == "flux_TILE007_x.fits"])
    assert found == wanted


def test_an_object_off_the_tile_whose_catalogue_lists_it_is_told(tmp_path):
    asked, ids, _ = make_tiles(tmp_path / "data", tmp_path / "c.csv", by_tile=True)
    table = pd.read_csv(tmp_path / "c_007.csv")
    table.iloc[:20].to_csv(tmp_path / "c_007.csv", index=False)
    table.iloc[20:].to_csv(tmp_path / "c_008.csv", index=False)
    index, _, bad, _ = run(tmp_path / "data", tmp_path / "out", asked)
    assert sorted([*index["id"], *bad["id"].astype(str)]) == sorted(map(str, ids))
    assert len(bad) > 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": {"id": "nope"}}, r"lacks the column\(s\) \['nope'\]"),
        ({"keep": ["nope"]}, r"lacks the column\(s\) \['nope'\]"),
    ],
)
def test_columns_that_are_not_there_are_named(tmp_path, change, message):
    with pytest.raises(CatalogueError, match=message):
        run(tmp_path / "data", tmp_path / "out", make_one(tmp_path) | change)


def test_a_column_that_cannot_be_guessed_is_asked_for(tmp_path):
    asked = make_one(tmp_path)
    text = (tmp_path / "c.csv").read_text().replace("OBJECT_ID", "nr").replace("DECLIN", "D")
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(CatalogueError, match=r"is id and ra and dec\?.* \{id: NAME, ra: NAME,"):
        run(tmp_path / "data", tmp_path / "out", asked)
    asked["columns"] = {"id": "nr", "ra": "RIGHT_ASCENSION", "dec": "DATION"}
    assert len(run(tmp_path / "data", tmp_path / "other", asked)[0]) == 2
