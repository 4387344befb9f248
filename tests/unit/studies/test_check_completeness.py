"""Injected sources tell the completeness that the lenses of a labelled dataset have."""

import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import chi2
from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.apply.injection import inject_sources
from lensflow.apply.recovery import completeness_table
from lensflow.errors import ConfigError
from lensflow.evaluate.arcs import arc_statistic
from lensflow.evaluate.selection import snr
from lensflow.samples.images import open_images
from lensflow.samples.injected import read_injected
from lensflow.samples.rows import RADIUS
from lensflow.simulate.population import load
from lensflow.simulate.shards import simulate_object
from lensflow.studies import check_completeness
from lensflow.studies.trained import read_experiment
from unit.report.report_fixtures import make_experiment

N, N_SOURCES, FIRST = 260, 200, 400_000
SKY = 7.77e-13


@pytest.fixture(scope="module")
def population():
    """Objects like those of the challenge: images in sky sigma, and what they are."""
    described = load("challenge")
    with threadpool_limits(1, "blas"):
        made = [simulate_object(described, 1, FIRST + number) for number in range(N)]
    bright = [one["no_lens"][one["no_lens"] > 1] for one in made]
    table = pd.DataFrame(
        {
            "is_lens": np.array([one["is_lens"] for one in made], np.int8),
            RADIUS: [one["einstein_radius_arcsec"] for one in made],
            "snr": [snr(pixels.sum(), pixels.size) for pixels in bright],
        }
    )
    return np.array([one["public"] for one in made]), table


def injected(folder, images, table):
    """Return images in sky sigma and table of sources behind the non-lenses of a population."""
    ids = [f"o{number:03}" for number in range(N)]
    catalogue = table[["is_lens", RADIUS]]
    with artifacts.create(folder / "shard_0.h5", "images", {"shard": 0}) as writer:
        writer.dataset("flux", images * SKY, "AB maggies", compress=False)
        writer.dataset("sky_sigma", np.full(N, SKY, "f4"), "AB maggies")
        writer.strings("id", ids)
        artifacts.write_table(writer, "catalogue", catalogue)
    with artifacts.create(folder / "index.h5", "index") as writer:
        writer.strings("id", ids)
        writer.dataset("shard", np.zeros(N, int))
        writer.dataset("row", np.arange(N))
        writer.dataset("sky_sigma", np.full(N, SKY, "f4"))
        artifacts.write_table(writer, "catalogue", catalogue)
    settings = {
        "n": N_SOURCES, "shards": 1, "pixel_scale": 0.1, "psf_fwhm": 0.18,
        "population": "challenge", "galaxy_draws": 1, "sky_electrons": None,
    }  # fmt: skip
    path = folder / "injected.h5"
    inject_sources(folder / "index.h5", [folder / "shard_0.h5"], path, "x", 0, settings, 1)
    with open_images(path) as file:
        return file.flux() / SKY, read_injected([path])


def completeness(table, arcs, threshold):
    """Return completeness by S/N of a finder that selects what is arc-like."""
    table = table.assign(source_magnitude=np.nan)
    rows = pd.DataFrame(completeness_table(table, {"arcs": pd.Series(arcs > threshold)}))
    return rows[(rows["by"] == "snr") & (rows["n_lens"] > 0)].set_index("low")


@pytest.mark.slow
def test_completeness_is_that_of_the_lenses_themselves(population, tmp_path):
    """A finder without a network, on lenses and on sources behind the non-lenses of one set."""
    images, table = population
    arcs = arc_statistic(images)
    threshold = np.quantile(arcs, 0.7)
    is_lens = table["is_lens"].to_numpy() == 1
    true = completeness(table[is_lens], arcs[is_lens], threshold)
    with_source, sources = injected(tmp_path, images, table)
    sources["snr"] = snr(sources["flux_lensed_image_in_sigma"], sources["numb_pix_lensed_image"])
    found = completeness(sources, arc_statistic(with_source), threshold)
    both = found.merge(true, on="low", suffixes=("_injected", "_true"))
    assert both[["n_lens_injected", "n_lens_true"]].sum().tolist() == [N_SOURCES, is_lens.sum()]
    # From none of the faintest to most of the brightest.
    assert np.ptp(both["completeness_true"]) > 0.4
    deviation = check_completeness.deviation(both)
    assert np.sum(deviation**2) < chi2(len(both)).ppf(0.99)
    # What is left unfound among sources of no light, as among non-lenses, is found by chance.
    blind = both.assign(completeness_injected=0.0, completeness_high_injected=0.02)
    assert np.sum(check_completeness.deviation(blind) ** 2) > chi2(len(both)).ppf(0.99)


def test_deviations_are_in_units_of_the_intervals_between():
    table = pd.DataFrame(
        {
            "completeness_injected": [0.5, 0.4, 0.3],
            "completeness_low_injected": [0.46, 0.3, 0.2],
            "completeness_high_injected": [0.9, 0.44, 0.4],
            "completeness_true": [0.4, 0.5, 0.3],
            "completeness_low_true": [0.0, 0.47, 0.2],
            "completeness_high_true": [0.43, 1.0, 0.4],
        }
    )
    assert check_completeness.deviation(table).tolist() == pytest.approx([2, -2, 0])


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A folder with an experiment that was made up, asked for its completeness."""
    folder = tmp_path_factory.mktemp("here")
    results = make_experiment(folder / "results", n=60, n_features=6)
    for run in results["runs"]:
        # The objects of both datasets have the same identifiers.
        scores = pd.read_csv(run / "scores_train.csv", dtype={"id": str})
        scores.to_csv(run / "scores_faint.csv", index=False)
    path = folder / "results/demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["datasets"]["faint"]["completeness"] = {"n": 24, "shards": 1}
    config["experiments"]["demo"]["n_candidates"] = 10
    path.write_text(yaml.safe_dump(config))
    return folder


def test_table_and_figure_are_written(searched, monkeypatch, tmp_path, capsys):
    arguments = ["check_completeness", str(searched / "results/demo"), "faint"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--output", str(tmp_path / "out")])
    check_completeness.main()
    table = pd.read_csv(tmp_path / "out/completeness.csv")
    whole = table[table["by"] == "all"].set_index("selection")
    assert whole["n_lens_true"].tolist() == [36, 36]
    scores = [
        pd.read_csv(path)["p_lens_stand_in"].to_numpy()
        for path in sorted((searched / "results/demo").rglob("scores_faint.csv"))
    ]
    is_lens = np.arange(60) % 5 < 3
    expected = (np.mean(scores, axis=0)[is_lens] > 0.5).sum()
    assert whole.loc["p > 0.5", "n_found_true"] == expected
    assert whole.loc["top 10", "n_found_true"] <= 10
    assert set(table["by"]) == {"all", "einstein_radius_arcsec", "snr"}
    assert (tmp_path / "out/completeness.png").stat().st_size > 5000
    assert "top 10, by snr:" in capsys.readouterr().out


def test_a_dataset_that_was_not_asked_is_refused(searched):
    experiment, root = read_experiment(searched / "results/demo")
    with pytest.raises(ConfigError, match="no injected sources in 'fake'"):
        check_completeness.compare(experiment, root, "fake")
