"""The shards of a dataset of mosaics, together, are the same however many there are."""

import numpy as np
import pytest

from lensflow.errors import CutoutError
from lensflow.ingest import mosaic
from unit.ingest.mosaic_fixtures import make_tiles, noise, run, wcs_of, write, write_catalogue


@pytest.mark.parametrize("shards", [2, 3, 7])
def test_shards_change_nothing_but_the_files(tmp_path, shards):
    asked, ids, sky = make_tiles(tmp_path / "data", tmp_path / "c.csv")
    one = run(tmp_path / "data", tmp_path / "one", asked)
    many = run(tmp_path / "data", tmp_path / "many", asked | {"shards": shards})
    assert many[1].tobytes() == one[1].tobytes()
    assert many[0].drop(columns=["shard", "row"]).equals(one[0].drop(columns=["shard", "row"]))
    assert sorted(map(tuple, many[2].to_numpy())) == sorted(map(tuple, one[2].to_numpy()))
    assert set(one[0]["id"]) | set(one[2]["id"].astype(str)) == set(map(str, ids))
    expected = dict(zip(map(str, ids), sky, strict=True))
    for row in one[0].itertuples():
        np.testing.assert_allclose([row.ra, row.dec], expected[row.id])
    again = run(tmp_path / "data", tmp_path / "again", asked)
    for name in ("manifest.h5", "shard_0.h5", "index.h5"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    assert len(again[0]) == len(one[0])


def test_an_identifier_of_two_tiles_is_noticed(tmp_path):
    for number, ra in enumerate((10.0, 20.0)):
        wcs = wcs_of(ra, 2.0, (150, 150))
        write(tmp_path / f"data/flux_{number}.fits", noise((150, 150)), wcs)
    sky = np.array([[10.0, 2.0], [20.0, 2.0]])
    asked = {"catalogue": write_catalogue(tmp_path / "c.csv", ["same", "same"], sky)}
    with pytest.raises(CutoutError, match="1 identifiers come twice, 'same' first"):
        run(tmp_path / "data", tmp_path / "out", asked)


@pytest.mark.parametrize(("n_tiles", "n_shards"), [(1, 1), (1, 5), (5, 1), (3, 7), (7, 3), (4, 4)])
def test_shards_cover_every_tile_once(n_tiles, n_shards):
    covered = np.zeros((n_tiles, n_shards), int)
    for shard in range(n_shards):
        for number, (start, stop) in mosaic.tile_parts(n_tiles, n_shards, shard):
            assert stop > start
            covered[number, start:stop] += 1
    assert (covered == 1).all()
