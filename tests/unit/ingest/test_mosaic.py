import gzip

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from lensflow.errors import CatalogueError, CutoutError
from lensflow.ingest import mosaic
from lensflow.ingest.planes import Plane
from lensflow.ingest.tiles import Tile, choose_tiles
from unit.ingest.mosaic_fixtures import SCALE, add_star, noise, run, wcs_of, write, write_catalogue

PLACES = [(150.0, 2.0), (0.0, -30.0), (0.0005, 10.0), (80.0, 89.995), (10.0, -89.9)]


def centroid(image, around=5):
    """Return x and y of the light around the central pixel of an image."""
    middle = len(image) // 2
    part = image[middle - around : middle + around + 1, middle - around : middle + around + 1]
    rows, columns = np.mgrid[-around : around + 1, -around : around + 1]
    return np.array([(part * columns).sum(), (part * rows).sum()]) / part.sum()


# --- geometry -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ra", "dec"), PLACES)
@pytest.mark.parametrize("turn", [0.0, 35.0])
def test_stars_of_known_position_are_in_the_central_pixel(tmp_path, ra, dec, turn):
    """In the middle, at an edge and at the four corners; across RA 0 and near the poles."""
    shape = (320, 300)
    wcs = wcs_of(ra, dec, shape, turn=turn)
    pixels = np.array(
        [[150.3, 160.2], [7.4, 7.8], [292.2, 8.1], [8.0, 312.4], [291.6, 311.7], [150.1, 6.9]]
    )
    sky = wcs.all_pix2world(pixels, 0)
    image = np.zeros(shape)
    for x, y in pixels:
        add_star(image, x, y)
    image += 1e-3 * noise(shape)
    write(tmp_path / "data/flux_a.fits", image.astype("f4"), wcs)
    ids = [f"s{number}" for number in range(len(sky))]
    catalogue = write_catalogue(tmp_path / "c.csv", ids, sky)
    index, flux, bad, shards = run(tmp_path / "data", tmp_path / "out", {"catalogue": catalogue})
    assert bad.empty
    assert index["id"].tolist() == ids
    np.testing.assert_allclose(index[["ra", "dec"]], sky, atol=1e-7)
    nearest = np.floor(pixels + 0.5)
    for star, pixel, centre in zip(flux, pixels, nearest, strict=True):
        assert np.abs(centroid(star) - (pixel - centre)).max() < 0.05
    # The WCS of a stamp says where its star is.
    with h5py.File(shards[0]) as file:
        for row, (place, star) in enumerate(zip(file["wcs"][:], flux, strict=True)):
            local = WCS(naxis=2)
            local.wcs.ctype, local.wcs.crpix = ["RA---TAN", "DEC--TAN"], [51, 51]
            local.wcs.crval, local.wcs.cd = place[:2], place[2:].reshape(2, 2)
            found = local.all_world2pix([sky[row]], 0)[0] - 50
            assert np.abs(found - centroid(star)).max() < 0.05


def test_stamps_are_those_of_cutout2d(tmp_path):
    shape = (400, 350)
    wcs, image = wcs_of(150.0, 2.0, shape), noise(shape)
    write(tmp_path / "data/flux_a.fits", image, wcs, MAGZERO=25.0)
    random = np.random.default_rng(5)
    pixels = random.uniform((52, 52), (297, 347), (70, 2))
    sky = wcs.all_pix2world(pixels, 0)
    catalogue = write_catalogue(tmp_path / "c.csv", np.arange(70) + 100, sky)
    _, flux, bad, _ = run(tmp_path / "data", tmp_path / "out", {"catalogue": catalogue})
    assert bad.empty
    for stamp, place in zip(flux, sky, strict=True):
        expected = Cutout2D(image, SkyCoord(*place, unit="deg"), 101, wcs, mode="strict")
        assert (stamp == expected.data * np.float32(10 ** (-0.4 * 25.0))).all()


@pytest.mark.parametrize("form", ["gzip", "compressed", "scaled", "extension"])
@pytest.mark.parametrize("n_objects", [2, 30])
def test_the_form_of_the_file_changes_nothing(tmp_path, form, n_objects):
    shape = (240, 300)
    wcs, image = wcs_of(150.0, 2.0, shape), np.round(noise(shape) * 50) + np.float32(0)
    sky = wcs.all_pix2world(np.random.default_rng(2).uniform(60, 180, (n_objects, 2)), 0)
    catalogue = write_catalogue(tmp_path / "c.csv", np.arange(n_objects), sky)
    path = write(tmp_path / "plain/flux_a.fits", image, wcs)
    other = tmp_path / "other"
    other.mkdir()
    if form == "gzip":
        (other / "flux_a.fits.gz").write_bytes(gzip.compress(path.read_bytes()))
    elif form == "compressed":
        write(other / "flux_a.fits.fz", image, wcs, compressed=True)
    elif form == "scaled":
        hdu = fits.PrimaryHDU(image.astype("i2"), wcs.to_header())
        hdu.scale("int16", bzero=100)
        hdu.writeto(other / "flux_a.fits")
    else:
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(image, wcs.to_header(), "SCI")]
        fits.HDUList(hdus).writeto(other / "flux_a.fits")
    dataset = {"catalogue": catalogue}
    expected = run(tmp_path / "plain", tmp_path / "a", dataset)[1]
    assert run(other, tmp_path / "b", dataset)[1].tobytes() == expected.tobytes()


