import pytest

from lensflow.errors import ConfigError
from lensflow.ingest import kinds
from lensflow.simulate.constants import PIXEL_ARCSEC
from small_projects import project

ASKED = {"n": 10, "pixel_scale": 0.1, "psf_fwhm": 0.18}


def problems(dataset="there", datasets=None, experiments=None, **changes):
    """Return what is said of a project of which a dataset is asked for its completeness."""
    entries = {dataset: {"completeness": {**ASKED, **changes}}, **(datasets or {})}
    try:
        project(datasets=entries, **(experiments or {}))
    except ConfigError as error:
        return str(error)
    return ""


KINDS = {
    "challenge1": {},
    "fits": {"zero_point": 25.0},
    "mosaic": {"pattern": "*.fits"},
    "stack": {"bands": ["VIS"]},
    "challenge2": {"bands": ["VIS"]},
}
CATALOGUED = ("challenge1", "mosaic")
EUCLID = {band: {"hdus": [band], "zero_point": 24.0} for band in ("VIS", "Y", "H")}
DES = {band: {"hdus": [band], "zero_point": 30.0} for band in ("g", "r", "i")}


def said_of_survey(folder, kind, asked, **entry):
    """Return what is said of a dataset of files that is asked for its completeness."""
    table = folder / "objects.csv"
    table.write_text("id,ra,dec\n1,150.0,2.0\n")
    entry = {"kind": kind, "path": str(folder), **KINDS[kind], **entry, "completeness": asked}
    if kind in CATALOGUED:
        entry["catalogue"] = str(table)
    try:
        project(folder, ["mixed"], {"survey": entry}, mixed={"apply_to": ["survey"]})
    except ConfigError as error:
        return str(error)
    return ""


def test_what_can_be_measured_is_no_mistake():
    assert problems() == ""
    assert problems(psf_fwhm=0.9, shards=10) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_sources_are_put_into_datasets_of_every_kind(tmp_path, kind):
    scale = kinds.KINDS[kind].pixel_arcsec or 0.26
    assert said_of_survey(tmp_path, kind, {**ASKED, "psf_fwhm": 0.9, "pixel_scale": scale}) == ""


def test_simulated_pixels_are_those_of_the_challenge():
    assert kinds.KINDS["simulate"].pixel_arcsec == PIXEL_ARCSEC


def test_the_kinds_that_are_tried_are_all():
    assert {"simulate", *KINDS} == set(kinds.KINDS)


def test_without_a_zero_point_sources_are_put_in_by_their_noise(tmp_path):
    assert said_of_survey(tmp_path, "fits", ASKED, zero_point=None) == ""


def test_another_pixel_scale_than_that_of_the_dataset_is_refused(tmp_path):
    words = "pixel_scale is 0.2, but the dataset's pixels are 0.1 arcsec wide"
    assert words in problems(pixel_scale=0.2)
    asked = {**ASKED, "pixel_scale": 0.2}
    assert words in said_of_survey(tmp_path, "mosaic", asked, pixel_scale=0.1)
    assert said_of_survey(tmp_path, "mosaic", asked, pixel_scale=0.2) == ""
    for challenge in ("challenge1", "challenge2"):
        assert words in said_of_survey(tmp_path, challenge, asked)
    one = {"VIS": {"hdus": ["VIS_FLUX"], "pixel_scale": 0.1}}
    assert words in said_of_survey(tmp_path, "fits", asked, bands=one, zero_point=None)


@pytest.mark.parametrize("key", ASKED)
def test_what_only_the_survey_knows_must_be_said(key):
    entry = {name: value for name, value in ASKED.items() if name != key}
    with pytest.raises(ConfigError, match=f"completeness lacks '{key}'"):
        project(datasets={"there": {"completeness": entry}})


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"m": 3}, "unknown key(s) 'm'"),
        ({"n": 0}, "expected at least"),
        ({"n": -5}, "expected at least"),
        ({"n": None}, "expected integer"),
        ({"n": 2.0}, "expected integer"),
        ({"psf_fwhm": 0.0}, "minimum"),
        ({"psf_fwhm": float("nan")}, "expected a finite number"),
        ({"psf_fwhm": "sharp"}, "expected a finite number"),
        ({"psf_fwhm": 11.0}, "expected at most 10"),
        ({"pixel_scale": float("inf")}, "expected a finite number"),
        ({"population": "hard"}, "expected one of ['training', 'challenge']"),
        ({"lens_fractions": [0.0]}, "expected at least 1e-09"),
        ({"lens_fractions": []}, "expected at least 1"),
        ({"sky_electrons": -1.0}, "expected at least 0.001"),
        ({"galaxy_draws": 0}, "minimum"),
        ({"shards": 11}, "shards is 11, but n is 10"),
        ({"psf_fwhm": 3.0}, "30 pixels wide; expected 0.5 to 20. Both are in arcsec"),
        ({"psf_fwhm": 0.03}, "0.3 pixels wide"),
    ],
)
def test_mistakes_are_said_before_any_job(changes, part):
    said = problems(**changes)
    assert "config.datasets.there.completeness" in said
    assert part in said


