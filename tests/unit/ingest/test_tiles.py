"""Which tile an object is on, by the WCS of each."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from lensflow.ingest.tiles import Tile, choose_tiles
from unit.ingest.mosaic_fixtures import SCALE, wcs_of


def tile_of(ra, dec, shape=(200, 200), key="a"):
    return Tile(key, key, "", "", wcs_of(ra, dec, shape).to_header().tostring(), shape)


@pytest.mark.parametrize("dec", [0.0, -60.0, 88.0])
def test_an_object_on_several_tiles_is_taken_where_it_is_farthest_from_an_edge(dec):
    step = 120 * SCALE / np.cos(np.radians(dec))
    tiles = [tile_of((359.998 + number * step) % 360, dec) for number in range(3)]
    line = np.stack([(359.998 + np.linspace(-0.4, 2.4, 57) * step) % 360, np.full(57, dec)], axis=1)
    chosen = choose_tiles(tiles, line)
    distances = np.array([tile.edge_distance(line) for tile in tiles])
    assert (chosen == distances.argmax(axis=0)).all()
    assert set(chosen) == {0, 1, 2}


def test_what_is_off_every_tile_or_behind_the_sky_is_on_none():
    tiles = [tile_of(150.0, 2.0)]
    sky = np.array([[150.0, 2.0], [150.0, 2.01], [330.0, -2.0], [150.0 + 99.9 * SCALE, 2.0]])
    assert choose_tiles(tiles, sky).tolist() == [0, -1, -1, 0]
    assert choose_tiles(tiles, np.zeros((0, 2))).tolist() == []
    sky[1, 0], sky[2, 1] = np.nan, np.inf
    assert choose_tiles(tiles, sky).tolist() == [0, -1, -1, 0]
    assert choose_tiles(tiles, sky[1:3]).tolist() == [-1, -1]


def test_other_frames_and_distortions_are_followed():
    shape = (200, 200)
    header = wcs_of(150.0, 2.0, shape).to_header()
    header["CTYPE1"], header["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
    header.remove("RADESYS")
    galactic = Tile("g", "g", "", "", header.tostring(), shape)
    sky = galactic.sky(np.array([99.0]), np.array([50.0]))
    expected = WCS(header).pixel_to_world(99.0, 50.0).icrs
    assert SkyCoord(*sky[0], unit="deg").separation(expected).arcsec < 1e-6
    np.testing.assert_allclose(galactic.pixels(sky), [[99.0, 50.0]], atol=1e-6)
    assert choose_tiles([galactic], sky).tolist() == [0]
