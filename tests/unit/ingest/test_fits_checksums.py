"""Checksums of FITS files, against astropy's: right ones pass, damaged files are left out."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from lensflow.errors import CutoutError
from lensflow.ingest.fits_checksums import ones_complement_sum
from lensflow.ingest.fits_images import read_pixels, read_with_astropy

IMAGE = np.random.default_rng(1).normal(size=(30, 31)).astype(">f4")


def write(path, hdu=None, checksum=True):
    (hdu or fits.PrimaryHDU(IMAGE)).writeto(path, checksum=checksum, overwrite=True)
    return path


def flip(path, place, bit=1):
    data = bytearray(path.read_bytes())
    data[place] ^= bit
    path.write_bytes(data)


@pytest.mark.parametrize("seed", range(5))
def test_the_sum_is_astropys(seed):
    data = np.random.default_rng(seed).bytes(2880 * (seed + 1))
    hdu = fits.PrimaryHDU()
    assert ones_complement_sum(data) == hdu._compute_checksum(np.frombuffer(data, "u1"))
    assert ones_complement_sum(b"\xff" * 2880) == 0xFFFFFFFF


@pytest.mark.parametrize("checksum", [True, "datasum", False])
@pytest.mark.parametrize("read", [read_pixels, read_with_astropy])
def test_right_checksums_pass(tmp_path, checksum, read):
    pixels, _ = read(write(tmp_path / "a.fits", checksum=checksum))
    np.testing.assert_array_equal(pixels, IMAGE)


@pytest.mark.parametrize("read", [read_pixels, read_with_astropy])
@pytest.mark.parametrize(
    ("checksum", "keyword"), [(True, "(DATASUM|CHECKSUM)"), ("datasum", "DATASUM")]
)
def test_a_changed_pixel_is_noticed(tmp_path, checksum, keyword, read):
    path = write(tmp_path / "a.fits", checksum=checksum)
    for place in (2880, 2880 + 1234, 2880 + IMAGE.nbytes - 1):
        flip(path, place)
        with pytest.raises(CutoutError, match=f"its {keyword} does not fit its bytes"):
            read(path)
        flip(path, place)
    read(path)


def test_a_changed_header_is_noticed_by_checksum_alone(tmp_path):
    hdu = fits.PrimaryHDU(IMAGE)
    hdu.header["OBJECT"] = "lens"
    path = write(tmp_path / "a.fits", hdu)
    flip(path, path.read_bytes().index(b"'lens"), 2)
    with pytest.raises(CutoutError, match="its CHECKSUM does not fit"):
        read_pixels(path)


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_keyword_says_nothing(tmp_path, value):
    hdu = fits.PrimaryHDU(IMAGE)
    hdu.header["DATASUM"] = hdu.header["CHECKSUM"] = value
    hdu.header["HISTORY"] = "CHECKSUM= 'wrong' and DATASUM = '1'"
    np.testing.assert_array_equal(read_pixels(write(tmp_path / "a.fits", hdu, False))[0], IMAGE)


def test_a_compressed_extension_is_checked_too(tmp_path):
    path = write(tmp_path / "a.fits", fits.CompImageHDU(IMAGE.astype("i4")))
    read_pixels(path)
    flip(path, path.stat().st_size - 2880)
    with pytest.raises(CutoutError):
        read_pixels(path)


def test_every_damaged_byte_of_a_gzipped_file_is_noticed(tmp_path):
    raw = write(tmp_path / "a.fits", checksum=False).read_bytes()
    path = tmp_path / "a.fits.gz"
    packed = gzip.compress(raw, mtime=0)
    for place in np.random.default_rng(1).integers(10, len(packed), 100):
        path.write_bytes(packed)
        flip(path, place, 16)
        with pytest.raises(CutoutError, match="gzip is damaged"):
            read_pixels(path)
    path.write_bytes(packed)
    np.testing.assert_array_equal(read_pixels(path)[0], IMAGE)
    path.write_bytes(packed[:-8])
    with pytest.raises(CutoutError, match="gzip is damaged"):
        read_pixels(path)


def test_a_file_that_unpacks_to_too_much_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("lensflow.ingest.fits_images.LARGEST_UNPACKED", 5000)
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress(write(tmp_path / "a.fits").read_bytes()))
    with pytest.raises(CutoutError, match="it unpacks to more than"):
        read_pixels(tmp_path / "a.fits.gz")
