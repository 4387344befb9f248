from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from lensflow.ingest import cutouts, headers, ingestion, positions
from lensflow.ingest.settings import CutoutSettings
from lensflow.samples.images import open_images

EUCLID = Path(__file__).parents[4] / "shared/data/euclid_q1"
SCALE = 0.1 / 3600


def euclid_settings(rms_hdus=("VIS_RMS",)):
    """Return how the published stamps of the Euclid Q1 lenses are read."""
    return CutoutSettings(
        hdus=("VIS_FLUX", "VIS_BGSUB"),
        reads_headers=True,
        positions=positions.SOURCES,
        rms_hdus=rms_hdus,
        correlated=True,
    )


def header_of(ra, dec, projection="TAN", turn=30.0, crpix=(-800.5, 1500.0), **cards):
    """Return a header with a WCS whose pixels are of 0.1 arcsec, turned by some degrees."""
    header = fits.ImageHDU(np.zeros((4, 4), "f4")).header
    cosine, sine = SCALE * np.cos(np.radians(turn)), SCALE * np.sin(np.radians(turn))
    header["CTYPE1"], header["CTYPE2"] = f"RA---{projection}", f"DEC--{projection}"
    header["CRPIX1"], header["CRPIX2"] = crpix
    header["CRVAL1"], header["CRVAL2"] = ra, dec
    header["CD1_1"], header["CD1_2"] = -cosine, sine
    header["CD2_1"], header["CD2_2"] = sine, cosine
    header.update(cards)
    return header


def by_bytes(header):
    return headers.header_of_bytes(header.tostring(endcard=False, padding=False).encode())


def separation(one, other):
    """Return arcseconds between positions (ra, dec)."""
    return SkyCoord(*one, unit="deg").separation(SkyCoord(*other, unit="deg")).arcsec


@pytest.mark.parametrize(
    ("ra", "dec"), [(150.0, 2.0), (0.002, -45.0), (359.999, 70.0), (40.0, 89.99), (10.0, -90.0)]
)
@pytest.mark.parametrize("projection", ["TAN", "SIN", "ZEA"])
@pytest.mark.parametrize("frame", [{}, {"RADESYS": "ICRS"}, {"RADESYS": "FK5", "EQUINOX": 2000.0}])
def test_the_central_pixel_is_where_astropy_says(ra, dec, projection, frame):
    header = header_of(ra, dec, projection, **frame)
    expected = WCS(header).pixel_to_world(50, 40).icrs
    for known in (by_bytes(header), headers.header_of_astropy(header)):
        row = positions.of_header(known, (80, 100))
        assert separation(row[2:4], (expected.ra.deg, expected.dec.deg)) < 1e-6


@pytest.mark.parametrize(("ra", "dec"), [(150.0, 2.0), (0.001, -60.0), (200.0, 89.9)])
def test_the_projection_around_the_central_pixel_holds_over_the_image(ra, dec):
    header = header_of(ra, dec)
    row = positions.of_header(by_bytes(header), (101, 101))
    local = WCS(naxis=2)
    local.wcs.ctype, local.wcs.crpix = ["RA---TAN", "DEC--TAN"], [51, 51]
    local.wcs.crval, local.wcs.cd = row[2:4], row[4:].reshape(2, 2)
    corners = np.array([[0, 0], [100, 0], [0, 100], [100, 100]])
    found = SkyCoord(*local.all_pix2world(corners, 0).T, unit="deg")
    expected = SkyCoord(*WCS(header).all_pix2world(corners, 0).T, unit="deg")
    assert found.separation(expected).arcsec.max() < 1e-4


def test_a_matrix_in_other_cards():
    plain = header_of(150.0, 2.0, turn=0.0)
    for name in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        del plain[name]
    plain["CDELT1"], plain["CDELT2"] = -SCALE, SCALE
    turned = plain.copy()
    turned["CROTA2"] = 25.0
    both = header_of(150.0, 2.0)
    for name in ("1_1", "1_2", "2_1", "2_2"):
        both[f"PC{name}"] = both[f"CD{name}"]
    both["CDELT1"] = both["CDELT2"] = 1.0
    reference = WCS(header_of(150.0, 2.0)).all_pix2world([[2, 2]], 0)[0]
    assert separation(positions.of_header(by_bytes(both), (4, 4))[2:4], reference) < 1e-6
    for header in (plain, turned):
        expected = WCS(header).all_pix2world([[2, 2]], 0)[0]
        assert separation(positions.of_header(by_bytes(header), (4, 4))[2:4], expected) < 1e-6


