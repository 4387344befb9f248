import pytest
import yaml

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete, effective
from small_projects import project

THREE = {"H": {"hdus": ["H_FLUX"]}, "VIS": {"hdus": ["VIS_FLUX"]}, "J": {"hdus": ["J_FLUX"]}}

FILES = {"VIS": {"pattern": "VIS/*.fits"}, "H": {"pattern": "H/*.fits", "hdus": ["SCI"]}}

SCALES = {"VIS": 0.1, "Y": 0.3, "H": 0.003}


def changed(folder, **entry):
    """Return a project whose dataset without labels is changed."""
    entry = {"zero_point": None, **entry}
    return project(folder, ["unlabelled"], {"images": entry}, mixed={"apply_to": []})


def said(folder, **entry):
    try:
        changed(folder, **entry)
    except ConfigError as error:
        return str(error)
    return ""


def test_bands_have_the_order_in_which_they_are_written(tmp_path):
    chosen = changed(tmp_path, bands=THREE)
    assert chosen.datasets["images"].bands == ("H", "VIS", "J")
    again = complete(yaml.safe_load(effective(chosen.config, "unlabelled")))
    assert list(again["datasets"]["images"]["bands"]) == ["H", "VIS", "J"]


def test_one_band_is_a_dataset_as_always(tmp_path):
    one = {"images": {"zero_point": None, "bands": {"VIS": {"hdus": ["VIS_FLUX"]}}}}
    assert project(tmp_path, datasets=one).datasets["images"].bands == ()
    assert project(datasets={"there": {"bands": ["VIS"]}}).datasets["there"].bands == ()


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ({"bands": {}}, "bands"),
        ({"bands": {"VIS": {}}}, "bands.VIS lacks 'hdus'"),
        ({"bands": {"VIS": {"hdu": ["A"]}}}, "unknown key(s) 'hdu'"),
        ({"bands": {"NIR/Y": {"hdus": ["A"]}}}, "the name 'NIR/Y'"),
        ({"bands": {**THREE, "vis": {"hdus": ["A"]}}}, "has ['VIS'] twice"),
        ({"bands": THREE, "hdus": ["A"]}, "['hdus'] beside them"),
        ({"bands": THREE, "zero_point": 24.6}, "['zero_point'] beside them"),
        ({"bands": {**THREE, "VIS": {"hdus": ["A"], "pixel_scale": 0.1}}}, "with all bands, or"),
        ({"bands": {**THREE, "Y": {"hdus": ["j_flux"]}}}, "has J and Y with the same hdus"),
        (
            {"bands": {name: {"hdus": [name], "pixel_scale": s} for name, s in SCALES.items()}},
            "none is 30 times another",
        ),
        ({"bands": THREE, "id_pattern": "("}, "no regular expression"),
        ({"bands": {**THREE, "K": {"pattern": "K/*.fits"}}}, "and ['H', 'VIS', 'J'] lack it"),
        ({"bands": FILES, "pattern": "*.fits"}, "['pattern'] beside them"),
        ({"bands": {**FILES, "Y": {"pattern": "VIS/*.fits"}}}, "VIS and Y with the same pattern"),
        (
            {"bands": {**FILES, "Y": {"pattern": "H/*.fits"}}},
            "bands.Y lacks 'hdus'. Add: hdus (names of its HDUs, the first that a file has), or "
            "with each band the pattern of files of its own",
        ),
        ({"bands": {**FILES, "Y": {"pattern": "a/**/b"}}}, "** is not needed"),
        ({"bands": {**FILES, "Y": {"pattern": None}}}, "bands.Y.pattern is None"),
    ],
)
def test_mistakes_in_bands_are_said_before_any_job(tmp_path, entry, part):
    assert part in said(tmp_path, **entry)


def test_bands_have_files_of_their_own_or_share_those_of_a_pattern(tmp_path):
    assert said(tmp_path, bands=THREE, pattern="*.fits", id_pattern="([0-9]+)") == ""
    chosen = changed(tmp_path, bands=FILES, id_pattern="([0-9]+)").datasets["images"]
    layouts = [layout.pattern for layout in chosen.kind.layouts(chosen.entry)]
    assert layouts == ["VIS/*.fits", "H/*.fits"]
    assert [band.hdus for band in chosen.kind.settings(chosen.entry)] == [None, ("SCI",)]
    cubes = {band: {"pattern": "*.fits", "hdus": [band]} for band in ("VIS", "Y")}
    assert said(tmp_path, bands=cubes) == ""
    shared = changed(tmp_path, bands=THREE).datasets["images"]
    assert "pattern" not in shared.entry["bands"]["H"]
    assert len(shared.kind.layouts(shared.entry)) == 1


