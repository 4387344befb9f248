import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lensflow.errors import CutoutError
from lensflow.ingest import cutouts, fits_direct, fits_images, sky
from lensflow.ingest.fits_direct import read_direct
from lensflow.ingest.settings import CutoutSettings
from lensflow.seeds import rng

SHARED = Path(__file__).parents[4] / "shared/data"
CHALLENGE = SHARED / "challenge1"
EUCLID = SHARED / "euclid_q1"
CHALLENGE_SIGMA = 7.77e-13


def noise(shape=(101, 101), seed=0, scale=1.0):
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype("f4")


def write(path, data, cards=(), **kwargs):
    hdu = fits.PrimaryHDU(data)
    for name, value in cards:
        hdu.header[name] = value
    hdu.writeto(path, overwrite=True, **kwargs)
    return path


def both_ways(path, hdus=None):
    """Read with the fast path as used and with astropy alone; say whether the fast one served."""
    results = []
    for read in (fits_images.read_pixels, fits_images.read_with_astropy):
        try:
            pixels, zero_point = read(path, hdus)
            with np.errstate(over="ignore", invalid="ignore"):
                results.append((pixels.astype("f4").view("u4").tolist(), zero_point))
        except CutoutError as error:
            results.append(str(error))
    return results, read_direct(path, hdus) is not None


# --- the fast path is the slow path ---------------------------------------------------------


class Bytes(bytes):
    """Bytes that a failing example shows in a readable way."""

    def __repr__(self):
        cards = [self[start : start + 80].strip() for start in range(0, min(len(self), 8000), 80)]
        return f"{len(self)} bytes: {[card for card in cards if card.strip(bytes(1))][:20]}"


@st.composite
def fits_files(draw):
    """Bytes of FITS files of many kinds, sound or not, and the HDUs asked for."""
    bitpix = draw(st.sampled_from([8, 16, 32, 64, -32, -64]))
    shape = draw(st.tuples(st.integers(1, 30), st.integers(1, 30)))
    kind = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}[bitpix]
    data = draw(st.binary(min_size=int(np.prod(shape)) * 8)) or b""
    n_bytes = int(np.prod(shape)) * np.dtype(kind).itemsize
    data = (data * (n_bytes // max(1, len(data)) + 1))[:n_bytes]
    cards = [
        f"SIMPLE  = {'T':>20} / standard",
        f"BITPIX  = {bitpix:>20}",
        f"NAXIS   = {2:>20}",
        f"NAXIS1  = {shape[1]:>20}",
        f"NAXIS2  = {shape[0]:>20}",
    ]
    cards += draw(st.lists(st.sampled_from(EXTRA_CARDS), max_size=6))
    cards += ["COMMENT filler"] * draw(st.sampled_from([0, 0, 31, 40, 80]))
    header = "".join(f"{card:80}" for card in [*cards, "END"]).encode("latin-1")
    header += b" " * (-len(header) % 2880)
    raw = header + data + b"\0" * (-len(data) % 2880)
    raw += draw(st.sampled_from([b"", b"", EXTENSION, b"junk", b"\0" * 2880]))
    if draw(st.integers(0, 4)) == 0:
        raw = raw[: draw(st.integers(0, len(raw)))]
    if draw(st.integers(0, 7)) == 0:
        raw = gzip.compress(raw, mtime=0)
    hdus = draw(st.sampled_from([None, None, ("VIS", "PRIMARY"), ("VIS",), ("PRIMARY",)]))
    return Bytes(raw), hdus


def extension_bytes(tmp="VIS"):
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(noise((12, 13)), name=tmp)])
    hdus[1].header["MAGZERO"] = 24.6
    return hdus[1].header.tostring().encode() + hdus[1].data.astype(">f4").tobytes() + bytes(2256)


