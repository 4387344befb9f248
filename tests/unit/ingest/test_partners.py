"""Bands in files of their own: which belong together, and what is said of those that do not."""

import re

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from lensflow import artifacts
from lensflow.errors import CutoutError
from lensflow.ingest.listing import Layout, list_bands
from unit.ingest import mosaic_fixtures as mosaics
from unit.ingest.test_bands import EUCLID, FITS, ZERO_POINTS, image, ingest, noise, write_bands

# Sorted as texts, they are in another order than as numbers.
IDS = ("10", "9", "a-1", "B 2", "b")
LAYOUTS = {
    "{band}/{id}.fits": {"patterns": "{band}/*.fits"},
    "part_{part}/{band}/{id}.fits.gz": {"patterns": "{band}/*.fits.gz"},
    "{id}_{band}.fits": {"patterns": "*_{band}.fits", "id_pattern": "^(.+)_"},
}


def entry(patterns="{band}/*.fits", bands=("VIS", "Y", "H"), **changes):
    return {
        **FITS,
        "bands": {band: {"pattern": patterns.format(band=band)} for band in bands},
        **changes,
    }


def write(path, pixels, **cards):
    path.parent.mkdir(parents=True, exist_ok=True)
    hdu = fits.PrimaryHDU(pixels)
    hdu.header.update(cards)
    hdu.writeto(path)


def made(identifier, band):
    return image([*map(ord, identifier + band)])


def make_files(folder, layout="{band}/{id}.fits", ids=IDS):
    for number, identifier in enumerate(ids):
        for band, zero_point in ZERO_POINTS.items():
            path = layout.format(band=band, id=identifier, part=(number + len(band)) % 2)
            write(folder / path, made(identifier, band), MAGZERO=zero_point)
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """What comes of the same images as the HDUs of one file an object."""
    folder = tmp_path_factory.mktemp("shared")
    for identifier in IDS:
        images = {band: made(identifier, band) for band in ZERO_POINTS}
        write_bands(folder / f"data/{identifier}.fits", images)
    hdus = {band: {"hdus": [f"{band}_FLUX"]} for band in ZERO_POINTS}
    return ingest(folder / "data", folder / "out", {**FITS, "bands": hdus})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_a_band_gives_the_images_of_one_file_to_the_bit(tmp_path, shared, layout):
    own = ingest(make_files(tmp_path / "own", layout), tmp_path / "out", entry(**LAYOUTS[layout]))
    pd.testing.assert_frame_equal(own[0], shared[0])
    np.testing.assert_array_equal(own[1], shared[1])
    assert own[0]["id"].tolist() == sorted(IDS)
    assert own[2] == shared[2] == ("VIS", "Y", "H")
    assert own[3].empty
    with artifacts.open(tmp_path / "out/manifest.h5", "manifest") as file:
        keys = {"VIS": "path", "Y": "bands/Y/path", "H": "bands/H/path"}
        for band, key in keys.items():
            paths = artifacts.read_strings(file, key)
            there = [layout.format(band=band, id=name, part=".") for name in sorted(IDS)]
            assert all(map(re.fullmatch, there, paths))


EUCLID_NAMES = {"VIS": "VIS", "Y": "NIR_Y", "J": "NIR_J", "H": "NIR_H"}


