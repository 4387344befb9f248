import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

from lensflow.errors import CutoutError
from lensflow.ingest import units
from lensflow.ingest.cutouts import read_batch
from lensflow.ingest.headers import Header
from lensflow.ingest.settings import CutoutSettings


@pytest.mark.parametrize("unit", ["Jy", "mJy", "uJy", "nJy", "10**-9 Jy", "erg/(s cm2 Hz)"])
def test_a_zero_point_is_the_magnitude_of_the_unit(unit):
    expected = (1 * u.Unit(unit)).to_value(u.ABmag)
    assert units.unit_zero_point(unit) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("unit", "zero_point"),
    [("nanomaggy", 22.5), ("nanomaggies", 22.5), ("maggy", 0.0), ("Jy", 8.90), ("nJy", 31.4)],
)
def test_the_zero_points_of_surveys(unit, zero_point):
    assert units.unit_zero_point(unit) == pytest.approx(zero_point, abs=1e-9)


@pytest.mark.parametrize("unit", ["", "adu", "electron", "electron/s", "counts", "MJy/sr", "?"])
def test_what_is_no_flux_has_no_zero_point(unit):
    assert units.unit_zero_point(unit) is None


def test_the_header_of_each_survey():
    zero_point = units.zero_point
    assert zero_point(Header({"MAGZERO": 24.6}), 20.0) == 24.6
    assert zero_point(Header({"FLUXMAG0": 63095734448.0194}), None) == pytest.approx(27.0)
    assert zero_point(Header({"BUNIT": "nanomaggy", "MAGZERO": 22.5}), None) == 22.5
    assert zero_point(Header({"BUNIT": "Jy"}), 8.906) == pytest.approx(8.9)
    assert zero_point(Header({"BUNIT": "adu"}), 27.0) == 27.0
    assert zero_point(Header({"BUNIT": "adu"}), None) is None


@pytest.mark.parametrize(
    ("values", "configured", "message"),
    [
        ({"BUNIT": "uJy"}, 24.6, r"BUNIT is 'uJy'.* write zero_point: 23.9, or leave it out"),
        ({"BUNIT": "Jy", "MAGZERO": 24.6}, None, "the header contradicts itself: MAGZERO"),
        ({"FLUXMAG0": -1.0}, None, "FLUXMAG0 is -1"),
    ],
)
def test_contradictions_are_refused(values, configured, message):
    with pytest.raises(CutoutError, match=message):
        units.zero_point(Header(values), configured)


def noise(seed=1):
    return np.random.default_rng(seed).normal(size=(101, 101)).astype("f4")


def write(folder, name, data, **cards):
    fits.PrimaryHDU(data, fits.Header(cards.items())).writeto(folder / f"{name}.fits")


def read(folder, names, **kwargs):
    settings = CutoutSettings(reads_headers=True, **kwargs)
    return read_batch([f"{folder}/{name}.fits" for name in names], names, settings, 1)


def test_a_zero_point_that_headers_overrule_is_told_once(caplog):
    chosen = [units.preferred(own, 21.61) for own in (24.6, None, 21.61, 24.6)]
    assert chosen == [24.6, 21.61, 21.61, 24.6]
    (line,) = caplog.messages
    assert "zero_point: 21.61 is not used" in line


def test_a_bad_unit_is_one_row_in_quarantine_and_the_others_go_on(tmp_path):
    write(tmp_path, "plain", noise(), BUNIT="nJy")
    write(tmp_path, "other", noise(), BUNIT="uJy")
    write(tmp_path, "bytes", np.arange(101 * 101, dtype=np.uint8).reshape(101, 101))
    write(tmp_path, "stretched", noise(), STRETCH="asinh")
    write(tmp_path, "unit", np.clip(0.3 + 0.1 * noise(), 0, 1))
    names = ["plain", "other", "bytes", "stretched", "unit"]
    batch = read(tmp_path, names, zero_point=31.4)
    assert batch.rows.tolist() == [0]
    assert batch.sky_sigma[0] == pytest.approx(10 ** (-0.4 * 31.4), rel=0.1)
    assert "write zero_point: 23.9" in batch.problems[1]
    for row in (2, 3, 4):
        assert batch.problems[row].startswith("the image is normalised: ")
        assert "write state: normalised" in batch.problems[row]


def test_what_is_declared_normalised_is_read_as_it_is(tmp_path):
    write(tmp_path, "unit", np.clip(0.3 + 0.1 * noise(), 0, 1), STRETCH="asinh", MAGZERO=25.0)
    batch = read(tmp_path, ["unit"], normalised=True)
    assert (batch.flux[0] == np.clip(0.3 + 0.1 * noise(), 0, 1)).all()
    assert CutoutSettings(normalised=True).unit == "1"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.2, 1.0], True),
        ([0.0, np.nan, 0.7], True),
        ([-0.1, 0.2, 1.0], False),
        ([0.0, 0.2, 1.5], False),
        ([0.0, 1e-9], False),
        ([np.nan, np.nan], False),
    ],
)
def test_values_that_fill_the_unit_interval(values, expected):
    assert units.fills_unit_interval(np.array([values])) is expected


def test_attributes_of_an_array_say_its_unit():
    assert units.zero_point(units.header_of_attributes({"units": b"mJy"}), None) == pytest.approx(
        16.4
    )
    assert units.zero_point(units.header_of_attributes({"MAGZERO": np.float32(25)}), None) == 25
    assert units.zero_point(units.header_of_attributes({}), 3.0) == 3.0