EXTENSION = extension_bytes()
EXTRA_CARDS = [
    "BSCALE  =                  2.0",
    "BSCALE  =                  1.0",
    "BSCALE= 3.0",
    " BSCALE =                  2.0",
    "bscale  =                  2.0",
    "BZERO   =                  0.0 / identity",
    "BZERO   =              32768",
    "BLANK   =                  -1",
    "MAGZERO =                 24.6 / AB",
    "MAGZERO =                25.0E0",
    "MAGZERO = 'bright'",
    "MAGZERO =",
    "magzpt  =                  23.",
    "ZEROPNT =                    0",
    "HIERARCH MAGZERO = 22.0",
    "HIERARCH range x = 4.89661817911E-05 / radians",
    "EXTNAME = 'VIS'",
    "EXTNAME = 'PRIMARY'",
    "EXTEND  =                    T",
    "GROUPS  =                    F",
    "PCOUNT  =                    0",
    "GCOUNT  =                    1",
    "GCOUNT  =                    2",
    "NAXIS3  =                    7",
    "BITPIX  =                    8",
    "NAXIS1  =                    1",
    "XTENSION= 'IMAGE   '",
    "ENDTIME =                  1.0",
    "END     = 4",
    "COMMENT END of BLANK MAGZERO and BSCALE",
    "HISTORY \xe9",
    "LONGSTR = 'a long string that goes on&'",
    "CONTINUE  'BSCALE = 2'",
    "",
]


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(fits_files())
def test_fast_and_astropy_agree_to_the_bit(tmp_path_factory, example):
    raw, hdus = example
    path = tmp_path_factory.getbasetemp() / "property.fits"
    path.write_bytes(raw)
    (ours, astropys), _ = both_ways(path, hdus)
    assert ours == astropys


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(101, 101), (150, 99), (200, 200)])
def test_plain_files_take_the_fast_path(tmp_path, dtype, shape):
    data = (100 * noise(shape) ** 2 + 3).astype(dtype)
    (ours, astropys), fast = both_ways(write(tmp_path / "a.fits", data, [("MAGZERO", 24.6)]))
    assert fast
    assert ours == astropys
    assert ours[1] == 24.6


@pytest.mark.parametrize("name", fits_direct._SPECIAL)
def test_no_special_keyword_is_overlooked(name):
    cards = b"RA      =  -1.5E-03 / radians".ljust(80) + name.ljust(8) + b"= 1".ljust(72)
    assert fits_direct._may_be_special(cards.translate(None, fits_direct._VARYING))


def test_values_that_are_not_numbers_survive(tmp_path):
    data = noise()
    data[3, 4], data[5, 6], data[7, 8] = np.nan, np.inf, -np.inf
    (ours, astropys), fast = both_ways(write(tmp_path / "a.fits", data))
    assert fast
    assert ours == astropys


@pytest.mark.parametrize(
    "make",
    [
        lambda path: write(path, np.arange(2500, dtype="u2").reshape(50, 50)),  # BZERO
        lambda path: fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(noise())]).writeto(path),
        lambda path: fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(noise())]).writeto(path),
        lambda path: path.write_bytes(gzip.compress(b"not FITS")),
    ],
)
def test_everything_else_goes_through_astropy(tmp_path, make):
    make(tmp_path / "a.fits")
    (ours, astropys), fast = both_ways(tmp_path / "a.fits")
    assert not fast
    assert ours == astropys


# --- which HDU, in which unit -----------------------------------------------------------------


@pytest.fixture
def multi(tmp_path):
    hdus = [fits.PrimaryHDU()]
    for number, name in enumerate(["DES_G_FLUX", "VIS_FLUX", "VIS_RMS"]):
        hdus.append(fits.ImageHDU(np.full((20, 20), number + 1.0, "f4"), name=name))
        hdus[-1].header["MAGZERO"] = 30.0 - number
    hdus.append(fits.ImageHDU(np.ones((3, 20, 20), "f4"), name="CUBE"))
    fits.HDUList(hdus).writeto(tmp_path / "multi.fits")
    return tmp_path / "multi.fits"


def test_the_first_listed_hdu_that_is_there(multi):
    flux = cutouts.read_cutout(multi, ["VIS_BGSUB", "vis_flux", "PRIMARY"])
    assert flux.dtype == np.float32
    assert flux[0, 0] == pytest.approx(2 * 10 ** (-0.4 * 29.0), rel=1e-6)


def test_without_names_the_first_image(multi):
    assert cutouts.read_cutout(multi)[0, 0] == pytest.approx(10 ** (-0.4 * 30.0), rel=1e-6)


def test_the_zero_point_of_the_header_wins(tmp_path):
    path = write(tmp_path / "a.fits", np.ones((20, 20), "f4"), [("MAGZERO", 25.0)])
    assert cutouts.read_cutout(path, zero_point=0.0)[0, 0] == np.float32(1e-10)
    path = write(tmp_path / "b.fits", np.ones((20, 20), "f4"))
    assert cutouts.read_cutout(path, zero_point=25.0)[0, 0] == np.float32(1e-10)
    with pytest.raises(CutoutError, match=r"no MAGZERO or MAGZPT or ZEROPNT.*give zero_point"):
        cutouts.read_cutout(path)


