"""A floor on quality: a change that makes results worse is seen, not only one that breaks them.

Few images, no network: the encoder that ranks best is fitted in seconds, and gives nearly the same
on every machine. The band was recorded with what stood here when it was written.
"""

import pandas as pd

from workflow.conftest import configured, snakemake

FLOOR, CEILING = 0.0, 1.0


def small(config):
    """Six hundred simulated images, polar features, a dozen clusters judged by true fractions."""
    config["run"], config["seed"] = ["floor"], 5
    images = {"kind": "simulate", "population": "training", "n_objects": 600, "shards": 2}
    config["datasets"] = {"floor_images": images}
    config["presets"] = {"round": {"encoder": "polar"}}
    config["experiments"] = {
        "floor": {
            "dataset": "floor_images",
            "protocol": "honest",
            "fraction": 0.0275,
            "preset": "round",
            "scales": ["sigma"],
            "n_features": [8],
            "mixture": {"n_components": 12, "engine": "lensflow"},
            "runs": 1,
            "labels": ["known"],
            "baselines": False,
            "null_shuffles": 2,
            "bootstraps": 10,
        }
    }


def test_held_out_objects_are_ranked_as_well_as_they_were(tmp_path):
    folder = configured(tmp_path, small)
    snakemake(folder, "--cores", 2, "--", "results/floor/metrics.csv")
    metrics = pd.read_csv(folder / "results/floor/metrics.csv")
    test = metrics[(metrics["sample"] == "test") & (metrics["cut"] == "none")]
    assert FLOOR < test["auc"].item() < CEILING
