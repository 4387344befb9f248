"""Images of several bands through the whole workflow, with every encoder."""

import csv

import h5py
import numpy as np
import pytest
from astropy.io import fits

from workflow.conftest import configured, snakemake
from workflow.test_networks import PRESET as SEEN

BANDS = ["VIS", "J", "H"]
STUDENT = SEEN["student"]


def in_bands(config):
    """Give the tiny configuration three bands, and an experiment for each encoder."""
    training, challenge = (
        config["datasets"][f"small_{name}"] for name in ("training", "challenge")
    )
    training.update(bands=BANDS, source_images=False, shards=1)
    challenge.update(bands=BANDS, shards=1)
    tiny = config["experiments"]["tiny"]
    tiny.update(runs=1, protocol="honest", null_shuffles=2)
    config["presets"]["seen"] = SEEN
    config["presets"]["polar"] = {"encoder": "polar", "n_views": 2}
    config["presets"]["pca"] = {"encoder": "pca", "image_size": 26}
    for name, scale in (("seen", "sigma"), ("polar", "sigma"), ("pca", "log")):
        config["experiments"][name] = {**tiny, "preset": name, "scales": [scale]}
    config["run"] = ["tiny", "seen", "polar", "pca"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder in which everything was made of images of three bands."""
    folder = configured(tmp_path_factory.mktemp("bands"), in_bands)
    snakemake(folder, "--cores", 2)
    return folder / "results"


@pytest.mark.slow
def test_every_stage_has_all_bands(made):
    for path in (
        "data/small_training/images/shard_0.h5",
        "data/small_training/index.h5",
        "tiny/log/stacks/train/shard_0.h5",
        "tiny/log/denoised/train/shard_0.h5",
        "tiny/log/denoiser.weights.h5",
        "tiny/log/features_3/run_0/autoencoder.weights.h5",
        "seen/sigma/features_3/run_0/contrastive.weights.h5",
        "seen/sigma/features_3/run_0/student_known.weights.h5",
    ):
        with h5py.File(made / path) as file:
            assert file.attrs["bands"] == "VIS J H", path
    with h5py.File(made / "tiny/log/denoised/train/shard_0.h5") as file:
        assert file["image"].shape[1:] == (3, 26, 26)
        assert (file["image"][:].max(axis=(2, 3)) == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("experiment", ["tiny", "seen", "polar", "pca"])
def test_every_encoder_ranks_candidates_by_all_bands(made, experiment):
    with open(made / experiment / "metrics.csv") as file:
        aucs = [float(row["auc"]) for row in csv.DictReader(file)]
    assert np.isfinite(aucs).all()
    with fits.open(made / experiment / "candidates_small_challenge_cutouts.fits") as file:
        names = [hdu.name for hdu in file[1:4]]
        assert names == ["RANK1_VIS", "RANK1_J", "RANK1_H"]
        assert file[1].shape == (101, 101)
    assert (made / "report.html").is_file()