def test_an_absent_hdu_names_what_there_is(multi):
    with pytest.raises(CutoutError, match=r"none of the HDUs \['NIR'\].*'VIS_FLUX'"):
        cutouts.read_cutout(multi, ["NIR"])


@pytest.mark.parametrize("hdus", [["CUBE"], None])
def test_wrong_dimensions(multi, tmp_path, hdus):
    path = multi if hdus else write(tmp_path / "cube.fits", np.ones((3, 20, 20), "f4"))
    with pytest.raises(CutoutError, match=r"\(3, 20, 20\)"):
        cutouts.read_cutout(path, hdus, 0.0)


# --- bad files ----------------------------------------------------------------------------------


def bad_files(folder):
    """Write one file of each bad kind; return their names and the reason expected for each."""
    raw = write(folder / "good.fits", noise()).read_bytes()
    (folder / "truncated.fits").write_bytes(raw[:30000])
    (folder / "truncated_header.fits").write_bytes(raw[:1000])
    (folder / "text.fits").write_text("ra dec flux\n1 2 3\n" * 50)
    (folder / "empty.fits").write_bytes(b"")
    (folder / "folder.fits").mkdir()
    half = noise()
    half[:51] = np.nan
    write(folder / "half.fits", half)
    write(folder / "nan.fits", np.full((101, 101), np.nan, "f4"))
    write(folder / "zero.fits", np.zeros((101, 101), "f4"))
    write(folder / "cube.fits", np.zeros((2, 101, 101), "f4"))
    write(folder / "vector.fits", np.zeros(101, "f4"))
    write(folder / "tiny.fits", noise((8, 8)))
    # astropy would look for a hundred million axes, for minutes.
    axes = b"NAXIS   = " + b"99999999".rjust(20)
    (folder / "axes.fits").write_bytes(raw.replace(b"NAXIS   = " + b"2".rjust(20), axes))
    # And it would go back to the HDU before, again and again.
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(noise())]).writeto(folder / "back.fits")
    count = b"GCOUNT  = " + b"1".rjust(20), b"GCOUNT  = " + b"-5".rjust(20)
    (folder / "back.fits").write_bytes((folder / "back.fits").read_bytes().replace(*count))
    # The data are longer than the header says: what follows is no HDU.
    shorter = b"NAXIS1  = " + b"16".rjust(20)
    (folder / "shorter.fits").write_bytes(raw.replace(b"NAXIS1  = " + b"101".rjust(20), shorter))
    flat_border = np.zeros((101, 101), "f4")
    flat_border[20:80, 20:80] = noise((60, 60))
    write(folder / "flat_border.fits", flat_border)
    return {
        "truncated": "truncated: it ends after 30000 bytes",
        "truncated_header": "Empty or corrupt FITS file",
        "text": "No SIMPLE card found",
        "empty": "Empty or corrupt FITS file",
        "folder": "Is a directory",
        "missing": "No such file",
        "half": "50.5% of the pixels have no value; at most 5%",
        "nan": "100.0% of the pixels have no value",
        "zero": "every pixel has the same value",
        "cube": r"(2, 101, 101)",
        "vector": r"(101,)",
        "tiny": "(8, 8); two dimensions of more than 10 pixels",
        "axes": "its header is damaged: NAXIS = 99999999",
        "back": "its header is damaged: GCOUNT = -5",
        "shorter": "astropy cannot read it: OSError",
        "flat_border": "its border has no sky noise",
    }


def read_named(folder, names, **kwargs):
    settings = CutoutSettings(**{"zero_point": 0.0, **kwargs})
    return cutouts.read_batch([str(folder / f"{n}.fits") for n in names], names, settings, 1)


def test_every_bad_file_has_its_reason_and_the_good_ones_come_through(tmp_path):
    reasons = bad_files(tmp_path)
    names = ["good", *reasons, "good"]
    batch = read_named(tmp_path, names)
    assert batch.rows.tolist() == [0, len(names) - 1]
    assert np.isfinite(batch.flux).all()
    assert np.allclose(batch.sky_sigma, 1.0, atol=0.15)
    for row, name in enumerate(names[1:-1], 1):
        assert reasons[name] in batch.problems[row], name


def test_a_batch_of_bad_files_only(tmp_path):
    reasons = bad_files(tmp_path)
    batch = read_named(tmp_path, list(reasons))
    assert batch.flux.shape == (0, 101, 101)
    assert len(batch.problems) == len(reasons)