@pytest.mark.real_data
@pytest.mark.skipif(not EUCLID.exists(), reason="the Euclid stamps are not at hand")
def test_real_euclid_stamps_cut_into_a_file_for_each_band(tmp_path):
    hdus = {
        band: {"hdus": [f"{name}_FLUX", f"{name}_BGSUB"], "rms_hdus": [f"{name}_RMS"]}
        for band, name in EUCLID_NAMES.items()
    }
    for path in EUCLID.glob("*.fits"):
        with fits.open(path) as file:
            found = {hdu.name: hdu for hdu in file}
            for band, choices in hdus.items():
                for name in found.keys() & set(choices["hdus"]):
                    flux, rms = found[name], found[choices["rms_hdus"][0]]
                    own = tmp_path / f"own/{path.stem}_{band}.fits"
                    own.parent.mkdir(exist_ok=True)
                    image = fits.PrimaryHDU(flux.data, flux.header)
                    noise_map = fits.ImageHDU(rms.data, rms.header, name="RMS")
                    fits.HDUList([image, noise_map]).writeto(own, output_verify="silentfix")
    wanted = {"kind": "fits", "shards": 1, "max_quarantine_fraction": 0.5}
    shared = ingest(EUCLID, tmp_path / "shared", {**wanted, "bands": hdus})
    bands = {band: {"pattern": f"*_{band}.fits", "rms_hdus": ["RMS"]} for band in hdus}
    apart = {**wanted, "bands": bands, "id_pattern": "^(.+)_"}
    index, flux, _, left_out = ingest(tmp_path / "own", tmp_path / "apart", apart)
    assert left_out.empty
    assert len(index) == 4
    pd.testing.assert_frame_equal(index, shared[0])
    np.testing.assert_array_equal(flux, shared[1])
    with (
        h5py.File(tmp_path / "shared/index.h5") as one,
        h5py.File(tmp_path / "apart/index.h5") as two,
    ):
        assert (one["ra"][:] == two["ra"][:]).all()


def test_an_object_without_one_file_in_each_band_is_left_out_once(tmp_path, caplog):
    folder = make_files(tmp_path / "data")
    for path in ("Y/10.fits", "H/10.fits", "H/9.fits"):
        (folder / path).unlink()
    write(folder / "deep/Y/b.fits", noise(1))
    write(folder / "Y/spare.fits", noise(1))
    write(folder / "H/spare.fits", noise(1))
    (folder / "H/gone.fits").symlink_to(folder / "nowhere")
    (folder / "VIS/README").write_text("no image")
    write(folder / "VIS/10.fit", noise(1))
    with caplog.at_level("WARNING"):
        dataset = entry(max_quarantine_fraction=0.7)
        index, flux, _, left_out = ingest(folder, tmp_path / "out", dataset)
    assert index["id"].tolist() == ["B 2", "a-1"]
    np.testing.assert_allclose(
        flux[1, 2], made("a-1", "H") * np.float32(10 ** (-0.4 * ZERO_POINTS["H"])), rtol=1e-6
    )
    rows = left_out.set_index("path")[["id", "reason"]].T.to_dict("list")
    assert rows == {
        "VIS/10.fits": ["10", "in band Y, no file of its id fits 'Y/*.fits'; see id_pattern"],
        "VIS/9.fits": ["9", "in band H, no file of its id fits 'H/*.fits'; see id_pattern"],
        "VIS/b.fits": [
            "b",
            "in band Y, 2 files of its id fit 'Y/*.fits': Y/b.fits and deep/Y/b.fits; expected one",
        ],
        "H/gone.fits": ["", "in band H, it is a link that leads nowhere"],
    }
    alone = "files of band {} have the id of no file of band VIS, for example {}/spare.fits"
    for band in ("Y", "H"):
        assert f"dataset d: 1 {alone.format(band, band)}" in caplog.text
    assert "1 FITS files below" in caplog.text
    assert "'VIS/*.fits' or 'Y/*.fits' or 'H/*.fits', for example VIS/10.fit" in caplog.text


def test_names_without_a_partner_stop_the_run_and_say_what_was_looked_for(tmp_path):
    folder = make_files(tmp_path / "data", "{id}_{band}.fits")
    with pytest.raises(CutoutError, match=r"5 x in band Y, no file of its id fits '\*_Y.fits'"):
        ingest(folder, tmp_path / "out", entry("*_{band}.fits"))
    with pytest.raises(CutoutError, match=r"no file below .* fits 'VIS/\*.fits'; 15 files"):
        ingest(folder, tmp_path / "none", entry())


def test_a_band_of_which_no_file_can_be_used_is_named(tmp_path):
    folder = make_files(tmp_path / "data")
    for path in folder.glob("Y/*.fits"):
        path.unlink()
        path.symlink_to(folder / "nowhere")
    with pytest.raises(CutoutError, match=r"5 x in band Y, no file of its id fits 'Y/\*.fits'"):
        ingest(folder, tmp_path / "out", entry())