def test_bands_of_a_list_begin_with_the_first_and_are_known():
    for bands, part in ((["Y", "VIS"], "expected VIS first"), (["VIS", "K"], "expected one of")):
        with pytest.raises(ConfigError) as error:
            project(datasets={"there": {"bands": bands}})
        assert part in str(error.value)


def test_sources_alone_are_kept_in_all_bands():
    two = {name: {"bands": ["VIS", "H"]} for name in ("here", "there")}
    assert project(datasets=two).datasets["here"].keeps_sources


def test_hidden_objects_are_made_in_the_bands_that_are_simulated(tmp_path):
    def said_of(bands):
        entry = {"bands": {band: {"hdus": [band]} for band in bands}, "zero_point": None}
        hidden = {"hidden": {"n_lenses": 2, "n_duds": 2}}
        try:
            project(
                tmp_path,
                ["unlabelled"],
                {"images": entry},
                mixed={"apply_to": []},
                unlabelled=hidden,
            )
        except ConfigError as error:
            return str(error)
        return ""

    assert said_of(["J", "VIS", "H"]) == ""
    said = said_of(["VIS", "g", "r"])
    assert "in the bands VIS, Y, J, H alone, and 'images' has ['g', 'r']; set hidden: null" in said


def test_the_datasets_of_an_experiment_have_the_same_bands():
    two = {"bands": ["VIS", "H"], "source_images": False}
    with pytest.raises(ConfigError) as error:
        project(run=["second"], datasets={"here": two}, second={"apply_to": ["there"]})
    assert "is trained on 'here' of the bands VIS, H, and 'there' has one band" in str(error.value)
    chosen = {"here": two, "there": {"bands": ["VIS", "H"]}}
    changes = {"first": {"appendix_a": None}, "second": {"apply_to": ["there"]}}
    assert project(run=["second"], datasets=chosen, **changes)
    with pytest.raises(ConfigError, match="'there' has the bands VIS, J"):
        project(run=["second"], datasets={**chosen, "there": {"bands": ["VIS", "J"]}}, **changes)


def test_a_mosaic_has_a_pattern_or_bands(tmp_path):
    entry = {"kind": "mosaic", "catalogue": str(tmp_path / "objects.csv"), "zero_point": None}
    (tmp_path / "objects.csv").write_text("id,ra,dec\n")
    assert "lacks 'pattern'" in said(tmp_path, **entry)
    assert said(tmp_path, **entry, bands={"VIS": {"pattern": "VIS*.fits"}}) == ""
    twice = said(tmp_path, **entry, pattern="*.fits", bands={"VIS": {"pattern": "VIS*.fits"}})
    assert "['pattern'] beside them" in twice
    same = {"VIS": {"pattern": "*.fits"}, "Y": {"pattern": "*.fits"}}
    assert "has VIS and Y with the same pattern" in said(tmp_path, **entry, bands=same)
    cubes = {band: {"pattern": "*.fits", "hdus": [band]} for band in ("VIS", "Y")}
    assert said(tmp_path, **entry, bands=cubes) == ""
    assert "** is not needed" in said(tmp_path, **entry, bands={"VIS": {"pattern": "a/**/b"}})
    assert "lacks 'pattern'" in said(tmp_path, **entry, bands={"VIS": {}})


def test_of_bands_in_a_mapping_none_is_chosen(tmp_path):
    entry = {"kind": "stack", "zero_point": None, "bands": {"VIS": {}, "Y": {"zero_point": 25.0}}}
    assert said(tmp_path, **entry) == ""
    assert "all bands are read" in said(tmp_path, **entry, band="Y")


def test_images_of_one_band_are_not_of_two(tmp_path):
    entry = {"kind": "stack", "path": str(tmp_path), "zero_point": 25.0, "axes": "NYX"}
    with pytest.raises(ConfigError, match=r"axes is 'NYX'.*bands are \['VIS', 'Y'\]"):
        project(datasets={"sky": {**entry, "bands": ["VIS", "Y"]}})
    project(datasets={"sky": {**entry, "bands": ["VIS"]}})