def test_an_object_does_not_depend_on_its_batch(tmp_path):
    names = []
    for number, shape in enumerate([(101, 101), (150, 150), (60, 70), (100, 130)]):
        image = noise(shape, number)
        image[7, 9] = np.nan
        write(tmp_path / f"{number}.fits", image)
        names.append(str(number))
    together = read_named(tmp_path, names)
    for row, name in enumerate(names):
        alone = read_named(tmp_path, [name])
        assert alone.flux[0].tobytes() == together.flux[row].tobytes()
        assert alone.sky_sigma[0] == together.sky_sigma[row]


# --- missing pixels, cropping, padding ----------------------------------------------------------


def test_missing_pixels_become_noise_of_the_sky(tmp_path):
    image = noise(scale=3.0) + 10
    image[40:60, 40:60] = np.nan
    image[0, 0], image[0, 1], image[50, 1] = np.inf, -np.inf, np.inf
    write(tmp_path / "a.fits", image)
    filled = read_named(tmp_path, ["a"]).flux[0]
    assert (filled[1:40] == image[1:40]).all()
    assert np.isfinite(filled).all()
    assert filled[40:60, 40:60].std() == pytest.approx(3.0, rel=0.15)
    assert filled[40:60, 40:60].mean() == pytest.approx(10.0, abs=1.0)


def test_the_masked_value_is_missing_in_the_challenge_only(tmp_path):
    image = noise()
    image[50, 50] = 100.0
    write(tmp_path / "a.fits", image)
    assert read_named(tmp_path, ["a"]).flux[0, 50, 50] == 100.0
    assert abs(read_named(tmp_path, ["a"], masked_value=100.0).flux[0, 50, 50]) < 6


