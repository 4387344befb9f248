"""Changes of the shipped configuration, and what is said of one."""

from pathlib import Path

import pytest

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete

ROOT = Path(__file__).resolve().parents[3]
DEMO = ["experiments", "demo"]
STAMPS = {"kind": "fits", "path": "data"}
TILES = {"kind": "mosaic", "path": "data", "catalogue": "c.csv", "pattern": "*.fits"}
PCA = {"encoder": "pca", "image_size": 8}
POLAR = {"encoder": "polar"}


def changed(config, path, value):
    """Return a configuration after a value of it is set."""
    place = config
    for key in path[:-1]:
        place = place[key] if isinstance(place, list) else place.setdefault(key, {})
    place[path[-1]] = value
    return config


def refusal(config):
    """Return the words by which a configuration is refused."""
    with pytest.raises(ConfigError) as raised:
        complete(config)
    return str(raised.value)


def with_experiment(config, preset, **keys):
    """Return a configuration with a further experiment, ``chosen``, and its preset."""
    scale = "sigma" if preset is POLAR else "log"
    chosen = {"dataset": "sim_training", "protocol": "unlabelled", "preset": "chosen"}
    chosen |= {"scales": [scale], "n_features": [4], "mixture": {"n_components": 8}, **keys}
    config["presets"] = {"chosen": preset}
    config["experiments"]["chosen"] = chosen
    return config


def simulated(population, first_id):
    """Return the entry of a dataset of 50 simulated objects."""
    return {"kind": "simulate", "population": population, "n_objects": 50, "first_id": first_id}
