"""Choices of a preset or an experiment that do not agree are refused."""

import copy

import pytest

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete
from unit.workflow.config_fixtures import PCA, changed, refusal, simulated, with_experiment


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (["experiments", "demo", "apply_to"], ["sim_training"], ["names its own dataset"]),
        (["experiments", "demo", "scales"], ["sigma"], ["holds ['sigma']", "use scales: [log]"]),
        (["presets", "demo", "autoencoder", "output_kernel"], 4, ["51", "output_kernel: 6"]),
        (
            ["presets", "demo", "denoiser", "output_activation"],
            "softmax",
            ["'softmax'", "over one channel is 1 everywhere"],
        ),
        (["experiments", "demo", "labels"], ["injected"], ["give both `injected` and the name"]),
        (["experiments", "demo", "injections"], "sim_challenge", ["give both `injected`"]),
    ],
)
def test_choices_that_do_not_agree_are_refused(config, path, value, parts):
    said = refusal(changed(config, path, value))
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        (["presets", "demo", "denoiser", "encoder", 1, "kernel"], 60, "kernel of 60 x 60 px"),
        (["presets", "demo", "autoencoder", "dense"], [65536, 65536], "parameters"),
    ],
)
def test_layers_that_cannot_be_are_refused(config, path, value, part):
    config["presets"] = {"demo": copy.deepcopy(complete(config)["presets"]["demo"])}
    assert part in refusal(changed(config, path, value))


def test_injections_come_from_other_simulations(config):
    demo = config["experiments"]["demo"]
    demo |= {"labels": ["injected"], "injections": "sim_training"}
    with pytest.raises(ConfigError, match="expected a dataset of kind simulate, other than the"):
        complete(config)
    config["datasets"]["lenses"] = simulated("training", 600000)
    demo["injections"] = "lenses"
    complete(config)


def test_no_lens_judges_the_clusters_that_rank_it(config):
    """Else the table would call lenses found by clusters that they themselves have judged."""
    demo = config["experiments"]["demo"]
    demo |= {"labels": ["injected"], "injections": "sim_challenge"}
    said = refusal(config)
    assert "injections names 'sim_challenge', whose objects 200000 to 201499 are those of" in said
    assert "Inject a dataset of another first_id" in said
    config["datasets"]["lenses"] = simulated("challenge", 201450)
    demo["injections"] = "lenses"
    assert "'lenses', whose objects 201450 to 201499 are those of 'sim_challenge'" in refusal(
        config
    )
    config["datasets"]["lenses"] = simulated("challenge", 201500)
    complete(config)


def test_a_logarithm_of_denoised_images_is_refused(config):
    config["experiments"]["demo"]["apply_to"] = ["challenge_denoised"]
    with pytest.raises(ConfigError, match="already denoised and linear"):
        complete(config)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"appendix_a": {}, "dataset": "sim_challenge"}, ["appendix_a", "source_images: true"]),
        ({"appendix_a": {}}, ["appendix_a uses the networks of the linear scale", "['log']"]),
        ({"appendix_a": {"n_features": 20}}, ["appendix_a.n_features is 20"]),
        ({"compare_paper": {}}, ["for an experiment of protocol paper", "'honest'"]),
        ({"compare_paper": {"challenge": "demo"}}, ["whose protocol is 'honest'", "unlabelled"]),
    ],
)
def test_a_comparison_or_an_appendix_that_cannot_be_made_is_refused(config, changes, parts):
    config["experiments"]["demo"] |= {"apply_to": []} | changes
    said = refusal(config)
    for part in parts:
        assert part in said


@pytest.mark.parametrize("key", ["apply_to", "injections"])
def test_simulated_objects_that_are_trained_on_have_no_second_name(config, key):
    """Else lenses would be found that were trained on: an identifier says what is drawn."""
    named = {"apply_to": ["again"]}
    if key == "injections":
        named = {"injections": "again", "labels": ["injected"]}
    config["datasets"]["again"] = simulated("training", 104180)
    said = refusal(with_experiment(config, PCA, **named))
    assert f"{key} names 'again', whose objects 104180 to 104199 are those of" in said
    assert "first_id of 'again' to 104200 or more" in said
    config["datasets"]["again"] = simulated("training", 104200)
    complete(config)


def test_populations_may_have_objects_in_common(config):
    config["datasets"]["easy"] = simulated("challenge", 104000)
    config["datasets"]["hard"] = simulated("hard", 104000)
    complete(with_experiment(config, PCA, apply_to=["easy", "hard"]))
    with pytest.raises(ConfigError, match="whose objects 104000 to 104049 are those of 'easy'"):
        complete(with_experiment(config, PCA, dataset="easy", apply_to=["hard"]))


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
    said = refusal(chosen)
    assert f"chosen.{key} puts simulated images" in said
    assert f"those of 'given', which are {state}" in said
    config["datasets"]["given"]["state"] = "raw"
    complete(chosen)
