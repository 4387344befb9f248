from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from lensflow.errors import CatalogueError, CutoutError
from lensflow.ingest import challenge2, ingestion
from lensflow.samples.bands import gathered
from lensflow.samples.images import open_images, read_index
from unit.ingest import mosaic_fixtures as mosaics
from unit.ingest import test_stack as stacks

EUCLID = Path(__file__).parents[4] / "shared/data/euclid_q1"
ZERO_POINTS = {"VIS": 24.6, "Y": 29.8, "H": 30.0}
BANDS = {band: {"hdus": [f"{band}_FLUX"]} for band in ZERO_POINTS}
FITS = {"kind": "fits", "shards": 2}


def noise(seed, size=101, sigma=1.0):
    return np.random.default_rng(seed).normal(0, sigma, (size, size)).astype("f4")


def image(seed, size=101):
    made = noise(seed, size)
    made[size // 2, size // 2] += 100
    return made


def write_bands(path, images, **cards):
    """Write a file with one HDU a band; ``cards`` are those of all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hdus = [fits.PrimaryHDU()]
    for band, pixels in images.items():
        hdu = fits.ImageHDU(pixels, name=f"{band}_FLUX")
        hdu.header["MAGZERO"] = ZERO_POINTS[band]
        hdu.header.update(cards.get(band, {}))
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path)


def ingest(folder, out, dataset):
    """Return index, images, bands and quarantine of a dataset."""
    out.mkdir(parents=True)
    shards = [out / f"shard_{number}.h5" for number in range(dataset["shards"])]
    parts = [out / f"quarantine_{number}.csv" for number in range(dataset["shards"])]
    ingestion.build_manifest("d", dataset, folder, out / "manifest.h5", out / "listing.csv")
    for number, (shard, part) in enumerate(zip(shards, parts, strict=True)):
        ingestion.ingest_shard("d", dataset, folder, number, out / "manifest.h5", shard, part, 1)
    merged = out / "quarantine.csv"
    listed = [out / "listing.csv", *parts]
    ingestion.build_index("d", dataset, shards, listed, out / "index.h5", merged)
    flux, bands = [], set()
    for shard in shards:
        with open_images(shard) as file:
            flux.append(file.flux())
            bands.add(file.bands)
    index = read_index(out / "index.h5", ["sky_sigma"], catalogue=None)
    left_out = pd.read_csv(merged, keep_default_na=False, dtype=str)
    return index, np.concatenate(flux), bands.pop(), left_out


def make_files(folder, n=6):
    for number in range(n):
        made = {band: image(10 * number + k) for k, band in enumerate(ZERO_POINTS)}
        write_bands(folder / f"object{number}.fits", made)
    return folder


def test_each_band_has_its_own_hdu_zero_point_and_noise(tmp_path):
    folder = make_files(tmp_path / "data")
    index, flux, bands, left_out = ingest(folder, tmp_path / "out", {**FITS, "bands": BANDS})
    assert bands == ("VIS", "Y", "H")
    assert flux.shape == (6, 3, 101, 101)
    assert left_out.empty
    for k, (band, zero_point) in enumerate(ZERO_POINTS.items()):
        expected = image(k) * np.float32(10 ** (-0.4 * zero_point))
        np.testing.assert_allclose(flux[0, k], expected, rtol=1e-6)
        alone = {**FITS, "hdus": BANDS[band]["hdus"]}
        one, pixels, none, _ = ingest(folder, tmp_path / band, alone)
        assert none == ()
        assert (pixels == flux[:, k]).all()
        assert (one["sky_sigma"] == gathered(index, "sky_sigma")[:, k]).all()


def test_a_band_that_cannot_be_used_leaves_out_the_object_once(tmp_path):
    folder = make_files(tmp_path / "data", 40)
    write_bands(folder / "flat.fits", {"VIS": image(1), "Y": np.ones((101, 101)), "H": image(2)})
    write_bands(folder / "lacking.fits", {"VIS": image(1)})
    index, flux, _, left_out = ingest(folder, tmp_path / "out", {**FITS, "bands": BANDS})
    assert len(flux) == len(index) == 40
    assert left_out["id"].tolist() == ["flat", "lacking"]
    assert left_out["reason"][0] == "in band Y, every pixel has the same value"
    assert left_out["reason"][1].startswith("in band Y, none of the HDUs ['Y_FLUX'] has an image")


def test_missing_pixels_are_those_of_a_band(tmp_path):
    made = {band: image(k) for k, band in enumerate(ZERO_POINTS)}
    made["VIS"][20:30, 20:30] = np.nan
    made["H"][20:30, 20:30] = np.nan
    write_bands(tmp_path / "data/a.fits", made)
    one_shard = {"kind": "fits", "shards": 1}
    _, flux, _, _ = ingest(tmp_path / "data", tmp_path / "out", {**one_shard, "bands": BANDS})
    _, alone, _, _ = ingest(
        tmp_path / "data", tmp_path / "one", {**one_shard, "hdus": ["VIS_FLUX"]}
    )
    assert np.isfinite(flux).all()
    assert (flux[:, 0] == alone).all()
    hole = (
        flux[0, :, 20:30, 20:30] / 10 ** (-0.4 * np.array([*ZERO_POINTS.values()]))[:, None, None]
    )
    assert hole[0].std() == pytest.approx(1, abs=0.3)
    assert hole[2].std() == pytest.approx(1, abs=0.3)
    assert abs(np.corrcoef(hole[0].ravel(), hole[2].ravel())[0, 1]) < 0.4
    np.testing.assert_allclose(flux[0, 1], made["Y"] * np.float32(10**-11.92), rtol=1e-6)


def test_the_noise_of_a_band_is_that_of_its_map(tmp_path):
    hdus = [fits.PrimaryHDU()]
    for band, level in (("VIS", 2.0), ("Y", 3.0)):
        hdus.append(fits.ImageHDU(image(len(band)), name=f"{band}_FLUX"))
        hdus.append(fits.ImageHDU(np.full((101, 101), level, "f4"), name=f"{band}_RMS"))
    (tmp_path / "data").mkdir()
    fits.HDUList(hdus).writeto(tmp_path / "data/a.fits")
    bands = {
        band: {"hdus": [f"{band}_FLUX"], "rms_hdus": [f"{band}_RMS"], "zero_point": 0.0}
        for band in ("VIS", "Y")
    }
    dataset = {"kind": "fits", "shards": 1, "bands": bands}
    index, *_ = ingest(tmp_path / "data", tmp_path / "out", dataset)
    assert gathered(index, "sky_sigma").tolist() == [[2.0, 3.0]]


def blob(size, scale, x, y, flux=5000.0, width=0.6):
    """Return a Gaussian of a place and width in arcsec from the middle, with a little noise."""
    rows, columns = (np.mgrid[:size, :size] - (size - 1) / 2) * scale
    shape = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * width**2))
    made = flux * shape * scale**2 / (2 * np.pi * width**2)
    return (made + noise(size, size, 0.01)).astype("f4")


@pytest.mark.parametrize(("size", "other"), [(200, 66), (201, 67), (200, 67), (101, 34)])
def test_coarse_bands_are_brought_to_the_pixels_of_the_first(tmp_path, size, other):
    """The middles of images lie on each other; surface brightness, and so the flux, is kept."""
    images = {"VIS": blob(size, 0.1, 0.7, -0.4), "Y": blob(other, 0.3, 0.7, -0.4)}
    write_bands(tmp_path / "data/a.fits", images)
    bands = {name: {**BANDS[name], "pixel_scale": scale} for name, scale in SCALES.items()}
    dataset = {"kind": "fits", "shards": 1, "bands": bands}
    _, flux, _, _ = ingest(tmp_path / "data", tmp_path / "out", dataset)
    flux = flux[0] / 10 ** (-0.4 * np.array([24.6, 29.8]))[:, None, None]
    rows, columns = np.mgrid[:101, :101]
    middle = size // 2 - (size - 1) / 2
    for band in flux:
        assert band.sum() == pytest.approx(5000, rel=0.01)
        place = [(band * axis).sum() / band.sum() for axis in (columns, rows)]
        assert place == pytest.approx([50 - middle + 7, 50 - middle - 4], abs=0.05)
    assert np.abs(flux[1] - flux[0]).max() < 0.02 * flux[0].max()


SCALES = {"VIS": 0.1, "Y": 0.3}


@pytest.mark.parametrize("size", [20, 25, 33])
def test_the_noise_of_a_small_coarse_stamp_is_measured_in_its_own_border(tmp_path, size):
    """What lies around it is filled with that noise; with a map the noise is that of the map."""
    images = {"VIS": noise(1), "Y": noise(2, size), "H": noise(3, size)}
    (tmp_path / "data").mkdir()
    hdus = [fits.ImageHDU(data, name=f"{band}_FLUX") for band, data in images.items()]
    hdus.append(fits.ImageHDU(np.full((size, size), 6.0, "f4"), name="H_RMS"))
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "data/a.fits")
    bands = {
        band: {"hdus": [f"{band}_FLUX"], "zero_point": 0.0, "pixel_scale": scale}
        for band, scale in {**SCALES, "H": 0.3}.items()
    }
    bands["H"]["rms_hdus"] = ["H_RMS"]
    dataset = {"kind": "fits", "shards": 1, "bands": bands}
    index, flux, *_ = ingest(tmp_path / "data", tmp_path / "out", dataset)
    sigma = gathered(index, "sky_sigma")[0]
    assert sigma[2] == pytest.approx(6.0 / 3, rel=1e-6)
    half = 3 * size // 2 - 2
    inside = flux[0, 1, 50 - half : 50 + half, 50 - half : 50 + half]
    assert sigma[1] == pytest.approx(inside.std(), rel=0.3)
    if size < 33:
        assert flux[0, 1, :, :15].std() == pytest.approx(sigma[1], rel=0.1)


def test_pixel_scales_that_the_wcs_contradicts_leave_out_an_object(tmp_path):
    def cards(scale):
        cards = dict(mosaics.wcs_of(10.0, 5.0, (101, 101), scale / 3600).to_header())
        return {name: value for name, value in cards.items() if name != "MJDREF"}

    make_files(tmp_path / "data", 20)
    images = {band: image(k) for k, band in enumerate(ZERO_POINTS)}
    other = {band: cards(0.3 if band == "H" else 0.1) for band in ZERO_POINTS}
    write_bands(tmp_path / "data/odd.fits", images, **other)
    *_, left_out = ingest(tmp_path / "data", tmp_path / "out", {**FITS, "bands": BANDS})
    assert left_out["id"].tolist() == ["odd"]
    assert "in band H, its pixels are 0.3 arcsec by its WCS, and the first band's 0.1" in str(
        left_out["reason"][0]
    )


@pytest.mark.parametrize("axes", ["NBYX", "NYXB"])
def test_all_bands_of_a_stack_are_read(tmp_path, axes):
    made = [stacks.images(seed=number) for number in range(3)]
    array = np.stack(made, AXIS[axes])
    stacks.write_hdf5(tmp_path / "data/a.h5", array, stacks.table())
    bands = {"G": {"zero_point": None}, "R": {"zero_point": 25.0}, "Z": {"zero_point": 22.5}}
    index, flux, bad, shards = stacks.run(tmp_path / "data", tmp_path / "out", {"bands": bands})
    assert bad.empty
    for band, zero_point in enumerate((0.0, 25.0, 22.5)):
        np.testing.assert_allclose(
            flux[:, band], made[band] * np.float32(10 ** (-0.4 * zero_point)), rtol=1e-6
        )
    with h5py.File(shards[0]) as file:
        assert file.attrs["bands"] == "G R Z"
        assert file["sky_sigma"].shape == (10, 3)
    assert len(index) == 10


AXIS = {"NBYX": 1, "NYXB": 3}


@pytest.mark.parametrize(("scale", "turn"), [(0.1, 0.0), (0.3, 0.0), (0.2, 30.0)])
def test_stamps_of_all_bands_of_a_mosaic_lie_on_the_same_pixels(tmp_path, scale, turn):
    places, size = np.array([[300.3, 310.2], [340.0, 290.0], [270.6, 330.9]]), 600
    first = mosaics.wcs_of(150.0, 2.0, (size, size))
    other = mosaics.wcs_of(150.001, 2.0005, (size, size), scale / 3600, turn)
    sky = first.wcs_pix2world(places, 0)
    for band, wcs, step in (("VIS", first, 0.1), ("H", other, scale)):
        pixels = mosaics.noise((size, size), len(band), 0.1)
        for x, y in wcs.wcs_world2pix(sky, 0):
            # The same surface brightness on the sky.
            mosaics.add_star(pixels, x, y, 100 * (step / 0.1) ** 2, 0.6 / step)
        mosaics.write(tmp_path / f"data/{band}_TILE1.fits", pixels, wcs, MAGZERO=24.0)
    catalogue = mosaics.write_catalogue(tmp_path / "objects.csv", ["a", "b", "c"], sky)
    bands = {band: {"pattern": f"{band}_*.fits"} for band in ("VIS", "H")}
    dataset = {**mosaics.DATASET, "catalogue": catalogue, "bands": bands}
    dataset |= {"pattern": None, "tile_pattern": "TILE([0-9]+)"}
    _, flux, names, left_out = ingest(tmp_path / "data", tmp_path / "out", dataset)
    assert names == ("VIS", "H")
    assert left_out.empty
    vis, coarse = np.moveaxis(flux, 1, 0) / 10 ** (-0.4 * 24.0)
    assert np.abs(coarse - vis).max() < 3
    stars = vis > 20
    assert coarse[stars].sum() == pytest.approx(vis[stars].sum(), rel=0.02)


def test_a_tile_that_a_band_lacks_is_left_out(tmp_path):
    for band, tiles in (("VIS", "12"), ("H", "13")):
        for tile in tiles:
            wcs = mosaics.wcs_of(150.0 + int(tile), 2.0, (200, 200))
            path = tmp_path / f"data/{band}_TILE{tile}.fits"
            mosaics.write(path, mosaics.noise((200, 200), int(tile)), wcs, MAGZERO=24.0)
    sky = np.array([[151.0, 2.0], [152.0, 2.0]])
    catalogue = mosaics.write_catalogue(tmp_path / "objects.csv", ["a", "b"], sky)
    bands = {band: {"pattern": f"{band}_*.fits"} for band in ("VIS", "H")}
    dataset = {**mosaics.DATASET, "catalogue": catalogue, "bands": bands, "pattern": None}
    dataset |= {"max_quarantine_fraction": 1.0, "tile_pattern": "TILE([0-9]+)"}
    index, _, _, left_out = ingest(tmp_path / "data", tmp_path / "out", dataset)
    assert index["id"].tolist() == ["a"]
    assert left_out["reason"].str.contains("its other bands lack this tile").sum() == 2
    dataset["tile_pattern"] = "(.*)_TILE"
    with pytest.raises(CutoutError, match="is there in all bands; they are called"):
        ingest(tmp_path / "data", tmp_path / "none", dataset)


@pytest.mark.parametrize(
    ("place", "change", "reason"),
    [
        ((10.0, 5.0), [1, 1], None),
        ((10.0, 5.0 + 0.15 / 3600), [1, 1], None),
        ((10.0, 5.0 + 1 / 3600), [1, 1], "its middle is 1 arcsec from the first band's"),
        ((190.0, -5.0), [1, 1], "its middle is"),
        ((10.0, 5.0), [-1, 1], "its axes have other directions"),
        ((10.0, 5.0), [-1, -1], "its axes have other directions"),
    ],
)
def test_a_wcs_by_which_bands_do_not_lie_on_each_other_leaves_out_an_object(
    tmp_path, place, change, reason
):
    def cards(*place, change=(1, 1)):
        wcs = mosaics.wcs_of(*place, (101, 101))
        wcs.wcs.cd = wcs.wcs.cd * np.array(change)
        return {name: value for name, value in wcs.to_header().items() if name != "MJDREF"}

    make_files(tmp_path / "data", 20)
    images = {band: image(k) for k, band in enumerate(ZERO_POINTS)}
    grids = {band: cards(10.0, 5.0) for band in ZERO_POINTS}
    write_bands(tmp_path / "data/odd.fits", images, **grids | {"H": cards(*place, change=change)})
    *_, left_out = ingest(tmp_path / "data", tmp_path / "out", {**FITS, "bands": BANDS})
    if reason is None:
        assert left_out.empty
    else:
        assert left_out["id"].tolist() == ["odd"]
        assert f"in band H, {reason}" in left_out["reason"][0]


@pytest.mark.parametrize("away", [(30.0, 0.0), (0.0, -30.0), (36000.0, 0.0), (648000.0, 0.0)])
def test_an_object_that_is_not_on_the_tile_of_a_band_is_left_out(tmp_path, away):
    shape, places = (200, 200), np.array([[20.0, 180.0], [180.0, 20.0]])
    moved = np.array(away) / 3600
    for number, tile in enumerate([(150.0, 2.0), (150.5, 2.0)]):
        wcs = mosaics.wcs_of(*tile, shape)
        # The second tile is there in both bands.
        there = np.array(tile) + (moved if number == 0 else 0)
        for band, place in (("VIS", tile), ("H", there)):
            path = tmp_path / f"data/{band}_TILE{number}.fits"
            mosaics.write(path, mosaics.noise(shape), mosaics.wcs_of(*place, shape), MAGZERO=24.0)
        mosaics.write_catalogue(
            tmp_path / f"objects_{number}.csv",
            [f"{number}a", f"{number}b"],
            wcs.wcs_pix2world(places, 0),
        )
    bands = {band: {"pattern": f"{band}_*.fits"} for band in ("VIS", "H")}
    dataset = {**mosaics.DATASET, "bands": bands, "pattern": None}
    dataset |= {"catalogue": str(tmp_path / "objects_{tile}.csv"), "max_quarantine_fraction": 1.0}
    dataset |= {"tile_pattern": "TILE([0-9]+)"}
    index, _, _, left_out = ingest(tmp_path / "data", tmp_path / "out", dataset)
    assert index["id"].tolist() == ["1a", "1b"]
    assert left_out["id"].tolist() == ["0a", "0b"]
    assert set(left_out["reason"]) == {"in band H, it is not on the tile: H_TILE0.fits"}


def make_challenge2(folder, layout):
    for number in (200001, 200002, 200003):
        for k, (band, scale) in enumerate(challenge2.SCALES.items()):
            name = f"imageEUC_{band}-{number}.fits"
            place = folder / "datapack/Public" / layout.format(band=band, number=k + 1) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            pixels = blob(200 if scale == 0.1 else 66, scale, 0.0, 0.0)
            fits.PrimaryHDU(pixels * np.float32(1e-12)).writeto(place)
    return folder


@pytest.mark.parametrize("layout", ["EUC_{band}", "Band{number}"])
def test_both_layouts_of_the_second_challenge(tmp_path, layout):
    folder = make_challenge2(tmp_path / "data", layout)
    dataset = {"kind": "challenge2", "shards": 2, "bands": ["VIS", "J", "H"]}
    index, flux, bands, left_out = ingest(folder, tmp_path / "out", dataset)
    assert index["id"].tolist() == ["200001", "200002", "200003"]
    assert bands == ("VIS", "J", "H")
    assert left_out.empty
    assert flux.sum(axis=(2, 3)) == pytest.approx(np.full((3, 3), 5e-9), rel=0.01)
    place = folder / "datapack/Public" / layout.format(band="H", number=4)
    (place / "imageEUC_H-200002.fits").unlink()
    dataset["max_quarantine_fraction"] = 1.0
    *_, left_out = ingest(folder, tmp_path / "without", dataset)
    assert left_out["id"].tolist() == ["200002"]
    assert left_out["reason"][0].startswith("in band H, the file cannot be read")


@pytest.mark.parametrize("side", [33, 64, 69, 200])
def test_an_area_of_the_second_challenge_that_is_not_that_of_vis_leaves_out_an_object(
    tmp_path, side
):
    """200 pixels of 0.1 arcsec are 67 of 0.3, but for one at either edge."""
    folder = make_challenge2(tmp_path / "data", "EUC_{band}")
    for number, pixels in ((200001, 66), (200002, 67), (200003, side)):
        path = folder / f"datapack/Public/EUC_H/imageEUC_H-{number}.fits"
        fits.PrimaryHDU(noise(number, pixels)).writeto(path, overwrite=True)
    dataset = {"kind": "challenge2", "shards": 1, "bands": ["VIS", "H"]}
    dataset["max_quarantine_fraction"] = 0.4
    *_, left_out = ingest(folder, tmp_path / "out", dataset)
    assert left_out["id"].tolist() == ["200003"]
    assert left_out["reason"][0] == (
        "in band H, it cannot be the same area of the sky as in the first band: it has "
        f"{side} x {side} pixels, expected about 67 x 67 beside the first band's 200 x 200"
    )


CATALOGUE2 = """# a comment
# another
,ID,x_crit,source_ID,ein_area,n_pix_source,n_source_im,mag_eff
0,200001,1.0,7,1e-10,21,1,1.7
1,200002,1.0,7,1e-10,20,1,1.7
2,200003,1.0,7,1e-10,21,0,1.7
3,200004,1.0,7,1e-10,21,1,
4,200001,1.0,7,1e-10,21,1,1.7
5,200005,1.0,7,1e-10,500,2,1.6
"""


def test_the_catalogue_of_the_second_challenge_says_what_is_a_lens(tmp_path):
    path = tmp_path / "image_catalog2.0train.csv"
    path.write_text(CATALOGUE2)
    table = challenge2.read_catalogue(path)
    assert table["id"].tolist() == ["200001", "200002", "200003", "200004", "200005"]
    assert table["is_lens"].tolist() == [1, 0, 0, 0, 0]
    assert table["numb_pix_lensed_image"].tolist() == [21, 20, 21, 21, 500]
    assert table["einstein_radius_arcsec"][0] == pytest.approx(
        np.degrees(np.sqrt(1e-10 / np.pi)) * 3600
    )
    path.write_text(CATALOGUE2.replace("mag_eff", "magnification"))
    with pytest.raises(CatalogueError, match="lacks the column"):
        challenge2.read_catalogue(path)


@pytest.mark.real_data
@pytest.mark.skipif(not EUCLID.exists(), reason="the Euclid stamps are not at hand")
def test_real_euclid_stamps_in_their_bands(tmp_path):
    names = {"VIS": "VIS", "Y": "NIR_Y", "J": "NIR_J", "H": "NIR_H"}
    bands = {
        band: {"hdus": [f"{name}_FLUX", f"{name}_BGSUB"], "rms_hdus": [f"{name}_RMS"]}
        for band, name in names.items()
    }
    dataset = {"kind": "fits", "shards": 1, "bands": bands, "max_quarantine_fraction": 1.0}
    index, flux, _, left_out = ingest(EUCLID, tmp_path / "out", dataset)
    # One file has VIS alone.
    assert len(left_out) == 1
    assert flux.shape == (len(index), 4, 101, 101)
    assert len(index) == 4
    # The surveys' depths (AB mag of one sigma a pixel): VIS is the deepest in these pixels.
    depth = -2.5 * np.log10(gathered(index, "sky_sigma"))
    assert ((depth > 26) & (depth < 33)).all()
    # A lens galaxy is red: brighter in H than in VIS within 1 arcsec.
    inner = flux[:, :, 41:60, 41:60].sum(axis=(2, 3))
    assert (inner[:, 3] > inner[:, 0]).all()
