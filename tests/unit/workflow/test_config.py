import copy
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from lensflow.embed import polar
from lensflow.embed.encoders import ENCODERS
from lensflow.errors import ConfigError
from lensflow.ingest.fits_images import HIGHEST_ZERO_POINT, LOWEST_ZERO_POINT
from lensflow.ingest.kinds import KINDS
from lensflow.simulate.population import load
from lensflow.workflow.config import complete, effective
from lensflow.workflow.recipes import REFERENCES

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def test_the_shipped_configuration_is_complete_and_unchanged(config):
    before = copy.deepcopy(config)
    full = complete(config)
    assert config == before
    assert full["experiments"]["demo"]["mixture"]["engine"] == "scikit-learn"
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
        (["experiments", "demo", "preset"], "dmo", ["names 'dmo'", "Did you mean 'demo'?"]),
        (["experiments", "demo", "dataset"], "sim", ["names 'sim'", "sim_training"]),
        (["experiments", "demo", "apply_to"], ["x"], ["apply_to names 'x'"]),
        (["experiments", "demo", "apply_to"], ["sim_training"], ["names its own dataset"]),
        (["experiments", "demo", "scales"], ["asinh"], ["'asinh'", "['linear', 'log', 'sigma']"]),
        (["experiments", "demo", "scales"], ["sigma"], ["holds ['sigma']", "use scales: [log]"]),
        (["presets", "demo", "encoder"], "polr", ["'polr'", "Did you mean 'polar'?"]),
        (["presets", "p"], {"encoder": "polar", "image_size": 51}, ["image_size is 51", "101"]),
        (["presets", "p"], {"encoder": "pca", "dense": [8]}, ["unknown key(s) 'dense'"]),
        (["experiments", "demo", "fraction"], 1.5, ["fraction is 1.5", "maximum"]),
        (["experiments", "train"], {}, ["lacks 'dataset', 'protocol'"]),
        (["experiments", "2nd"], {}, ["'2nd'", "beginning with a letter"]),
        (["run"], ["dmo"], ["config.run names 'dmo'", "Did you mean 'demo'?"]),
        (["run"], [], ["config.run is []"]),
        (["datasets", "sim_training", "population"], "real", ["'real'", "'training'"]),
        (["datasets", "sim_training", "path"], "x", ["unknown key(s) 'path'"]),
        (["datasets", "other"], {"kind": "fts"}, ["'fts'", "Did you mean 'fits'?"]),
        (["presets", "demo", "autoencoder", "output_kernel"], 4, ["51", "output_kernel: 6"]),
        (
            ["presets", "demo", "denoiser", "output_activation"],
            "softmax",
            ["'softmax'", "over one channel is 1 everywhere"],
        ),
        (["run"], ["paper"], ["'data/SpaceBasedTraining', which is no folder"]),
        (["experiments", "demo", "labels"], ["person"], ["give both `person` and the path"]),
        (["experiments", "demo", "labels"], ["injected"], ["give both `injected` and the name"]),
        (["experiments", "demo", "injections"], "sim_challenge", ["give both `injected`"]),
        (["experiments", "demo", "injections"], "x", ["injections names 'x'"]),
    ],
)
def test_a_mistake_is_explained(config, path, value, parts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = config
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    with pytest.raises(ConfigError) as raised:
        complete(config)
    for part in parts:
        assert part in str(raised.value)


def test_injections_come_from_other_simulations(config):
    demo = config["experiments"]["demo"]
    demo |= {"labels": ["injected"], "injections": "sim_training"}
    with pytest.raises(ConfigError, match="expected a dataset of kind simulate, other than the"):
        complete(config)
    demo["injections"] = "sim_challenge"
    complete(config)


def test_all_mistakes_are_listed_at_once(config):
    config["sed"] = 1
    config["datasets"]["sim_training"]["population"] = "x"
    config["experiments"]["demo"]["runs"] = 0
    with pytest.raises(ConfigError, match=r"has 3 mistake\(s\)"):
        complete(config)


def test_reserved_and_shared_names(config):
    config["experiments"]["train"] = config["experiments"]["demo"]
    config["experiments"]["sim_training"] = config["experiments"]["demo"]
    with pytest.raises(ConfigError) as raised:
        complete(config)
    assert "'train' is reserved" in str(raised.value)
    assert "'sim_training' names both a dataset and an experiment" in str(raised.value)


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (["NA"], "'NA' is reserved"),
        (["sky", "sky_cutouts"], "'sky_cutouts' is that of the cutouts of the candidates of 'sky'"),
        (["test_1to20"], "'test_1to20' is that of a sample 'test' drawn at another ratio"),
        (["sky_1to2"], "'sky_1to2' is that of a sample 'sky' drawn at another ratio of lenses"),
    ],
)
def test_names_that_tables_or_files_cannot_tell_apart(config, names, part):
    dataset = {"kind": "simulate", "population": "challenge", "n_objects": 10}
    config["datasets"] |= dict.fromkeys(names, dataset)
    with pytest.raises(ConfigError, match=part):
        complete(config)