def test_behind_lenses_alone_no_source_is_put():
    datasets = {"there": {"population": "rare", "completeness": ASKED}}
    assert "holds no object that is not a known lens" in problems(datasets=datasets)
    assert "the population 'rare' is of lenses alone" in problems(datasets=datasets)


@pytest.mark.parametrize("state", ["denoised", "normalised"])
def test_images_without_a_flux_take_no_source(tmp_path, state):
    changes = {"images": {"completeness": ASKED, "state": state}}
    scales = {"scales": ["linear"], "headline": None}
    with pytest.raises(ConfigError, match=f"the images are {state}, so that the flux of a source"):
        project(tmp_path, run=["mixed"], datasets=changes, mixed=scales)


def test_a_name_that_is_taken_is_refused():
    other = {"kind": "simulate", "population": "challenge", "n_objects": 9}
    said = problems(datasets={"there_injected": other})
    assert "'there_injected', which is the name of one of the datasets too" in said


def test_a_dataset_that_nobody_ranks_is_not_asked_in_vain():
    said = problems(dataset="here")
    assert "make none of it; name 'here' in their apply_to" in said
    assert problems(dataset="here", experiments={"third": {"apply_to": ["here"]}}) == ""


def said_of_bands(folder, bands, kind="fits", **changes):
    """Return what is said of images of several bands that are asked for their completeness."""
    entry = {"kind": kind, "path": str(folder), "bands": bands}
    entry["completeness"] = {**ASKED, **changes}
    experiment = {"dataset": "survey", "protocol": "unlabelled", "apply_to": []}
    try:
        project(folder, ["unlabelled"], {"survey": entry}, unlabelled=experiment)
    except ConfigError as error:
        return str(error)
    return ""


def test_in_several_bands_numbers_are_for_all_or_by_band(tmp_path):
    assert said_of_bands(tmp_path, EUCLID) == ""
    widths = {"H": 0.46, "VIS": 0.18, "Y": 0.4}
    electrons = {"VIS": 40.0, "Y": 200.0, "H": 250.0}
    assert said_of_bands(tmp_path, EUCLID, psf_fwhm=widths, sky_electrons=electrons) == ""
    assert said_of_bands(tmp_path, DES, source_colours={"r": 0.2, "i": -0.1}) == ""
    assert said_of_bands(tmp_path, ["VIS", "Y", "H"], "challenge2", psf_fwhm=widths) == ""
    two = {"bands": ["VIS", "H"]}
    assert project(datasets={"here": two, "there": {**two, "completeness": ASKED}})


@pytest.mark.parametrize(
    ("bands", "changes", "part"),
    [
        (EUCLID, {"psf_fwhm": {"VIS": 0.18, "Y": 0.4}}, "names ['VIS', 'Y']; expected a number"),
        (
            EUCLID,
            {"psf_fwhm": {"VIS": 0.18, "Y": 0.4, "H": 0.4, "K": 0.5}},
            "expected a number for each of the dataset's bands, ['VIS', 'Y', 'H']",
        ),
        (EUCLID, {"psf_fwhm": {}}, "psf_fwhm names []; expected"),
        (EUCLID, {"psf_fwhm": {"VIS": 0.18, "Y": "wide", "H": 0.5}}, "psf_fwhm.Y is 'wide'"),
        (EUCLID, {"psf_fwhm": {"VIS": 0.18, "Y": 3.0, "H": 0.5}}, "psf_fwhm is 3 in Y"),
        (EUCLID, {"psf_fwhm": 3.0}, "psf_fwhm is 3 and pixel_scale 0.1"),
        (EUCLID, {"sky_electrons": {"J": 5.0}}, "sky_electrons names ['J']"),
        (EUCLID, {"sky_electrons": {"VIS": 0.0, "Y": 1.0, "H": 1.0}}, "expected at least 0.001"),
        (EUCLID, {"source_colours": {"Y": 0.1}}, "bands beside the first, ['Y', 'H']"),
        (EUCLID, {"source_colours": {"VIS": 0.0, "Y": 0.1, "H": 0.1}}, "beside the first"),
        (EUCLID, {"source_colours": {"Y": 0.1, "H": float("nan")}}, "expected a finite number"),
        (EUCLID, {"source_colours": 0.1}, "expected object or null"),
        (DES, {}, "VIS, Y, J, H alone, and the dataset has ['g', 'r', 'i']. Add such as"),
        (DES, {}, "source_colours: {r: 0.2, i: 0.2}, the AB magnitude in g less that in each"),
        ({**EUCLID, "J": {"hdus": ["J"]}}, {}, "the bands ['J'] have no zero_point"),
    ],
)
def test_mistakes_in_what_is_said_of_bands_come_before_any_job(tmp_path, bands, changes, part):
    said = said_of_bands(tmp_path, bands, **changes)
    assert "config.datasets.survey.completeness" in said
    assert part in said


@pytest.mark.parametrize(
    ("key", "part"),
    [("psf_fwhm", "expected a number"), ("sky_electrons", "number"), ("source_colours", "leave")],
)
def test_of_one_band_nothing_is_said_by_band(key, part):
    said = problems(**{key: {"VIS": 0.2}})
    assert f"{key} names ['VIS'], but the dataset has one band; " in said
    assert part in said
