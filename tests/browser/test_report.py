"""The report in a real browser: read, folded out, sorted and searched."""

import pandas as pd
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.reader import browser, errors_of, requests_of, serious_findings, show
from lensflow.report.page import write_report
from unit.report.graph import DOT
from unit.report.report_fixtures import make_experiment

HOSTILE = "<img src=x onerror='document.body.dataset.broken=1'>"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with pictures, positions, a figure, and markup in a name."""
    root = tmp_path_factory.mktemp("page") / "results"
    make_experiment(root, n=60, n_features=6)
    path = root / "demo/candidates_faint.csv"
    table = pd.read_csv(path, dtype={"id": str})
    table["ra"], table["dec"] = 10.5, -45.25
    table.loc[3, "path"] = HOSTILE
    table.to_csv(path, index=False)
    entry = {"config_path": root / "demo/config.yaml", "figures": []}
    extras = {"comparison": root / "paper_comparison.csv", "benchmarks": root / "benchmarks"}
    write_report(root / "report.html", [entry], rule_graph=DOT, **extras)
    return root / "report.html"


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("downloads")) as window:
        yield window


def unfold(window):
    window.execute_script(
        "for (const part of document.querySelectorAll('details')) part.open = true"
    )


@pytest.mark.parametrize(("width", "is_dark"), [(1200, False), (390, False), (390, True)])
def test_anybody_can_read_it(window, report, width, is_dark):
    show(window, report, width, is_dark)
    unfold(window)
    assert serious_findings(window) == []
    assert window.execute_script("return document.documentElement.scrollWidth") <= width
    assert errors_of(window) == []


def test_the_candidates_come_first_as_pictures(window, report):
    show(window, report)
    pictures = window.find_elements(By.CSS_SELECTOR, ".mosaic img")
    assert len(pictures) == 20
    assert all(window.execute_script("return arguments[0].naturalWidth > 0", p) for p in pictures)
    assert pictures[0].location["y"] < 800


def test_names_are_text(window, report):
    show(window, report)
    unfold(window)
    assert HOSTILE in window.find_element(By.TAG_NAME, "main").text
    assert window.execute_script("return document.body.dataset.broken") is None


def column(window, table, number):
    """Return the texts of a column of the rows that are shown."""
    script = """return [...arguments[0].rows].slice(1).filter((row) => !row.hidden)
        .map((row) => row.cells[arguments[1]].textContent)"""
    return window.execute_script(script, table, number)


def test_a_table_is_sorted_by_keyboard_and_searched(window, report):
    show(window, report)
    unfold(window)
    table = window.find_element(By.CSS_SELECTOR, "#demo table.sorts")
    ranks = [str(rank) for rank in range(1, 21)]
    assert column(window, table, 0) == ranks
    button = table.find_element(By.CSS_SELECTOR, "th button")
    button.send_keys(Keys.ENTER)
    button.send_keys(Keys.SPACE)
    assert table.find_element(By.TAG_NAME, "th").get_attribute("aria-sort") == "descending"
    assert column(window, table, 0) == ranks[::-1]
    wanted = column(window, table, 1)[4]
    window.find_element(By.CSS_SELECTOR, "#demo input[type=search]").send_keys(wanted)
    shown = [row for row in table.find_elements(By.CSS_SELECTOR, "tr") if row.is_displayed()]
    assert len(shown) == 2
    assert wanted in shown[1].text


def test_a_link_into_a_folded_part_opens_it(window, report):
    show(window, report)
    part = window.find_element(By.ID, "timings")
    assert part.get_attribute("open") is None
    window.find_element(By.CSS_SELECTOR, "nav a[href='#timings']").click()
    assert part.get_attribute("open") is not None


def test_it_asks_for_nothing(window, report):
    window.get_log("performance")
    show(window, report)
    assert requests_of(window) == []
