"""What the report says of injected sources is what their tables say."""

import pandas as pd
import pytest
import yaml

from lensflow.report.contents import read_findings
from lensflow.report.injected import injected_content
from lensflow.report.page import write_report
from lensflow.report.shown import shown_paths
from small_projects import project


@pytest.fixture
def asked(folder):
    """The experiment, asked for the completeness of what it is applied to."""
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["datasets"]["faint"]["completeness"] = {"n": 24, "shards": 1}
    path.write_text(yaml.safe_dump(config))
    return folder


def content(folder):
    return injected_content(read_findings(folder / "demo/config.yaml"))


def test_nothing_is_said_where_nobody_asks(folder):
    assert content(folder) == []


def test_nothing_is_said_where_a_table_is_missing(asked):
    (asked / "demo/injected_purity_faint.csv").unlink()
    assert content(asked) == []


def test_numbers_are_said_with_their_intervals(asked):
    path = asked / "demo/injected_completeness_faint.csv"
    table = pd.read_csv(path)
    chosen = (table["by"] == "all") & (table["selection"] == "top 10")
    limits = {"completeness": 0.25, "completeness_low": 0.175, "completeness_high": 0.34}
    table.loc[chosen, [*limits, "n_found", "n_lens"]] = [*limits.values(), 6, 24]
    table.to_csv(path, index=False)
    path = asked / "demo/injected_purity_faint.csv"
    purity = pd.read_csv(path)
    assert purity["lens_fraction"].tolist() == [0.01, 0.001] * 2
    changes = {"n_lens_expected": 0.25, "purity": 0.025, "purity_low": 0.0175, "purity_high": 0.034}
    purity.loc[purity["selection"] == "top 10", list(changes)] = list(changes.values())
    purity.to_csv(path, index=False)
    (part,) = content(asked)
    assert part["dataset"] == "faint"
    assert part["selections"] == ["p > 0.5", "top 10"]
    assert part["sentences"][1] == "top 10: 6 of 24 sources are found, 25 % (17.5 to 34)."
    assert part["sentences"][3] == (
        "top 10, 10 of 100 objects: if 1 % of all objects are such lenses, 0.25 of them are among "
        "these, a purity of 2.5 % (1.75 to 3.4)."
    )
    assert [row["lens_fraction"] for row in part["purities"]] == ["1 %", "0.1 %"] * 2


def test_an_empty_selection_has_no_purity(asked):
    path = asked / "demo/injected_purity_faint.csv"
    purity = pd.read_csv(path)
    empty = purity["selection"] == "p > 0.5"
    purity.loc[empty, "n_selected"] = 0
    purity.loc[empty, ["purity", "purity_low", "purity_high"]] = float("nan")
    purity.to_csv(path, index=False)
    (part,) = content(asked)
    words = "p > 0.5: no object of the dataset is in it, so that it has no purity."
    assert part["sentences"][2] == words
    assert [row["purity"] for row in part["purities"]][:2] == ["not defined"] * 2


def test_a_selection_of_all_objects_says_nothing(asked):
    path = asked / "demo/injected_purity_faint.csv"
    purity = pd.read_csv(path)
    chosen = purity["selection"] == "top 10"
    purity.loc[chosen, "n_selected"] = purity.loc[chosen, "n_objects"]
    purity.to_csv(path, index=False)
    (part,) = content(asked)
    assert part["sentences"][3].startswith("top 10: all 100 objects of the dataset are in it")
    assert "n_candidates" in part["sentences"][3]


def test_every_bin_that_holds_a_source_is_shown(asked):
    (part,) = content(asked)
    table = pd.read_csv(asked / "demo/injected_completeness_faint.csv")
    filled = table[(table["by"] != "all") & (table["n_lens"] > 0)]
    assert len(part["bins"]) * 2 == len(filled)
    assert {row["by"] for row in part["bins"]} == {
        "Einstein radius (arcsec)",
        "S/N of the lensed image",
        "magnitude of the source (AB)",
    }
    assert all(len(row["found"]) == 2 for row in part["bins"])
    assert [row["bin"] for row in part["bins"] if "magnitude" in row["by"]] == ["24 to 25"]


def test_the_page_has_a_section(asked):
    entry = {"config_path": asked / "demo/config.yaml", "figures": []}
    write_report(asked / "report.html", [entry], benchmarks=asked / "benchmarks")
    text = (asked / "report.html").read_text()
    assert "Sources put into images of faint" in text
    for sentence in content(asked)[0]["sentences"]:
        assert sentence.replace(">", "&gt;") in text


def test_the_report_waits_for_the_tables():
    entry = {"completeness": {"n": 24, "pixel_scale": 0.1, "psf_fwhm": 0.18}}
    first = project(datasets={"there": entry}).experiments["first"]
    names = ("sources", "completeness", "purity")
    assert {f"results/first/injected_{name}_there.csv" for name in names} <= set(shown_paths(first))
