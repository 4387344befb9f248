"""Keys that act only beside others are refused where these are not there, unless at a default."""

from pathlib import Path

import pytest
import yaml

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete, effective
from lensflow.workflow.recipes import laid_over
from lensflow.workflow.schema import defaults
from small_projects import TAUGHT, project

NO_RECIPES = Path("no_recipes")  # reading them takes most of a start
TILES = {"kind": "mosaic", "path": ".", "pattern": "*.fits", "catalogue": "known.csv"}
BANDS = {"VIS": {"hdus": ["VIS"]}, "Y": {"hdus": ["Y"], "zero_point": 24.0}}
SEVERAL = {"kind": "fits", "path": ".", "bands": BANDS}
STACK = {"kind": "stack", "path": ".", "bands": ["g"]}
CHALLENGE = {"kind": "challenge2", "path": ".", "bands": ["VIS"]}
HIDDEN = {"n_lenses": 2, "n_duds": 2}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A complete configuration: `third` and `unlabelled` take every image, `second` ranks none."""
    monkeypatch.chdir(tmp_path)
    Path("known.csv").write_text("id,name,ra,dec\n1,one,150.0,2.0\n")
    return project(tmp_path).config


def said(config, change):
    """Return the mistakes of a configuration with a change, a sentence each."""
    try:
        complete(laid_over(config, change), NO_RECIPES)
    except ConfigError as error:
        return [line.removeprefix("  - ") for line in str(error).splitlines()[1:]]
    return []


def dataset(name, entry):
    return {"datasets": {name: entry}}


def of(name, **keys):
    return {"experiments": {name: keys}}


@pytest.mark.parametrize(
    ("change", "sentence", "mended"),
    [
        (
            dataset("images", {"flag_bits": 4}),
            "config.datasets.images.flag_bits is 4, but no flags are named, so that it would do "
            "nothing; expected null. Set flag_bits: null, or say by flag_hdus where they are",
            dataset("images", {"flag_hdus": ["FLAG"]}),
        ),
        (
            dataset("tiles", TILES | {"flag_bits": 4}),
            "say by flag_hdus or flag_pattern where they are",
            dataset("tiles", {"flag_pattern": "*_flag.fits"}),
        ),
        (
            dataset("several", SEVERAL | {"flag_bits": 4}),
            "several.flag_bits is 4, but no flags are named",
            dataset("several", {"bands": {"Y": {"flag_hdus": ["Y_FLAG"]}}}),
        ),
        (
            dataset("images", {"match_radius": 1.5}),
            "images.match_radius is 1.5, but known_lenses is null, so that it would do nothing; "
            "expected 2.0. Set match_radius: 2.0, or name their table there",
            dataset("images", {"known_lenses": "known.csv"}),
        ),
        (
            {
                **{"run": ["unlabelled"], **of("unlabelled", protocol="honest")},
                **dataset("images", {"known_lenses": "known.csv", "catalogue": "known.csv"}),
            },
            "images.known_lenses is 'known.csv', but ['unlabelled'] rank none of its objects, so "
            "that it would do nothing; expected null. Set known_lenses: null, or name 'images' in "
            "their apply_to, or take protocol: unlabelled where they train on it",
            of("unlabelled", protocol="unlabelled"),
        ),
        (
            dataset("images", {"allow_missing_images": True}),
            "allow_missing_images is True, but there is no catalogue whose rows could lack an",
            dataset("images", {"catalogue": "known.csv"}),
        ),
        (
            dataset("challenge", CHALLENGE | {"allow_missing_images": True}),
            "Set allow_missing_images: false, or name it as catalogue",
            dataset("challenge", {"catalogue": "known.csv"}),
        ),
        (
            dataset("images", {"positions": ["catalogue"]}),
            "positions is ['catalogue'], but there is no catalogue",
            dataset("images", {"positions": ["catalogue", "wcs"]}),
        ),
        (
            dataset("images", {"state": "normalised", "zero_point": 25.0}),
            "images.zero_point is 25.0, but state is 'normalised', of images without a unit",
            dataset("images", {"state": "raw"}),
        ),
        (
            dataset("stack", STACK | {"state": "normalised", "zero_point": 25.0}),
            "Set zero_point: null, or write state: raw where they are flux",
            dataset("stack", {"zero_point": None}),
        ),
        (
            dataset("several", SEVERAL | {"state": "denoised"}),
            "several.bands.Y.zero_point is 24.0, but state is 'denoised'",
            dataset("several", {"bands": {"Y": {"zero_point": None}}}),
        ),
        (
            {"presets": {"polar": {"precision": "bfloat16"}}},
            "config.presets.polar.precision is 'bfloat16', but it has no network",
            {"presets": {"polar": TAUGHT}},
        ),
        (
            of("third", fraction=0.5),
            "third.fraction is 0.5, but protocol is 'unlabelled', which takes every image once",
            of("third", fraction=1),
        ),
        (
            of("third", noise_fraction=0.2),
            "Set noise_fraction: 0.1, or take another protocol",
            of("third", noise_fraction=0.1),
        ),
        (
            of("third", n_graded=300, n_candidates=100),
            "third.n_graded is 300, but n_candidates is 100; expected at most as many. Raise "
            "n_candidates, or set n_graded: 100",
            of("third", n_candidates=300),
        ),
        (
            of("third", n_cutouts=300, n_candidates=100),
            "third.n_cutouts is 300, but n_candidates is 100",
            of("third", n_cutouts=100),
        ),
        (
            of("second", n_graded=20),
            "second.n_graded is 20, but no dataset is ranked, so that it would do nothing; "
            "expected 200. Set n_graded: 200, or name one in apply_to",
            of("second", apply_to=["there"]),
        ),
        (
            of("second", n_cutouts=20),
            "second.n_cutouts is 20, but no dataset is ranked",
            of("second", apply_to=["there"]),
        ),
        (
            of("second", hidden=HIDDEN),
            "'population': 'hard'}, but no dataset is ranked, so that it would do nothing",
            of("second", apply_to=["there"]),
        ),
        (
            of("unlabelled", null_shuffles=3),
            "null_shuffles is 3, but the dataset 'images' has no true labels",
            dataset("images", {"catalogue": "known.csv"}),
        ),
        (
            of("unlabelled", blind=False),
            "blind is False, but the dataset 'images' has no true labels",
            dataset("images", {"catalogue": "known.csv"}),
        ),
        (
            of("unlabelled", bootstraps=10),
            "bootstraps is 10, but none of its datasets has true labels to evaluate it by",
            of("unlabelled", apply_to=["there"]),
        ),
    ],
)
def test_what_would_do_nothing_is_refused(config, change, sentence, mended):
    assert said(config, {}) == []
    (found,) = said(config, change)
    assert sentence in found
    assert said(config, laid_over(change, mended)) == []


def test_defaults_are_no_mistake_wherever_they_stand(config):
    """A short list of candidates is graded whole, and nobody is asked to repeat defaults."""
    chosen = defaults("experiment")
    assert chosen["n_graded"] > 50 < chosen["n_cutouts"]
    assert said(config, of("third", n_candidates=50)) == []
    written = {key: chosen[key] for key in ("n_graded", "n_cutouts", "fraction", "blind")}
    assert said(config, of("third", **written, n_candidates=50)) == []
    assert (
        said(config, dataset("images", {"match_radius": defaults("dataset_fits")["match_radius"]}))
        == []
    )


def test_the_effective_configuration_passes_again(config):
    change = of("third", n_candidates=50) | dataset("images", {"flag_hdus": ["F"], "flag_bits": 4})
    full = complete(laid_over(config, change), NO_RECIPES)
    for name in full["experiments"]:
        again = yaml.safe_load(effective(full, name))
        assert complete(again, NO_RECIPES) == again


def test_what_is_asked_of_candidates_counts_for_who_makes_them(config):
    """Here `mixed` ranks the images that `unlabelled` does no more than train on."""
    asked = {"n": 10, "pixel_scale": 0.1, "psf_fwhm": 0.18}
    given = {"known_lenses": "known.csv", "match_radius": 1.5, "completeness": asked}
    change = dataset("images", {**given, "catalogue": "known.csv"})
    change |= {"run": ["unlabelled", "mixed"], **of("unlabelled", protocol="honest")}
    full = complete(laid_over(config, change), NO_RECIPES)
    kept = {}
    for name in ("unlabelled", "mixed"):
        again = yaml.safe_load(effective(full, name))
        assert complete(again, NO_RECIPES) == again
        kept[name] = {key: again["datasets"]["images"][key] for key in given}
    assert kept["mixed"] == {key: full["datasets"]["images"][key] for key in given}
    chosen = defaults("dataset_fits")
    assert kept["unlabelled"] == {key: chosen[key] for key in given}


def test_defaults_are_those_of_the_schema():
    assert defaults("dataset_stack")["match_radius"] == 2.0
    assert "flag_bits" not in defaults("dataset_stack")
    assert "kind" not in defaults("dataset_stack")
    assert defaults("preset_polar")["precision"] == "float32"