def test_a_logarithm_of_denoised_images_is_refused(config):
    config["experiments"]["demo"]["apply_to"] = ["challenge_denoised"]
    with pytest.raises(ConfigError, match="already denoised and linear"):
        complete(config)


def test_labels_that_a_dataset_cannot_give_are_refused(config):
    config["experiments"]["demo"] |= {"dataset": "euclid_q1", "labels": ["known"]}
    with pytest.raises(ConfigError, match=r"use labels: \[person, nobody\]"):
        complete(config)


def test_one_table_may_judge_several_models(config):
    config["experiments"]["demo"] |= {"labels": ["person"], "person_labels": "mine.csv"}
    assert complete(config)["experiments"]["demo"]["person_labels"] == "mine.csv"


def test_the_effective_configuration_is_valid_and_holds_only_what_counts(config):
    full = complete(config)
    part = yaml.safe_load(effective(full, "demo"))
    assert complete(part) == part
    assert sorted(part["datasets"]) == ["sim_challenge", "sim_training"]
    assert list(part["presets"]) == ["demo"]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"appendix_a": {}, "dataset": "sim_challenge"}, ["appendix_a", "source_images: true"]),
        ({"appendix_a": {}}, ["appendix_a uses the networks of the linear scale", "['log']"]),
        ({"appendix_a": {"n_features": 20}}, ["appendix_a.n_features is 20"]),
        ({"compare_paper": {}}, ["for an experiment of protocol paper", "'honest'"]),
        ({"compare_paper": {"honest": "dmo"}}, ["names 'dmo'", "Did you mean 'demo'?"]),
        ({"compare_paper": {"challenge": "demo"}}, ["whose protocol is 'honest'", "unlabelled"]),
    ],
)
def test_a_comparison_or_an_appendix_that_cannot_be_made_is_refused(config, changes, parts):
    config["experiments"]["demo"] |= {"apply_to": []} | changes
    with pytest.raises(ConfigError) as caught:
        complete(config)
    for part in parts:
        assert part in str(caught.value)


def test_what_an_experiment_is_compared_with_is_not_part_of_its_own_configuration(config):
    entry = config["experiments"]["demo"]
    config["experiments"]["other"] = copy.deepcopy(entry) | {"protocol": "paper"}
    config["experiments"]["other"]["compare_paper"] = {"honest": "demo"}
    full = complete(config)
    assert full["experiments"]["other"]["compare_paper"] == {"honest": "demo", "challenge": None}
    alone = yaml.safe_load(effective(full, "other"))
    assert list(complete(alone)["experiments"]) == ["other"]


# --- no value without an end ----------------------------------------------------------------------

DEMO = ["experiments", "demo"]
STAMPS = {"kind": "fits", "path": "data"}
TILES = {"kind": "mosaic", "path": "data", "catalogue": "c.csv", "pattern": "*.fits"}


def changed(config, path, value):
    place = config
    for key in path[:-1]:
        place = place[key] if isinstance(place, list) else place.setdefault(key, {})
    place[path[-1]] = value
    return config


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
        ([*DEMO, "mixture"], {"n_components": 9000}, "at most 5120 training images"),
        ([*DEMO, "fraction"], 1.0, "needs 20000 objects, but the dataset 'sim_training' has"),
        ([*DEMO, "n_features"], [8.0], "expected integer"),
        ([*DEMO, "person_labels"], "a{", "braces do not match"),
        ([*DEMO, "person_labels"], "a{run:3}", "without : or !"),
        (["datasets", "x\n"], {"kind": "fits"}, "'x\\n' in config.datasets is not allowed"),
        (["datasets", "x" * 65], {"kind": "fits"}, "too long"),
        (["datasets", "s"], STAMPS | {"id_pattern": "("}, "no regular expression"),
        (["datasets", "s"], STAMPS | {"id_pattern": "(a+)+$"}, "may search for ever"),
        (["datasets", "s"], STAMPS | {"pattern": "a/**/b"}, "** is not needed"),
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
        (["datasets", "s"], TILES | {"keep": ["mag", "p_lens"]}, "'p_lens', which cannot be kept"),
        (
            ["datasets", "s"],
            TILES | {"columns": {"ra": "x", "dec": "x"}},
            "another column for each",
        ),
        (["datasets", "s"], TILES | {"pixel_scale": 1e-300}, "minimum"),
        ([*DEMO, "grades"], ["a\0b"], "one line of text without control"),
        (["backup_folder"], "a\n", "one line of text without control"),
        (["presets", "demo", "denoiser", "encoder", 1, "kernel"], 60, "kernel of 60 x 60 px"),
        (["presets", "demo", "autoencoder", "dense"], [65536, 65536], "parameters"),
        (["presets", "demo", "training", "denoiser", "batch_size"], 10**9, "maximum"),
    ],
)
def test_what_has_no_end_or_cannot_be_is_refused(config, path, value, part):
    if path[0] == "presets":
        config["presets"] = {"demo": copy.deepcopy(complete(config)["presets"]["demo"])}
    with pytest.raises(ConfigError) as raised:
        complete(changed(config, path, value))
    assert part in str(raised.value)


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


