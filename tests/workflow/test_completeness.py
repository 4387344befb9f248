"""Lensed sources put into images that were searched already: nothing else changes."""

import re
import shutil

import pandas as pd
import pytest

from lensflow.samples.injected import read_injected
from workflow.conftest import configured, snakemake

SEARCH = ("simulate_cutouts", "ingest_cutouts", "train_denoiser", "train_autoencoder")
SEARCH += ("fit_mixture", "label_clusters", "evaluate_experiment", "rank_candidates")
N = 12


def asked(config):
    """Ask the finished search how complete its list of ten candidates is."""
    config["datasets"]["small_challenge"]["completeness"] = {
        "n": N, "pixel_scale": 0.1, "psf_fwhm": 0.18, "shards": 2, "lens_fractions": [0.5],
    }  # fmt: skip


@pytest.fixture(scope="module")
def measured(finished, tmp_path_factory):
    """The folder of the finished search with its completeness, and what was printed."""
    folder = configured(tmp_path_factory.mktemp("completeness"), asked)
    for name in ("results", ".snakemake"):
        shutil.copytree(finished / name, folder / name, copy_function=shutil.copy2)
    targets = "results/report.html", "results/tiny/injected_completeness_small_challenge.csv"
    return folder, snakemake(folder, "--cores", 2, "--", *targets).output


def test_the_search_is_not_made_again(finished, measured):
    folder, output = measured
    assert "inject_sources" in output
    assert not [rule for rule in SEARCH if re.search(rf"\b{rule}", output)]
    for name in ("log/denoiser.weights.h5", "metrics.csv", "candidates_small_challenge.csv"):
        before, after = (here / "results/tiny" / name for here in (finished, folder))
        assert before.stat().st_mtime == after.stat().st_mtime
    assert "small_challenge_injected" not in (folder / "results/tiny/metrics.csv").read_text()


def test_every_source_is_scored_and_counted(measured):
    results = measured[0] / "results"
    sources = pd.read_csv(results / "tiny/injected_sources_small_challenge.csv")
    images = results / "data/small_challenge_injected/images"
    known = read_injected([images / f"shard_{shard}.h5" for shard in (0, 1)])
    assert sources["id"].tolist() == known["id"].tolist()
    assert len(sources) == N
    assert sources["p_lens"].between(0, 1).all()
    table = pd.read_csv(results / "tiny/injected_completeness_small_challenge.csv")
    whole = table[table["by"] == "all"].set_index("selection")
    assert (whole["n_lens"] == N).all()
    assert whole.loc["p > 0.5", "n_found"] == (sources["p_lens"] > 0.5).sum()
    # A list that is longer than the dataset holds whatever is in it.
    assert whole.loc["top 1000", "completeness"] == 1
    for by in ("einstein_radius_arcsec", "snr", "source_magnitude"):
        rows = table[(table["by"] == by) & (table["selection"] == "p > 0.5")]
        assert rows["n_lens"].sum() == N
        assert rows["n_found"].sum() == whole.loc["p > 0.5", "n_found"]
    purity = pd.read_csv(results / "tiny/injected_purity_small_challenge.csv")
    row = purity.set_index("selection").loc["top 1000"]
    assert (row["n_objects"], row["n_selected"], row["purity"]) == (40, 40, 0.5)


def test_the_report_has_a_section_with_its_figures(measured):
    folder = measured[0]
    text = (folder / "results/report.html").read_text()
    assert "Sources put into images of small_challenge" in text
    for name in ("injected_completeness", "injected_examples"):
        assert (folder / f"results/tiny/figures/{name}_small_challenge.png").is_file()
        assert f"{name.replace('_', ' ')} small challenge" in text