def test_a_plain_file_is_mapped_and_gives_its_memory_back(tmp_path):
    image = noise((200, 200))
    path = write(tmp_path / "a.fits", image, wcs_of(1.0, 1.0, image.shape))
    plane = Plane(path, None, 5, 21)
    for _ in range(2):
        assert (plane.section(slice(10, 31), slice(50, 71)) == image[10:31, 50:71]).all()
        plane.forget()
    assert isinstance(plane._pixels.base, np.memmap)
    plane.close()


# --- resampling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.05, 0.2, 0.3])
@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_resampling_keeps_the_flux_and_centres_the_star(tmp_path, scale, turn):
    shape = (700, 700)
    wcs = wcs_of(150.0, 2.0, shape, turn=turn)
    pixels = np.array([[350.3, 350.4], [340.0, 360.0]])
    image = np.zeros(shape)
    for number, (x, y) in enumerate(pixels[:1]):
        add_star(image, x, y, flux=1e4 * (number + 1), width=4.0)
    total = image.sum()
    image += noise(shape, sigma=0.1)
    write(tmp_path / "data/flux_a.fits", image.astype("f4"), wcs)
    sky = wcs.all_pix2world(pixels, 0)
    catalogue = write_catalogue(tmp_path / "c.csv", ["a", "b"], sky)
    dataset = {"catalogue": catalogue, "pixel_scale": scale}
    _, flux, bad, shards = run(tmp_path / "data", tmp_path / "out", dataset)
    assert bad.empty
    assert flux[0].sum() == pytest.approx(total, rel=0.005)
    assert np.abs(centroid(flux[0], int(2.5 / scale))).max() < 0.05
    with h5py.File(shards[0]) as file:
        np.testing.assert_allclose(file["wcs"][0, 2:] * 3600, [-scale, 0, 0, scale], atol=1e-9)
    # North is up and east is left: the star is where the second object's stamp says.
    offset = SkyCoord(*sky[1], unit="deg").spherical_offsets_to(SkyCoord(*sky[0], unit="deg"))
    expected = np.array([-offset[0].arcsec, offset[1].arcsec]) / scale
    rows, columns = np.indices(flux[1].shape) - 50
    bright = flux[1] > 0.01 * flux[1].max()
    found = [(axis * flux[1])[bright].sum() / flux[1][bright].sum() for axis in (columns, rows)]
    np.testing.assert_allclose(found, expected, atol=0.1)


def test_the_pixel_scale_of_the_tile_itself_resamples_nothing(tmp_path):
    shape = (150, 150)
    wcs = wcs_of(150.0, 2.0, shape)
    write(tmp_path / "data/flux_a.fits", noise(shape), wcs)
    catalogue = write_catalogue(tmp_path / "c.csv", ["a"], wcs.all_pix2world([[74.6, 75.3]], 0))
    asked = {"catalogue": catalogue, "pixel_scale": 0.1}
    _, flux, _, _ = run(tmp_path / "data", tmp_path / "out", asked)
    assert (flux[0] == noise(shape)[25:126, 25:126]).all()


# --- which tile -----------------------------------------------------------------------------------


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


def make_tiles(folder, catalogue, by_tile=False):
    """Write two tiles that overlap, with maps, and the catalogue of 40 objects on them."""
    shape, random = (260, 300), np.random.default_rng(4)
    corners = []
    for number, key in enumerate(("007", "008")):
        wcs = wcs_of(150.0 - number * 200 * SCALE, 2.0, shape)
        image = noise(shape, seed=number)
        write(folder / f"flux_TILE{key}_x.fits", image, wcs, MAGZERO=20.0)
        write(folder / f"rms/rms_TILE{key}_y.fits", np.full(shape, 2.0, "f4"), wcs)
        flags = np.zeros(shape, "i4")
        flags[100:110, 140:150] = 4
        write(folder / f"flag_TILE{key}_y.fits", flags, wcs)
        corners.append(wcs)
    pixels = random.uniform((10, 10), (480, 250), (40, 2))
    sky = corners[0].all_pix2world(pixels, 0)
    sky[5] = [151.0, 2.0]
    ids = random.permutation(40) + 1000
    if by_tile:
        for key in ("007", "008"):
            write_catalogue(catalogue.parent / f"c_{key}.csv", ids, sky, mag=pixels[:, 0])
        path = str(catalogue.parent / "c_{tile}.csv")
    else:
        path = write_catalogue(catalogue, ids, sky, mag=pixels[:, 0])
    asked = {
        "catalogue": path,
        "tile_pattern": r"TILE(\d+)",
        "rms_pattern": "rms_*.fits",
        "flag_pattern": "flag_*.fits",
        "keep": ["mag"],
        "max_quarantine_fraction": 0.5,
    }
    return asked, ids, sky


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