def test_two_bands_of_an_object_are_not_the_same_image(tmp_path):
    """Patterns that overlap are told apart by the files that they find, and by their HDUs."""
    folder = make_files(tmp_path / "data", "{id}_{band}.fits", ["1", "2"])
    dataset = entry("*_{band}.fits", ("VIS", "Y"), id_pattern="^(.+)_", max_quarantine_fraction=1.0)
    dataset["bands"]["H"] = {"pattern": "?_[V]IS.fits"}
    with pytest.raises(CutoutError, match="2 x in band H, its file is that of band VIS"):
        ingest(folder, tmp_path / "out", dataset)
    for path in folder.glob("*_VIS.fits"):
        fits.append(path, made(path.stem[0], "H"), fits.Header({"EXTNAME": "H", "MAGZERO": 0.0}))
    dataset["bands"]["H"]["hdus"] = ["H"]
    _, flux, _, left_out = ingest(folder, tmp_path / "apart", dataset)
    assert left_out.empty
    np.testing.assert_array_equal(flux[:, 2], [made("1", "H"), made("2", "H")])


def test_a_catalogue_and_the_most_objects_are_those_of_the_first_band(tmp_path):
    folder = make_files(tmp_path / "data")
    (folder / "Y/10.fits").unlink()
    (tmp_path / "c.csv").write_text("id,is_lens\n10,1\n9,1\na-1,0\nb,0\n")
    dataset = entry(catalogue=str(tmp_path / "c.csv"), max_quarantine_fraction=1.0, max_objects=2)
    index, flux, _, left_out = ingest(folder, tmp_path / "out", dataset)
    assert index["id"].tolist() == ["9", "a-1"]
    factor = np.float32(10 ** (-0.4 * ZERO_POINTS["Y"]))
    for got, name in zip(flux[:, 1], index["id"], strict=True):
        np.testing.assert_allclose(got, made(name, "Y") * factor, rtol=1e-6)
    assert left_out["id"].tolist() == ["B 2", "10"]
    assert left_out["reason"][0] == "no row in the catalogue"


def test_files_of_bands_are_compared_by_their_wcs_and_resampled_as_hdus_are(tmp_path):
    def cards(scale, dec=5.0):
        header = mosaics.wcs_of(10.0, dec, (101, 101), scale / 3600).to_header()
        return {name: value for name, value in header.items() if name != "MJDREF"}

    bands = {"VIS": {"pattern": "VIS/*", "pixel_scale": 0.1}}
    bands["H"] = {"pattern": "H/*", "pixel_scale": 0.3}
    for identifier, dec in (("there", 5.0), ("elsewhere", 5.01)):
        write(tmp_path / f"data/VIS/{identifier}.fits", image(1), MAGZERO=24.0, **cards(0.1))
        coarse = np.full((101, 101), 9.0, "f4") + noise(2)
        write(tmp_path / f"data/H/{identifier}.fits", coarse, MAGZERO=24.0, **cards(0.3, dec))
    dataset = {"kind": "fits", "shards": 1, "bands": bands, "max_quarantine_fraction": 0.5}
    dataset["positions"] = ["wcs"]
    _, flux, _, left_out = ingest(tmp_path / "data", tmp_path / "out", dataset)
    assert left_out["id"].tolist() == ["elsewhere"]
    assert "in band H, its middle is 36 arcsec from the first band's" in left_out["reason"][0]
    # A pixel of a ninth of the area has a ninth of the flux.
    assert flux[0, 1].mean() / 10 ** (-0.4 * 24.0) == pytest.approx(1.0, rel=0.01)


def test_one_walk_lists_what_a_walk_for_each_band_lists(tmp_path):
    folder = make_files(tmp_path / "data", "part_{part}/{band}/{id}.fits")
    layouts = [Layout(f"{band}/*.fits") for band in ZERO_POINTS] + [Layout(None)]
    for together, layout in zip(list_bands(folder, layouts), layouts, strict=True):
        alone = list_bands(folder, [layout])[0]
        rows = np.arange(len(alone.ids))
        assert together.paths(rows) == alone.paths(rows)
        assert together.ids.tolist() == alone.ids.tolist()
    assert len(rows) == 15
