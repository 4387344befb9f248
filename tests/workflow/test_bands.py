"""Images of several bands from simulation to candidates, with every encoder, and the pages."""

import base64
import json
import re
import zlib

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from lensflow.samples.injected import read_injected
from workflow.conftest import configured, snakemake
from workflow.test_networks import PRESET as SEEN

BANDS = ["VIS", "J", "H"]
ENCODERS = {"tiny": "log", "seen": "sigma", "polar": "sigma", "pca": "log"}
STUDENT = "results/seen/sigma/features_3/run_0/student/known/small_challenge/shard_0.h5"
PAGES = ["results/polar/judge.html", "results/tiny/grade_small_challenge.html"]
COMPLETENESS = "results/polar/injected_completeness_small_challenge.csv"
CANDIDATES = [f"results/{name}/candidates_small_challenge_cutouts.fits" for name in ENCODERS]


def in_bands(config):
    """Give the tiny configuration three bands, and an experiment for each encoder."""
    for dataset in config["datasets"].values():
        dataset.update(bands=BANDS, shards=1)
    config["datasets"]["small_challenge"]["completeness"] = {
        "n": 6, "pixel_scale": 0.1, "psf_fwhm": {"VIS": 0.18, "J": 0.44, "H": 0.46},
    }  # fmt: skip
    tiny = config["experiments"]["tiny"]
    tiny.update(runs=1, protocol="honest")
    config["presets"]["seen"] = SEEN
    config["presets"]["polar"] = {"encoder": "polar", "n_views": 2}
    config["presets"]["pca"] = {"encoder": "pca", "image_size": 26}
    for name, scale in ENCODERS.items():
        if name != "tiny":
            config["experiments"][name] = {**tiny, "preset": name, "scales": [scale]}
    tiny["hidden"] = {"n_lenses": 2, "n_duds": 1}
    config["run"] = list(ENCODERS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder in which candidates and pages were made of images of three bands."""
    folder = configured(tmp_path_factory.mktemp("bands"), in_bands)
    snakemake(folder, "--cores", 2, "--", *CANDIDATES, *PAGES, STUDENT, COMPLETENESS)
    return folder / "results"


@pytest.mark.slow
def test_every_stage_has_all_bands(made):
    for path in (
        "data/small_training/images/shard_0.h5",
        "data/small_training/index.h5",
        "data/small_challenge_injected/images/shard_0.h5",
        "tiny/hidden_small_challenge.h5",
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
    with h5py.File(made / "data/small_training/images/shard_0.h5") as file:
        assert file["source_flux"].shape == file["flux"].shape == (160, 3, 101, 101)


@pytest.mark.slow
def test_sources_in_all_bands_are_searched_for(made):
    known = read_injected([made / "data/small_challenge_injected/images/shard_0.h5"])
    sources = pd.read_csv(made / "polar/injected_sources_small_challenge.csv")
    assert sources["id"].tolist() == known["id"].tolist()
    assert sources["p_lens"].between(0, 1).all()
    table = pd.read_csv(made / "polar/injected_completeness_small_challenge.csv")
    assert (table.loc[table["by"] == "all", "n_lens"] == 6).all()
    assert (table["by"] == "source_magnitude").any()


@pytest.mark.slow
@pytest.mark.parametrize("experiment", ENCODERS)
def test_every_encoder_ranks_candidates_by_all_bands(made, experiment):
    table = pd.read_csv(made / experiment / "candidates_small_challenge.csv")
    assert len(table) == 40
    assert np.isfinite(table["p_lens"]).all()
    with fits.open(made / experiment / "candidates_small_challenge_cutouts.fits") as file:
        assert [hdu.name for hdu in file[1:4]] == ["RANK1_VIS", "RANK1_J", "RANK1_H"]
        assert file[1].shape == (101, 101)


def payload(path):
    found = re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', path.read_text(), re.DOTALL)
    return json.loads(found[1])


@pytest.mark.slow
def test_pages_have_a_colour_picture_of_every_image(made):
    for sheet in payload(made / "polar/judge.html")["sheets"]:
        levels = zlib.decompress(base64.b64decode(sheet["colour"]))
        assert len(levels) == 3 * len(sheet["ids"]) * sheet["colour_side"] ** 2
    graded = payload(made / "tiny/grade_small_challenge.html")
    hidden = pd.read_csv(made / "tiny/hidden_small_challenge.csv", dtype={"id": str})
    assert set(hidden["id"]) < {each["id"] for each in graded["objects"]}
    levels = zlib.decompress(base64.b64decode(graded["images"]["colour"]))
    assert len(levels) == 3 * len(graded["objects"]) * graded["images"]["colour_side"] ** 2
