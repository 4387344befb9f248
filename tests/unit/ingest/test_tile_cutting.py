"""Stamps are what lies around their objects, whatever the form and the scale of the tile."""

import gzip

import h5py
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from unit.ingest.mosaic_fixtures import (
    add_star,
    make_one,
    make_tiles,
    noise,
    run,
    wcs_of,
    write,
    write_catalogue,
)

PLACES = [(150.0, 2.0), (0.0, -30.0), (0.0005, 10.0), (80.0, 89.995), (10.0, -89.9)]


def centroid(image, around=5):
    """Return x and y of the light around the central pixel of an image."""
    middle = len(image) // 2
    part = image[middle - around : middle + around + 1, middle - around : middle + around + 1]
    rows, columns = np.mgrid[-around : around + 1, -around : around + 1]
    return np.array([(part * columns).sum(), (part * rows).sum()]) / part.sum()


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