def test_distortions_are_followed():
    header = header_of(150.0, 2.0, "TAN-SIP")
    header["A_ORDER"] = header["B_ORDER"] = 2
    header["A_2_0"], header["B_0_2"] = 1e-5, 2e-5
    expected = WCS(header).all_pix2world([[2, 2]], 0)[0]
    assert separation(positions.of_header(by_bytes(header), (4, 4))[2:4], expected) < 1e-6
    without = WCS(header).wcs_pix2world([[2, 2]], 0)[0]
    assert separation(expected, without) > 0.1


def test_placeholders_are_no_positions():
    """The challenge's cutouts all say that they are at (0, 0)."""
    header = header_of(0.0, 0.0, RA=0.0, DEC=0.0)
    assert np.isnan(positions.of_header(by_bytes(header), (4, 4))).all()
    header["RA"] = (-0.0004, "radians")
    assert np.isnan(positions.of_header(by_bytes(header), (4, 4))).all()
    assert np.isnan(positions.of_header(headers.Header(), (4, 4))).all()


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ({"RA_TARG": 10.5, "DEC_TARG": -3.25, "RA": 1.0, "DEC": 2.0}, (10.5, -3.25)),
        ({"RA": "10:30:00", "DEC": "-03:15:00"}, (157.5, -3.25)),
        ({"OBJRA": "157.5", "OBJDEC": "-3.25"}, (157.5, -3.25)),
        ({"RA": 500.0, "DEC": 2.0}, (np.nan, np.nan)),
        ({"RA": "north", "DEC": "up"}, (np.nan, np.nan)),
    ],
)
def test_target_cards(cards, expected):
    header = fits.Header(cards.items())
    np.testing.assert_allclose(positions.of_header(by_bytes(header), (4, 4))[:2], expected)


def test_the_pixel_of_the_target_goes_through_the_wcs():
    header = header_of(150.0, 2.0, TARGETX=1.25, TARGETY=-3.5)
    expected = WCS(header).all_pix2world([[1.25, -3.5]], 0)[0]
    assert separation(positions.of_header(by_bytes(header), (4, 4))[:2], expected) < 1e-6


def test_sources_are_asked_in_order():
    rows = np.full((3, 8), np.nan)
    rows[:, :2] = [[1, 1], [np.nan, np.nan], [np.nan, np.nan]]
    rows[:, 2:4] = [[2, 2], [2, 2], [np.nan, np.nan]]
    table = pd.DataFrame({"RIGHT_ASCENSION": [3.0, 3, 3], "declination": [3.0, 95, 3]})
    choose = positions.choose
    assert choose(rows, ("wcs", "header", "catalogue"), table).sky[:, 0].tolist() == [2, 2, 3]
    assert choose(rows, ("catalogue", "header"), table).sky[[0, 2], 0].tolist() == [3, 3]
    assert np.isnan(choose(rows, ("catalogue", "header"), table).sky[1]).all()
    assert np.isnan(choose(rows, (), table).sky).all()
    assert np.isnan(choose(rows, ("catalogue",), table[["declination"]]).sky).all()


# --- through the ingestion ------------------------------------------------------------------------


def write_survey(folder, places):
    """Write noise with a WCS whose central pixel is at each place; None leaves it out."""
    folder.mkdir()
    for number, place in enumerate(places):
        noise = np.random.default_rng(number).normal(size=(101, 101)).astype("f4")
        header = None if place is None else header_of(*place, crpix=(51, 51))
        fits.PrimaryHDU(noise, header).writeto(folder / f"{number}.fits")


def ingest(folder, out, dataset):
    """Ingest a folder; return its index, open for reading."""
    out.mkdir()
    ingestion.build_manifest("d", dataset, folder, out / "manifest.h5", out / "listing.csv")
    shards = [out / f"shard_{i}.h5" for i in range(dataset["shards"])]
    parts = [out / f"q_{i}.csv" for i in range(dataset["shards"])]
    for number, (shard, part) in enumerate(zip(shards, parts, strict=True)):
        manifest = out / "manifest.h5"
        ingestion.ingest_shard("d", dataset, folder, number, manifest, shard, part, 1)
    lists = [out / "listing.csv", *parts]
    ingestion.build_index("d", dataset, shards, lists, out / "index.h5", out / "q.csv")
    return h5py.File(out / "index.h5"), [h5py.File(shard) for shard in shards]


