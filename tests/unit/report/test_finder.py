"""What the report says of the finder is what its tables say."""

import numpy as np
import pandas as pd
import yaml

from lensflow.report.contents import read_findings
from lensflow.report.finder import finder_content, percent


def content(folder):
    return finder_content(read_findings(folder / "demo/config.yaml"))


def change(folder, name, **columns):
    """Write values to the rows of the held-out sample, by the stand-in and over the runs."""
    path = folder / f"demo/{name}.csv"
    table = pd.read_csv(path)
    chosen = table["labels"] == "stand_in"
    if "run" in table:
        chosen &= table["run"].astype(str) == "all"
    for column, value in columns.items():
        table.loc[chosen, column] = value
    table.to_csv(path, index=False)


def test_rates_are_said_with_their_intervals(folder):
    purity = {"purity": 0.2, "purity_low": 0.17, "purity_high": 0.275}
    found = {"completeness": 0.31, "completeness_low": 0.3, "completeness_high": 0.4}
    change(folder, "rates", **purity, **found)
    rates = content(folder)["rates"]
    assert rates["sentences"] == [
        "Held-out objects, labels “stand_in”: of the best 1 % at a lens fraction of 1 %, "
        "20 % (17 to 27.5) are lenses, and they hold 31 % (30 to 40) of all lenses."
    ]
    rows = [row for row in rates["rows"] if row["labels"] == "stand_in"]
    assert [row["lens_fraction"] for row in rows] == ["60 %", "1 %", "0.1 %", "0.01 %"]
    assert {row["small_purity"] for row in rows} == {"20 % (17 to 27.5)"}
    assert {row["pure"] for row in rows} == {"31 % (30 to 40)"}
    beside = {"density", "density_arcs", "isolation_forest"}
    assert {row["labels"] for row in rates["rows"]} == {"known", "stand_in", *beside}
    titles = {row["labels"]: row["title"] for row in rates["rows"]}
    assert titles["known"] == "known"
    assert titles["density"] == "density alone: unusual objects first"


def test_what_is_not_defined_is_said(folder):
    change(folder, "rates", purity=np.nan)
    assert "not defined are lenses" in content(folder)["rates"]["sentences"][0]
    assert percent(np.nan) == "not defined"


def test_bins_are_shown_and_the_extremes_said(folder):
    path = folder / "demo/missed.csv"
    table = pd.read_csv(path).assign(n_lens=40, completeness=0.5)
    table.loc[table["low"] == 3, "completeness"] = 0.75
    table.loc[table["low"] == 1.5, ["completeness", "n_lens"]] = 0.1, 12
    table.loc[table["low"] == 0.5, ["completeness", "n_lens"]] = 0.0, 9
    table.to_csv(path, index=False)
    missed = content(folder)["missed"]
    (sentence,) = missed["sentences"]
    expected = (
        "fewest are found of 1.5 to 2 (10 % of 12 lenses), the most of 3 and more (75 % of 40)"
    )
    assert expected in sentence
    radius = [row["bin"] for row in missed["rows"] if row["by"].startswith("Einstein")]
    assert radius == ["0 to 0.5", "0.5 to 1", "1 to 1.5", "1.5 to 2", "2 to 3", "3 and more"]
    assert len(missed["rows"]) == 11


def test_calibration_is_said_for_the_judged_fraction_and_this_one(folder):
    table = pd.read_csv(folder / "demo/calibration_summary.csv").assign(judged_fraction=0.5)
    table["calibration_error"] = np.where(table["prior"] == "shifted", 0.05, 0.15)
    table.to_csv(folder / "demo/calibration_summary.csv", index=False)
    calibration = content(folder)["calibration"]
    (sentence,) = calibration["sentences"]
    assert "60 % are lenses; p and the fraction of lenses of its bin differ by 0.150" in sentence
    assert "by 0.050 after p is shifted from the lens fraction that was judged (50 %)" in sentence
    assert len(calibration["rows"]) == 4
    judged = table[table["prior"] == "as judged"]
    judged.to_csv(folder / "demo/calibration_summary.csv", index=False)
    assert content(folder)["calibration"]["sentences"][0].endswith("differ by 0.150.")


def test_where_nobody_judged_density_and_arcs_rank_or_density_alone(folder):
    judged_by_nobody(folder, ["density", "density_arcs"])
    first = content(folder)["rates"]["sentences"][0]
    assert first.startswith("Held-out objects, ranked by density and arcs by ranks")
    found = judged_by_nobody(folder, ["density"])
    assert found["rates"]["sentences"][0].startswith("Held-out objects, ranked by density alone")
    assert {row["above"] for row in found["missed"]["rows"]} == {"not defined"}
    assert found["calibration"] == {"sentences": [], "rows": []}


def judged_by_nobody(folder, labels):
    """What the report says where nobody judged and some rankers are there."""
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["experiments"]["demo"]["labels"] = ["nobody"]
    path.write_text(yaml.safe_dump(config))
    for name in ("rates", "missed", "calibration_summary"):
        table = pd.read_csv(folder / f"demo/{name}.csv")
        table[table["labels"].isin(labels)].to_csv(folder / f"demo/{name}.csv", index=False)
    return content(folder)
