"""Tiles are found together with their maps, and those that cannot be used are told."""

import pytest
from astropy.io import fits

from lensflow.errors import CutoutError
from unit.ingest.mosaic_fixtures import make_one, make_tiles, noise, run, wcs_of, write


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
