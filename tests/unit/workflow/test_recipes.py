import copy

import pytest
import yaml

from lensflow.embed.encoders import ENCODERS
from lensflow.errors import ConfigError
from lensflow.networks.presets import check_preset
from lensflow.workflow.config import complete
from lensflow.workflow.recipes import RECIPE_FOLDER, laid_over, lay_over_recipes, read_recipes

SIMULATED = {
    "kind": "simulate",
    "population": "training",
    "n_objects": 20000,
    "source_images": True,
}
MINE = {
    "dataset": "sim_training",
    "protocol": "honest",
    "preset": "demo",
    "scales": ["log"],
    "n_features": [8],
}


@pytest.fixture
def config():
    """The shortest configuration: a dataset, and what is taken from the recipes."""
    return {"run": ["small_honest"], "datasets": {"sim_training": SIMULATED}}


def test_every_preset_of_the_recipes_is_sound(config):
    names = {name: {} for name in read_recipes()["presets"]}
    presets = complete(config | {"presets": names})["presets"]
    assert set(presets) == set(names) >= {"demo", "paper", "small"}
    assert {preset["encoder"] for preset in presets.values()} >= {"autoencoder", "polar"}
    for name, preset in presets.items():
        if ENCODERS[preset["encoder"]].is_network:
            check_preset(preset, name)


def test_a_file_is_named_by_what_it_is():
    for path in RECIPE_FOLDER.glob("*.yaml"):
        recipe = yaml.safe_load(path.read_text())
        names = [*recipe.get("presets", {}), *recipe.get("experiments", {})]
        assert any(name.startswith(path.stem) for name in names)


def test_what_is_named_is_taken_and_nothing_else(config):
    full = complete(config)
    assert list(full["experiments"]) == ["small_honest"]
    assert list(full["presets"]) == ["small"]
    assert set(full["datasets"]) == {"sim_training", "sim_challenge_published"}


def test_what_an_experiment_is_compared_with_is_taken_too(config):
    full = complete(config | {"run": ["small_paper"]})
    assert set(full["experiments"]) == {"small_paper", "small_honest", "small_challenge"}


def test_own_entries_are_kept_whether_they_run_or_not(config):
    config["datasets"]["spare"] = SIMULATED
    full = complete(config | {"experiments": {"mine": MINE}})
    assert {"spare", "sim_challenge_published"} < set(full["datasets"])
    assert set(full["experiments"]) == {"small_honest", "mine"}
    assert set(full["presets"]) == {"small", "demo"}


def test_the_users_keys_win_one_by_one(config):
    config["experiments"] = {"small_honest": {"runs": 1, "mixture": {"n_init": 2}}}
    config["datasets"]["sim_challenge_published"] = {"n_objects": 7}
    full = complete(config)
    entry = full["experiments"]["small_honest"]
    assert (entry["runs"], entry["fraction"]) == (1, 0.2)
    assert (entry["mixture"]["n_init"], entry["mixture"]["engine"]) == (2, "lensflow")
    assert full["datasets"]["sim_challenge_published"]["n_objects"] == 7
    assert full["datasets"]["sim_challenge_published"]["first_id"] == 300000


def test_a_dataset_of_another_kind_replaces_the_recipes(config, tmp_path):
    own = {"kind": "fits", "path": str(tmp_path)}
    config["datasets"]["sim_challenge_published"] = own
    entry = complete(config)["datasets"]["sim_challenge_published"]
    assert (entry["kind"], entry["path"]) == ("fits", str(tmp_path))
    assert "n_objects" not in entry


def test_a_dataset_of_the_same_kind_is_laid_over_the_recipes(config):
    config["datasets"]["sim_challenge_published"] = {"kind": "simulate", "n_objects": 7}
    assert complete(config)["datasets"]["sim_challenge_published"]["first_id"] == 300000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run": ["smal_honest"]}, "Did you mean 'small_honest'?"),
        ({"run": ["demoo"], "experiments": {"demo": MINE}}, "Did you mean 'demo'?"),
        ({"experiments": {"mine": MINE | {"preset": "papr"}}}, "Did you mean 'paper'?"),
        ({"experiments": {"mine": MINE | {"apply_to": ["euclid"]}}}, "'euclid_q1'"),
    ],
)
def test_suggestions_come_from_all_recipes(config, change, message):
    with pytest.raises(ConfigError) as raised:
        complete(config | change)
    assert message in str(raised.value)


@pytest.mark.parametrize("key", ["run", "datasets", "presets", "experiments"])
@pytest.mark.parametrize("value", [None, 3, "demo", [None], {"demo": None}, {1: 2}, [["demo"]]])
def test_a_value_of_the_wrong_type_is_left_to_the_schema(config, key, value):
    with pytest.raises(ConfigError, match=f"config.{key}"):
        complete(config | {key: value})


@pytest.mark.parametrize("key", ["dataset", "preset", "apply_to", "compare_paper"])
@pytest.mark.parametrize("value", [3, {"honest": 1}, [["a"]]])
def test_a_reference_of_the_wrong_type_is_left_to_the_schema(config, key, value):
    with pytest.raises(ConfigError, match=f"config.experiments.mine.{key}"):
        complete(config | {"experiments": {"mine": MINE | {key: value}}})


def test_merging_is_that_of_snakemake_and_changes_neither():
    from snakemake.utils import update_config

    under = {"a": {"b": 1, "c": {"d": [1, 2]}}, "e": 5, "f": {"g": 1}}
    over = {"a": {"c": {"d": [3], "h": None}}, "e": {"i": 1}, "f": None, "j": {"k": 1}}
    before = copy.deepcopy((under, over))
    expected = copy.deepcopy(under)
    update_config(expected, copy.deepcopy(over))
    assert laid_over(under, over) == expected
    assert (under, over) == before


def test_the_recipes_themselves_are_not_changed(config):
    recipes = read_recipes()
    before = copy.deepcopy(recipes)
    lay_over_recipes(config | {"experiments": {"paper": {"runs": 1}}}, recipes)
    assert recipes == before


def test_a_name_in_two_recipes_is_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("presets:\n  demo: {}\n")
    with pytest.raises(ConfigError, match=r"b.yaml: presets \['demo'\] stand in another recipe"):
        read_recipes(tmp_path)


def test_a_recipe_with_a_key_twice_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("presets:\n  demo: {}\n  demo: {}\n")
    with pytest.raises(ConfigError, match=r"a.yaml, line 3: the key 'demo' stands twice"):
        complete({"run": ["x"]}, tmp_path)