def test_noise_and_flags_come_from_the_maps(tmp_path):
    asked, _, _ = make_tiles(tmp_path / "data", tmp_path / "c.csv")
    index, flux, bad, shards = run(tmp_path / "data", tmp_path / "out", asked)
    assert index["sky_sigma"].to_numpy() == pytest.approx(2e-8)
    assert np.isfinite(flux).all()
    with h5py.File(shards[0]) as file:
        assert set(file["catalogue/path"].asstr()[:]) == {
            "flux_TILE007_x.fits",
            "flux_TILE008_x.fits",
        }
        assert len(file["catalogue/mag"]) == len(flux)
    reasons = bad.set_index("id")["reason"]
    assert reasons.str.startswith("no tile has it: ra 151.0").sum() == 1
    without = run(tmp_path / "data", tmp_path / "other", asked | {"flag_pattern": None})
    same = [number for number, key in enumerate(without[0]["id"]) if key in set(index["id"])]
    changed = (without[1][same] != flux).any(axis=(1, 2))
    assert changed.any()
    ignored = run(tmp_path / "data", tmp_path / "bits", asked | {"flag_bits": 3})
    assert ignored[1].tobytes() == without[1].tobytes()


# --- what is left out -----------------------------------------------------------------------------


def make_one(folder, shape=(200, 200), **cards):
    wcs = wcs_of(150.0, 2.0, shape)
    write(folder / "data/flux_a.fits", noise(shape), wcs, **cards)
    sky = wcs.all_pix2world([[100.0, 100.0], [90.0, 110.0]], 0)
    return {"catalogue": write_catalogue(folder / "c.csv", ["a", "b"], sky)}


def test_objects_without_a_place_or_a_name_of_their_own_are_listed(tmp_path):
    asked = make_one(tmp_path)
    with open(tmp_path / "c.csv", "a") as file:
        file.write("a,150.0,2.0\nnowhere,,2.0\nfar,10.0,2.0\nbéb,150.0,2.0\n")
    asked["max_quarantine_fraction"] = 1.0
    index, flux, bad, _ = run(tmp_path / "data", tmp_path / "out", asked)
    assert index["id"].tolist() == ["a", "b"]
    assert len(flux) == 2
    reasons = bad.set_index("id")["reason"].to_dict()
    assert reasons["a"] == "another row of the catalogue has its id"
    assert reasons["nowhere"] == "it has no position"
    assert reasons["far"].startswith("no tile has it: ra 10.0")
    assert "not printable ASCII" in reasons["béb"]


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"BUNIT": "uJy"}, "write zero_point: 23.9"),
        ({"STRETCH": "asinh"}, "write state: normalised"),
    ],
)
def test_a_tile_that_contradicts_the_configuration_is_one_row(tmp_path, cards, message):
    asked = make_one(tmp_path) | {"zero_point": 20.0}
    write(tmp_path / "data/flux_b.fits", noise((50, 50)), wcs_of(20.0, 2.0, (50, 50)), **cards)
    index, _, bad, _ = run(tmp_path / "data", tmp_path / "out", asked)
    assert len(index) == 2
    assert bad["path"].tolist() == ["flux_b.fits"]
    assert message in bad["reason"][0]


def test_a_truncated_tile_and_one_without_a_wcs_are_rows(tmp_path):
    asked = make_one(tmp_path)
    whole = (tmp_path / "data/flux_a.fits").read_bytes()
    (tmp_path / "data/flux_b.fits").write_bytes(whole[:40000])
    fits.PrimaryHDU(noise((50, 50))).writeto(tmp_path / "data/flux_c.fits")
    index, _, bad, _ = run(tmp_path / "data", tmp_path / "out", asked)
    assert len(index) == 2
    reasons = bad.set_index("path")["reason"]
    assert "truncated" in reasons["flux_b.fits"]
    assert "no WCS" in reasons["flux_c.fits"]


def test_nothing_usable_and_missing_maps_stop_the_run(tmp_path):
    asked = make_one(tmp_path, STRETCH="asinh")
    with pytest.raises(CutoutError, match="none of the tiles"):
        run(tmp_path / "data", tmp_path / "out", asked)
    asked, _, _ = make_tiles(tmp_path / "two", tmp_path / "c.csv")
    (tmp_path / "two/rms/rms_TILE008_y.fits").unlink()
    with pytest.raises(CutoutError, match=r"tile '008' .* has 0 maps .* tile_pattern"):
        run(tmp_path / "two", tmp_path / "other", asked)


def test_maps_are_no_files_of_a_wrong_name(tmp_path, caplog):
    asked, _, _ = make_tiles(tmp_path / "data", tmp_path / "c.csv")
    caplog.set_level("WARNING")
    (tmp_path / "data/other.fits").write_bytes(b"")
    run(tmp_path / "data", tmp_path / "out", asked)
    (said,) = [text for text in caplog.messages if "do not fit the pattern" in text]
    assert "1 FITS files" in said
    assert "for example other.fits" in said


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