def test_a_file_whose_name_is_too_long_is_not_there(config):
    long = "a" * 300
    config["run"] = ["survey"]
    config["datasets"]["my_survey"] = {"path": long, "known_lenses": long, "catalogue": long}
    with pytest.raises(ConfigError) as raised:
        complete(config)
    for words in (f"path is '{long}', which is no folder", f"lenses is '{long}', which is no file"):
        assert words in str(raised.value)
    assert f"catalogue is '{long}', which is no file" in str(raised.value)


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


def test_wrong_labels_are_one_mistake(config):
    """The table of the recipe is no second one: it is asked for again once the labels are right."""
    config["experiments"]["survey"] = {"labels": ["known"]}
    config["run"] = ["survey"]
    config["datasets"]["my_survey"] = {"path": "."}
    with pytest.raises(ConfigError, match=r"has 1 mistake\(s\)"):
        complete(config)


def test_labels_without_their_table_are_one_mistake(config, tmp_path, monkeypatch):
    (tmp_path / "data/euclid_q1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    change = {"dataset": "euclid_q1", "protocol": "unlabelled", "labels": ["nobody", "person"]}
    config["experiments"]["demo"] |= change | {"fraction": 1}
    with pytest.raises(ConfigError, match=r"has 1 mistake\(s\).*\n.*person_labels is None"):
        complete(config)


# --- more features than there can be, and objects under two names ---------------------------------

PCA = {"encoder": "pca", "image_size": 8}
POLAR = {"encoder": "polar"}


def with_experiment(config, preset, **keys):
    scale = "sigma" if preset is POLAR else "log"
    chosen = {"dataset": "sim_training", "protocol": "unlabelled", "preset": "chosen"}
    chosen |= {"scales": [scale], "n_features": [4], "mixture": {"n_components": 8}, **keys}
    config["presets"] = {"chosen": preset}
    config["experiments"]["chosen"] = chosen
    return config


@pytest.mark.parametrize(
    ("preset", "keys", "part"),
    [
        (POLAR, {"n_features": [16, 121]}, "holds 121, but the polar encoder of its preset makes"),
        (PCA, {"n_features": [65]}, "holds 65, but its images have 64 pixels in all"),
        (
            POLAR,
            {"n_features": [50], "protocol": "honest", "fraction": 0.002},
            "holds 50, but there are at most 50 training images",
        ),
    ],
)
def test_more_features_than_the_encoder_makes_are_refused(config, preset, keys, part):
    with pytest.raises(ConfigError) as raised:
        complete(with_experiment(config, preset, **keys))
    assert part in str(raised.value)


def test_as_many_features_as_the_encoder_makes_are_taken(config):
    assert ENCODERS["polar"].most_features == polar.N_COMPONENTS
    complete(with_experiment(copy.deepcopy(config), POLAR, n_features=[120]))
    complete(with_experiment(config, PCA, n_features=[64]))


@pytest.mark.parametrize(
    ("keys", "most"),
    [({"dataset": "sim_challenge"}, 1500), ({"protocol": "honest", "fraction": 0.002}, 50)],
)
def test_no_shard_of_the_training_images_is_without_one(config, keys, most):
    """Shard 0 is that of which examples are stored when an autoencoder has been trained."""
    complete(with_experiment(copy.deepcopy(config), PCA, shards=most, **keys))
    with pytest.raises(ConfigError, match=f"shards is {most + 1}, .* at most {most} training"):
        complete(with_experiment(config, PCA, shards=most + 1, **keys))


def test_where_nobody_knows_the_number_of_images_shards_are_as_given(config, tmp_path):
    config["datasets"]["given"] = {"kind": "fits", "path": str(tmp_path)}
    complete(with_experiment(config, PCA, dataset="given", labels=["nobody"], shards=1000))


def simulated(population, first_id):
    return {"kind": "simulate", "population": population, "n_objects": 50, "first_id": first_id}


@pytest.mark.parametrize("key", ["apply_to", "injections"])
def test_simulated_objects_that_are_trained_on_have_no_second_name(config, key):
    """Else lenses would be found that were trained on: an identifier says what is drawn."""
    named = {"apply_to": ["again"]}
    if key == "injections":
        named = {"injections": "again", "labels": ["injected"]}
    config["datasets"]["again"] = simulated("training", 104180)
    with pytest.raises(ConfigError) as raised:
        complete(with_experiment(config, PCA, **named))
    assert f"{key} names 'again', whose objects 104180 to 104199 are those of" in str(raised.value)
    assert "first_id of 'again' to 104200 or more" in str(raised.value)
    config["datasets"]["again"] = simulated("training", 104200)
    complete(config)


def test_populations_may_have_objects_in_common(config):
    config["datasets"]["easy"] = simulated("challenge", 104000)
    config["datasets"]["hard"] = simulated("hard", 104000)
    complete(with_experiment(config, PCA, apply_to=["easy", "hard"]))
    with pytest.raises(ConfigError, match="whose objects 104000 to 104049 are those of 'easy'"):
        complete(with_experiment(config, PCA, dataset="easy", apply_to=["hard"]))


@pytest.mark.parametrize("protocol", ["honest", "paper"])
def test_lenses_alone_are_no_training_sample_of_two_classes(config, protocol):
    config["datasets"]["rare"] = simulated("rare", 0) | {"n_objects": 5000}
    complete(with_experiment(copy.deepcopy(config), PCA, dataset="rare"))
    keys = {"dataset": "rare", "fraction": 0.1, "protocol": protocol}
    with pytest.raises(ConfigError, match=r"has 1 mistake\(s\)") as raised:
        complete(with_experiment(config, PCA, **keys))
    said = f"protocol is {protocol!r}, which needs 603 non-lenses (fraction 0.1 of the paper's"
    assert said in str(raised.value)
    assert "'rare' has 0: its population 'rare' is of lenses alone" in str(raised.value)


# --- what works on lens probabilities -------------------------------------------------------------

TAUGHT = PCA | {
    "student": {"image_size": 8, "convolutions": [{"filters": 2, "kernel": 3}]},
    "training": {"student": {"epochs": 1, "batch_size": 8, "learning_rate": 0.1}},
}


@pytest.mark.parametrize(
    ("preset", "keys", "part"),
    [
        (TAUGHT, {}, "preset is 'chosen', which has a student, but"),
        (PCA, {"mixture": {"n_components": 8, "spread": 2}}, "mixture.spread is 2, but"),
        (PCA, {"beside": ["other"]}, "beside is ['other'], but"),
    ],
)
def test_what_works_on_probabilities_is_refused_where_there_never_are_any(
    config, preset, keys, part
):
    """It would do nothing, and say nothing. A person who is waited for will give some."""
    chosen = with_experiment(config, preset, labels=["nobody"], **keys)
    chosen["presets"]["other"] = PCA
    other = {"preset": "other", "beside": [], "mixture": {"n_components": 4}}
    chosen["experiments"]["other"] = chosen["experiments"]["chosen"] | other
    with pytest.raises(ConfigError, match=r"has 1 mistake\(s\)") as raised:
        complete(copy.deepcopy(chosen))
    assert f"chosen.{part} labels: ['nobody'] gives no lens probability" in str(raised.value)
    for name in ("chosen", "other"):
        asked = {"labels": ["nobody", "person"], "person_labels": f"{name}.csv"}
        chosen["experiments"][name] |= asked
    complete(chosen)


# --- simulated images among others ----------------------------------------------------------------


@pytest.mark.parametrize("state", ["denoised", "normalised"])
@pytest.mark.parametrize(
    "keys",
    [
        {"hidden": {"n_lenses": 1, "n_duds": 1}, "labels": ["nobody"]},
        {"labels": ["injected"], "injections": "sim_challenge"},
    ],
)
def test_simulated_images_are_put_among_raw_ones_alone(config, tmp_path, state, keys):
    """Else a grader would know the hidden ones at a glance, and clusters the injected ones."""
    (key,) = keys.keys() - {"labels"}
    config["datasets"]["given"] = {"kind": "fits", "path": str(tmp_path), "state": state}
    chosen = with_experiment(config, PCA, dataset="given", scales=["linear"], **keys)
    with pytest.raises(ConfigError) as raised:
        complete(chosen)
    assert f"chosen.{key} puts simulated images" in str(raised.value)
    assert f"those of 'given', which are {state}" in str(raised.value)
    config["datasets"]["given"]["state"] = "raw"
    complete(chosen)
