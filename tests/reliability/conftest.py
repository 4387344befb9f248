from types import SimpleNamespace

import pytest
import yaml

from reliability.stages import run_all, stages

CONFIG = """
run: [tiny]
seed: 3
math_threads: 1
datasets:
  small_training: {kind: simulate, population: training, n_objects: 60, shards: 2}
  small_challenge:
    {kind: simulate, population: challenge, n_objects: 16, first_id: 200000, shards: 2}
presets:
  tiny: {encoder: pca, image_size: 26}
experiments:
  tiny:
    dataset: small_training
    protocol: honest
    fraction: 0.002
    preset: tiny
    scales: [log]
    n_features: [3]
    runs: 2
    apply_to: [small_challenge]
    null_shuffles: 3
    bootstraps: 10
"""


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A run without networks, done job by job: its folder, and its jobs."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "config.yaml").write_text(yaml.safe_dump(yaml.safe_load(CONFIG)))
    found = stages(folder)
    run_all(found, folder)
    return SimpleNamespace(folder=folder, stages=found)