@pytest.mark.parametrize("length", [20, 21, 60, 100, 101, 102, 150, 300])
def test_the_central_pixel_stays_central(length):
    image = np.zeros((length, length), "f4")
    image[length // 2, length // 2] = 7.0
    for size in (50, 51, 101):
        fitted = cutouts.fit_to_size(image, size, 0.1, rng(1, "pad"))
        assert fitted.shape == (size, size)
        assert fitted[size // 2, size // 2] == 7.0


def test_a_crop_keeps_the_pixels_and_padding_is_noise():
    image = noise((150, 80))
    fitted = cutouts.fit_to_size(image, 101, 2.0, rng(1, "pad"), sky_level=5.0)
    assert (fitted[:, 10:90] == image[25:126]).all()
    padding = np.concatenate([fitted[:, :10], fitted[:, 90:]], axis=1)
    assert padding.std() == pytest.approx(2.0, rel=0.1)
    assert padding.mean() == pytest.approx(5.0, abs=0.2)


def test_a_small_stamp_is_padded_with_its_own_noise(tmp_path):
    write(tmp_path / "a.fits", noise((60, 60), scale=4.0), [("MAGZERO", 25.0)])
    batch = read_named(tmp_path, ["a"])
    assert batch.sky_sigma[0] == pytest.approx(4e-10, rel=0.15)
    assert batch.flux[0, :20].std() == pytest.approx(4e-10, rel=0.15)


def test_denoised_images_keep_their_values(tmp_path):
    image = np.abs(noise()) / 10
    write(tmp_path / "a.fits", image, [("MAGZERO", 25.0)])
    write(tmp_path / "b.fits", np.pad(image[20:80, 20:80], 20, constant_values=0.04))
    write(tmp_path / "c.fits", np.full((101, 101), 0.5, "f4"))
    batch = read_named(tmp_path, "abc", denoised=True)
    assert (batch.flux[0] == image).all()
    assert np.isnan(batch.sky_sigma[1])
    assert batch.problems == {2: "every pixel has the same value"}


def test_source_images_may_be_blank_but_not_damaged(tmp_path):
    write(tmp_path / "a.fits", np.zeros((101, 101), "f4"))
    write(tmp_path / "b.fits", np.full((60, 60), 2.0, "f4"))
    write(tmp_path / "c.fits", np.full((101, 101), np.nan, "f4"))
    paths = [str(tmp_path / f"{name}.fits") for name in "abcd"]
    flux, problems = cutouts.read_sources(paths, CutoutSettings(zero_point=0.0))
    assert (flux[0] == 0).all()
    assert flux[1].sum() == 2 * 60 * 60
    assert problems[2] == "source image: has pixels without a value"
    assert problems[3] == "source image: the file cannot be read: No such file or directory"


# --- sky ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("border", [4, 5, 8])
def test_sigma_and_level_of_white_noise(border):
    level, sigma = sky.sky_statistics(noise((2000, 101, 101)) * 3 + 20, border)
    assert sigma.mean() == pytest.approx(3.0, rel=0.005)
    assert sigma.std() < 0.05 * 3
    assert level.mean() == pytest.approx(20.0, abs=0.5)


@pytest.mark.parametrize(
    ("radius", "width", "peak", "tolerance"),
    [(30, 3, 50, 0.01), (45, 3, 20, 0.04), (50, 15, 3, 0.05), (0, 15, 300, 0.02)],
)
def test_a_ring_or_a_galaxy_that_fills_the_image_hardly_matters(radius, width, peak, tolerance):
    y, x = np.mgrid[:101, :101] - 50.0
    light = peak * np.exp(-0.5 * ((np.hypot(x, y) - radius) / width) ** 2)
    sigma = sky.sky_statistics(noise((200, 101, 101)) + light)[1]
    assert sigma.mean() == pytest.approx(1.0, rel=tolerance)


def test_a_bright_neighbour_in_the_corner_hardly_matters():
    image = noise((100, 101, 101))
    image[:, :30, :40] += 500.0
    assert sky.sky_statistics(image)[1].mean() == pytest.approx(1.0, rel=0.01)


def test_missing_border_pixels_are_ignored():
    image = noise((200, 101, 101))
    image[:, :3] = np.nan
    image[:, :, 95:] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        level, sigma = sky.sky_statistics(image)
    assert sigma.mean() == pytest.approx(1.0, rel=0.02)
    assert np.isfinite(level).all()


def test_no_border_at_all_is_nan_and_a_constant_one_zero():
    images = np.stack([np.full((101, 101), np.nan), np.ones((101, 101))])
    assert np.array_equal(sky.sky_statistics(images)[1], [np.nan, 0.0], equal_nan=True)


def test_sigma_scales_with_the_image():
    image = noise()
    assert sky.sky_sigma(image * 1e-12) == pytest.approx(1e-12 * sky.sky_sigma(image), rel=1e-5)


@pytest.mark.parametrize("n_outliers", [0, 1, 30, 200])
def test_clipping_is_what_it_says_for_any_number_of_outliers(n_outliers):
    """Beside the plain way, one row at a time; rows also differ in what is missing."""
    rows = np.abs(noise((5, 400), seed=n_outliers)).astype("f4")
    rows[:, :n_outliers] *= 50
    for number, missing in enumerate((0, 1, 60, 399, 400)):
        rows[number, 400 - missing :] = np.nan
    expected = []
    for row in rows:
        kept = row[~np.isnan(row)]
        for _ in range(sky.CLIP_ROUNDS):
            limit = sky.CLIP_SIGMAS * sky.MAD_TO_SIGMA * np.median(kept) if len(kept) else 0
            kept = row[row <= limit]
        expected.append(sky.MAD_TO_SIGMA * np.median(kept) if len(kept) else np.nan)
    scale = sky._clipped_scale(np.sort(rows, axis=1))
    np.testing.assert_allclose(scale, expected, rtol=1e-6)


# --- real images ----------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.skipif(not CHALLENGE.exists(), reason="the challenge's images are not at hand")
def test_the_sky_of_the_challenge():
    paths = sorted(CHALLENGE.rglob("Public/Band1/*.fits"))
    sigma = [sky.sky_sigma(cutouts.read_cutout(path, zero_point=0.0)) for path in paths]
    assert len(paths) == 10
    assert np.median(sigma) == pytest.approx(CHALLENGE_SIGMA, rel=0.05)
    assert all(read_direct(path) is not None for path in paths)


@pytest.mark.real_data
@pytest.mark.skipif(not EUCLID.exists(), reason="the Euclid stamps are not at hand")
def test_the_euclid_stamps():
    paths = sorted(map(str, EUCLID.rglob("*.fits")))
    settings = CutoutSettings(("VIS_FLUX", "VIS_BGSUB", "PRIMARY"), 24.6)
    batch = cutouts.read_batch(paths, paths, settings, 1)
    assert not batch.problems
    assert batch.flux.shape == (5, 101, 101)
    assert ((batch.sky_sigma > 2.5e-13) & (batch.sky_sigma < 1.2e-12)).all()
    # The lens galaxy is the brightest thing near the centre.
    centre = batch.flux[:, 40:62, 40:62].max(axis=(1, 2))
    assert (centre > 20 * batch.sky_sigma).all()
