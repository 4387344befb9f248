import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from astropy.io import fits

from reliability.stages import run_all, stages

EVERY = Path(__file__).parent / "every.yaml"
MODEL = "results/tiny/linear/features_3/run_0"
# What a run makes, and what it makes when asked.
TARGETS = ("all", "results/tiny/judge.html", f"{MODEL}/judge.html", f"{MODEL}/next_looks.csv")
TARGETS += tuple(
    f"results/tiny/linear/denoised/small_challenge/shard_{shard}.h5" for shard in range(2)
)

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


def of_a_user(folder):
    """Write what `EVERY` reads: cutouts with positions, a known lens, grades, the configuration."""
    folder.mkdir(exist_ok=True)
    shutil.copy(EVERY, folder / "config.yaml")
    (folder / "stamps").mkdir()
    draw, radius = np.random.default_rng(1), np.hypot(*(np.indices((101, 101)) - 50))
    for number in range(6):
        header = fits.Header({"MAGZERO": 24.6, "RA": 10 + number / 10, "DEC": -5.0})
        image = draw.normal(size=radius.shape) + 40 * np.exp(-radius / (2 + number))
        fits.PrimaryHDU(image.astype("f4"), header).writeto(folder / f"stamps/stamp_{number}.fits")
    (folder / "known.csv").write_text("name,ra,dec\nnear,10.1,-5\nfar,200,10\n")
    (folder / "grades.csv").write_text("id,grade,who\nstamp_1,A,ann\nstamp_2,X,ann\n")


@pytest.fixture(scope="session")
def planned_every(tmp_path_factory):
    """The jobs of every stage, networks included, and the folder in which they can be done."""
    folder = tmp_path_factory.mktemp("every")
    of_a_user(folder)
    return SimpleNamespace(folder=folder, stages=stages(folder, *TARGETS))


@pytest.fixture(scope="session")
def every(planned_every):
    """The same when all of them are done."""
    run_all(planned_every.stages, planned_every.folder)
    return planned_every
