"""What is read from outside is found by patterns that can be, and is there."""

import pytest

from unit.workflow.config_fixtures import STAMPS, TILES, changed, refusal


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        (["datasets", "s"], STAMPS | {"id_pattern": "("}, "no regular expression"),
        (["datasets", "s"], STAMPS | {"id_pattern": "(a+)+$"}, "may search for ever"),
        (["datasets", "s"], STAMPS | {"pattern": "a/**/b"}, "** is not needed"),
        (["datasets", "s"], TILES | {"keep": ["mag", "p_lens"]}, "'p_lens', which cannot be kept"),
        (
            ["datasets", "s"],
            TILES | {"columns": {"ra": "x", "dec": "x"}},
            "another column for each",
        ),
    ],
)
def test_patterns_and_columns_that_cannot_be_are_refused(config, path, value, part):
    assert part in refusal(changed(config, path, value))


def test_a_folder_that_is_not_there_is_refused(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refusal(config | {"run": ["paper"]})
    assert "'data/SpaceBasedTraining', which is no folder" in said


def test_a_file_whose_name_is_too_long_is_not_there(config):
    long = "a" * 300
    config["run"] = ["survey"]
    config["datasets"]["my_survey"] = {"path": long, "known_lenses": long, "catalogue": long}
    said = refusal(config)
    for words in (f"path is '{long}', which is no folder", f"lenses is '{long}', which is no file"):
        assert words in said
    assert f"catalogue is '{long}', which is no file" in said
