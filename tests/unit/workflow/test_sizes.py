"""Numbers that the images of an experiment cannot meet are refused before any job."""

import copy

import pytest

from lensflow.embed.encoders import ENCODERS
from lensflow.embed.whitening import N_COMPONENTS
from lensflow.errors import ConfigError
from lensflow.workflow.config import complete
from unit.workflow.config_fixtures import (
    DEMO,
    PCA,
    POLAR,
    changed,
    refusal,
    simulated,
    with_experiment,
)


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        ([*DEMO, "mixture"], {"n_components": 9000}, "at most 5120 training images"),
        ([*DEMO, "fraction"], 1.0, "needs 20000 objects, but the dataset 'sim_training' has"),
        ([*DEMO, "fraction"], 1.0, "has at most 4200; use a fraction of about 0.19 or more obj"),
    ],
)
def test_more_images_than_there_are_are_refused(config, path, value, part):
    assert part in refusal(changed(config, path, value))


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
    assert part in refusal(with_experiment(config, preset, **keys))


def test_as_many_features_as_the_encoder_makes_are_taken(config):
    assert ENCODERS["polar"].most_features == N_COMPONENTS
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