@pytest.mark.parametrize("shards", [1, 3])
def test_positions_travel_to_the_index(tmp_path, shards):
    places = [None, (10.0, 20.0), (359.9, -20.0), None]
    write_survey(tmp_path / "data", places)
    index, files = ingest(tmp_path / "data", tmp_path / "out", {"kind": "fits", "shards": shards})
    np.testing.assert_allclose(index["ra"][:], [np.nan, 10, 359.9, np.nan], rtol=1e-12)
    np.testing.assert_allclose(index["dec"][:], [np.nan, 20, -20, np.nan], rtol=1e-12)
    assert index["ra"].attrs["units"] == "deg"
    assert sum(len(file["wcs"]) for file in files if "wcs" in file) >= 2


def test_the_catalogue_knows_what_headers_do_not(tmp_path):
    write_survey(tmp_path / "data", [None, (10.0, 20.0)])
    (tmp_path / "c.csv").write_text("id,ra,dec\n0,5.0,6.0\n1,7.0,8.0\n")
    dataset = {"kind": "fits", "shards": 1, "catalogue": str(tmp_path / "c.csv")}
    index, _ = ingest(tmp_path / "data", tmp_path / "out", dataset)
    np.testing.assert_allclose(index["ra"][:], [5, 10], rtol=1e-12)
    dataset["positions"] = ["catalogue"]
    index, _ = ingest(tmp_path / "data", tmp_path / "other", dataset)
    np.testing.assert_allclose(index["ra"][:], [5, 7], rtol=1e-12)


def test_where_nobody_has_a_position_there_are_no_columns(tmp_path):
    write_survey(tmp_path / "data", [None, (0.0, 0.0)])
    index, files = ingest(tmp_path / "data", tmp_path / "out", {"kind": "fits", "shards": 1})
    for file in (index, *files):
        assert not {"ra", "dec", "wcs"} & set(file)


@pytest.mark.real_data
@pytest.mark.skipif(not EUCLID.exists(), reason="the Euclid stamps are not at hand")
def test_the_euclid_stamps_have_positions_and_noise_of_their_maps():
    paths = sorted(path for path in map(str, EUCLID.rglob("*.fits")) if "_vis" not in path)
    batch = cutouts.read_batch(paths, paths, euclid_settings(), 1)
    assert not batch.problems
    assert len(paths) == 4
    place = positions.choose(batch.headers, ("wcs",), pd.DataFrame(index=range(4)))
    named = SkyCoord("17h45m17.55s +65d56m12.5s")
    (row,) = [number for number, path in enumerate(paths) if "EUCLJ174517" in path]
    assert separation(place.sky[row], (named.ra.deg, named.dec.deg)) < 0.2
    for number, path in enumerate(paths):
        with fits.open(path) as file:
            layer = file["VIS_BGSUB"] if "VIS_BGSUB" in file else file["VIS_FLUX"]
            centre = [side // 2 for side in layer.shape]
            expected = WCS(layer.header).all_pix2world([centre[::-1]], 0)[0]
            rms = np.median(file["VIS_RMS"].data) * 10 ** (-0.4 * 24.6)
        assert separation(place.sky[number], expected) < 1e-6
        assert batch.sky_sigma[number] == pytest.approx(rms, rel=0.1)
    # Resampled mosaics: neighbours share noise, and pixels scatter less than independent ones.
    white = cutouts.read_batch(paths, paths, euclid_settings(rms_hdus=None), 1)
    assert (white.sky_sigma < 0.9 * batch.sky_sigma).all()
    assert ((batch.correlation > 0.05) & (batch.correlation < 0.4)).all()


def test_an_image_shard_gives_its_wcs(tmp_path):
    write_survey(tmp_path / "data", [(10.0, 20.0)])
    ingest(tmp_path / "data", tmp_path / "out", {"kind": "fits", "shards": 1})
    with open_images(tmp_path / "out/shard_0.h5") as images:
        assert images.wcs(0)[:2] == pytest.approx([10.0, 20.0])
        assert np.hypot(*images.wcs(0)[2:4]) == pytest.approx(SCALE)
        assert images.unit == "AB maggies or counts"
