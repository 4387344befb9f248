"""The configuration is laid over the recipes, held against the schema, and completed."""

import copy

import pytest
import yaml
from jsonschema import Draft202012Validator

from lensflow.errors import ConfigError
from lensflow.ingest.fits_images import HIGHEST_ZERO_POINT, LOWEST_ZERO_POINT
from lensflow.ingest.kinds import KINDS
from lensflow.simulate.population import load
from lensflow.workflow.config import complete, effective
from lensflow.workflow.recipes import REFERENCES
from unit.workflow.config_fixtures import DEMO, ROOT, STAMPS, TILES, changed, refusal

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def test_the_shipped_configuration_is_complete_and_unchanged(config):
    before = copy.deepcopy(config)
    full = complete(config)
    assert config == before
    assert full["experiments"]["demo"]["mixture"]["max_iter"] == 1000
    assert set(full["presets"]) == {"demo", "polar"}


def test_recipes_are_completed_too(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("SpaceBasedTraining", "Data_EuclidBig", "challenge1/SpaceBasedTraining"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    (tmp_path / "data/euclid_q1").mkdir()
    (tmp_path / "data/Data_EuclidBig/classifications.csv").touch()
    full = complete(config | {"run": ["paper", "real"]})
    assert full["experiments"]["paper"]["runs"] == 3
    assert full["experiments"]["paper"]["mixture"]["engine"] == "scikit-learn"
    assert full["datasets"]["euclid_q1"]["state"] == "raw"


def test_the_file_that_a_user_edits_is_short():
    lines = (ROOT / "config.yaml").read_text().splitlines()
    assert len(lines) <= 50


def test_the_schema_names_the_kinds_of_the_table():
    entry = SCHEMA["properties"]["datasets"]["additionalProperties"]
    chosen = {
        part["if"]["properties"]["kind"]["const"]: part["then"]["$ref"] for part in entry["allOf"]
    }
    assert set(entry["properties"]["kind"]["enum"]) == set(KINDS)
    assert chosen == {kind: f"#/$defs/dataset_{kind}" for kind in KINDS}
    defined = {name for name in SCHEMA["$defs"] if name.startswith("dataset_")}
    assert defined == {f"dataset_{kind}" for kind in KINDS}


def test_hidden_objects_are_of_populations_that_have_both_kinds():
    """Else lenses and duds would be drawn for ever."""
    hidden = SCHEMA["$defs"]["experiment"]["properties"]["hidden"]["properties"]
    populations = SCHEMA["$defs"]["dataset_simulate"]["properties"]["population"]["enum"]
    assert set(hidden["population"]["enum"]) == {
        name for name in populations if 0 < load(name).lens_fraction < 1
    }


def test_the_schema_is_a_valid_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_a_mistake_is_said_once(config):
    config["experiments"]["other"] = {}
    with pytest.raises(ConfigError, match=r"has 1 mistake") as raised:
        complete(config)
    assert str(raised.value).count("lacks 'dataset', 'protocol'") == 1


def test_every_key_of_the_schema_is_described():
    definitions = SCHEMA["$defs"]
    missing = []

    def walk(part, where):
        for key, child in part.get("properties", {}).items():
            child = definitions[child["$ref"].split("/")[-1]] if "$ref" in child else child
            if "description" not in child and "const" not in child and "properties" not in child:
                missing.append(f"{where}.{key}")
            walk(child, f"{where}.{key}")
            if isinstance(child.get("items"), dict):
                walk(child["items"], f"{where}.{key}[]")

    for name, part in [("config", SCHEMA), *definitions.items()]:
        walk(part, name)
    assert not missing


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (["sed"], 3, ["config has unknown key(s) 'sed'", "Did you mean 'seed'?"]),
        (["experiments", "demo", "runs"], "3", ["demo.runs is '3' (str)", "expected integer"]),
        (["experiments", "demo", "prset"], "demo", ["'prset'", "Did you mean 'preset'?"]),
        (["experiments", "demo", "scales"], ["asinh"], ["'asinh'", "['linear', 'log', 'sigma']"]),
        (["presets", "demo", "encoder"], "polr", ["'polr'", "Did you mean 'polar'?"]),
        (["presets", "p"], {"encoder": "polar", "image_size": 51}, ["image_size is 51", "101"]),
        (["presets", "p"], {"encoder": "pca", "dense": [8]}, ["unknown key(s) 'dense'"]),
        (["experiments", "demo", "fraction"], 1.5, ["fraction is 1.5", "maximum"]),
        (["experiments", "train"], {}, ["lacks 'dataset', 'protocol'"]),
        (["experiments", "2nd"], {}, ["'2nd'", "beginning with a letter"]),
        (["run"], [], ["config.run is []"]),
        (["datasets", "sim_training", "population"], "real", ["'real'", "'training'"]),
        (["datasets", "sim_training", "path"], "x", ["unknown key(s) 'path'"]),
        (["datasets", "other"], {"kind": "fts"}, ["'fts'", "Did you mean 'fits'?"]),
    ],
)
def test_a_mistake_is_explained(config, path, value, parts):
    said = refusal(changed(config, path, value))
    for part in parts:
        assert part in said


def test_all_mistakes_are_listed_at_once(config):
    config["sed"] = 1
    config["datasets"]["sim_training"]["population"] = "x"
    config["experiments"]["demo"]["runs"] = 0
    with pytest.raises(ConfigError, match=r"has 3 mistake\(s\)"):
        complete(config)


def test_the_effective_configuration_is_valid_and_holds_only_what_counts(config):
    full = complete(config)
    part = yaml.safe_load(effective(full, "demo"))
    assert complete(part) == part
    assert sorted(part["datasets"]) == ["sim_challenge", "sim_training"]
    assert list(part["presets"]) == ["demo"]


def test_what_an_experiment_is_compared_with_is_not_part_of_its_own_configuration(config):
    entry = config["experiments"]["demo"]
    config["experiments"]["other"] = copy.deepcopy(entry) | {"protocol": "paper"}
    config["experiments"]["other"]["compare_paper"] = {"honest": "demo"}
    full = complete(config)
    assert full["experiments"]["other"]["compare_paper"] == {"honest": "demo", "challenge": None}
    alone = yaml.safe_load(effective(full, "other"))
    assert list(complete(alone)["experiments"]) == ["other"]


# --- no value without an end ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        (["seed"], 2.0, "seed is 2.0 (float); expected integer"),
        (["seed"], True, "seed is True (bool); expected integer"),
        (["seed"], 10**40, "maximum"),
        ([*DEMO, "runs"], 1e30, "runs is 1e+30 (float); expected integer"),
        ([*DEMO, "runs"], 10**30, "maximum"),
        ([*DEMO, "fraction"], float("nan"), "nan (float); expected a finite number"),
        ([*DEMO, "noise_fraction"], float("inf"), "inf (float); expected a finite number"),
        ([*DEMO, "mixture"], {"tol": float("nan")}, "expected a finite number"),
        ([*DEMO, "mixture"], {"n_components": 2.0}, "expected integer or null"),
        ([*DEMO, "n_features"], [8.0], "expected integer"),
        (["datasets", "x\n"], {"kind": "fits"}, "'x\\n' in config.datasets is not allowed"),
        (["datasets", "x" * 65], {"kind": "fits"}, "too long"),
        (
            ["datasets", "s"],
            STAMPS | {"path": "a\nb"},
            "one line of text without control",
        ),
        (
            ["datasets", "s"],
            STAMPS | {"path": "a\0b"},
            "one line of text without control",
        ),
        (["datasets", "s"], STAMPS | {"zero_point": -9999}, "minimum"),
        (["datasets", "s"], STAMPS | {"zero_point": float("nan")}, "expected a finite number"),
        (["datasets", "s"], STAMPS | {"known_lenses": ""}, "one line of text without control"),
        (["datasets", "s"], STAMPS | {"path": "a" * 5000}, "expected at most 4096"),
        (["datasets", "s"], STAMPS | {"rms_hdus": [" "]}, "one line of text without control"),
        (["datasets", "s"], STAMPS | {"id_pattern": "\x9b(a)"}, "one line of text without control"),
        (["datasets", "s"], TILES | {"pattern": "a\x1b[31m"}, "one line of text without control"),
        (["datasets", "s"], TILES | {"keep": ["a\nb"]}, "one line of text without control"),
        (["datasets", "s"], TILES | {"pixel_scale": 1e-300}, "minimum"),
        ([*DEMO, "grades"], ["a\0b"], "one line of text without control"),
        (["backup_folder"], "a\n", "one line of text without control"),
        (["presets", "demo", "training", "denoiser", "batch_size"], 10**9, "maximum"),
    ],
)
def test_what_has_no_end_or_cannot_be_is_refused(config, path, value, part):
    if path[0] == "presets":
        config["presets"] = {"demo": copy.deepcopy(complete(config)["presets"]["demo"])}
    assert part in refusal(changed(config, path, value))


def test_every_number_of_the_schema_has_bounds():
    unbounded = []

    def walk(part, where):
        if isinstance(part, dict):
            kinds = part.get("type", [])
            if {"integer", "number"} & set([kinds] if isinstance(kinds, str) else kinds):
                lower = {"minimum", "exclusiveMinimum"} & set(part)
                upper = {"maximum", "exclusiveMaximum"} & set(part)
                if not (lower and upper):
                    unbounded.append(where)
            for key, child in part.items():
                walk(child, f"{where}.{key}")

    walk(SCHEMA, "")
    assert unbounded == []


def test_every_text_of_the_schema_has_bounds():
    """Or is one of some words, or the name of an entry, which must be there."""
    unbounded, names = [], {*REFERENCES, "run", "honest", "challenge"}

    def walk(part, where):
        if isinstance(part, dict):
            kinds = part.get("type", [])
            is_text = "string" in ([kinds] if isinstance(kinds, str) else kinds)
            if is_text and not {"pattern", "maxLength"} <= set(part) and not names & {*where}:
                unbounded.append(where)
            for key, child in part.items():
                walk(child, (*where, key))

    walk(SCHEMA, ())
    assert unbounded == []


def test_the_zero_points_of_the_schema_are_those_of_headers():
    allowed = SCHEMA["$defs"]["zero_point"]
    assert (allowed["minimum"], allowed["maximum"]) == (LOWEST_ZERO_POINT, HIGHEST_ZERO_POINT)
