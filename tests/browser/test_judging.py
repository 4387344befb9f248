"""The judging page in a browser: by keyboard, kept, saved, fed to the workflow; and held safe."""

import json
import re

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from selenium.webdriver.common.keys import Keys

from browser.made_up import HOSTILE, judging_page
from lensflow.cluster import labels as cluster_labels
from lensflow.samples.grades import read_grades
from workflow.conftest import snakemake

SURVEY = {
    "run": ["survey"],
    "seed": 3,
    "datasets": {"sky": {"kind": "simulate", "population": "challenge", "n_objects": 40}},
    "experiments": {
        "survey": {
            "dataset": "sky",
            "n_features": [4],
            "mixture": {"n_components": 5, "engine": "lensflow"},
        }
    },
}
RUN = "results/survey/sigma/features_4/run_0"
CANDIDATES = "results/survey/candidates_sky.csv"


@pytest.fixture
def made_up(tmp_path, page):
    page.open(judging_page(tmp_path))
    page.type("#who", "Ann")
    return page


def shown(page):
    return int(page.run("return document.body.dataset.shown"))


@pytest.mark.slow
def test_all_clusters_are_judged_by_keyboard_and_the_workflow_takes_it(tmp_path, page):
    """From images to probabilities: run, judge half, reload, judge the rest, save, run again."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(SURVEY))
    snakemake(tmp_path, "--cores", 2, f"{RUN}/judge.html")
    page.open(tmp_path / RUN / "judge.html")
    page.type("#who", "Ann")
    verdicts, values = {}, {"0": 0.0, "1": 0.5, "2": 1.0}
    keys = ["2", "0", "1", "2", "0"]
    filled = len(page.elements("#overview button"))
    for i, key in enumerate(keys[:filled]):
        number = shown(page)
        verdicts[number] = values[key]
        page.press(key)
        if i < filled - 1:
            page.wait(f"document.body.dataset.shown !== '{number}'")
        if i == 2:
            page.reload()
    assert page.text("#done") == f"{filled} of {filled} clusters judged"
    (rows,) = page.saved("judged.csv")
    (page.folder / "judged.csv").rename(tmp_path / "judged.csv")

    table = pd.DataFrame(rows).set_index("cluster")
    assert {int(k): float(p) for k, p in table["probability"].items()} == {
        **dict.fromkeys(range(5), 0.5),
        **verdicts,
    }
    assert set(table["who"]) == {"Ann"}
    done = snakemake(tmp_path, "--cores", 2, f"{RUN}/scores_train.csv", CANDIDATES)
    assert "fit_mixture" not in done.output
    assert (pd.read_csv(tmp_path / CANDIDATES)["judgement"] == "person").all()
    scores = pd.read_csv(tmp_path / RUN / "scores_train.csv")
    with h5py.File(tmp_path / RUN / "mixture.h5") as file:
        n_components = file["weights"].size
    by_cluster = np.array([verdicts.get(k, 0.5) for k in range(n_components)])
    certain = scores[scores["p_lens_person"].isin([0, 0.5, 1])]
    assert len(certain)
    assert (certain["p_lens_person"] == by_cluster[certain["cluster"]]).all()


def test_the_file_is_what_the_library_reads(made_up, tmp_path):
    hash_of = json.loads(made_up.run("return document.getElementById('data').textContent"))
    model = hash_of["models"][0]
    made_up.press("2")
    made_up.wait("document.body.dataset.shown === '2'")
    made_up.type("#note", 'faint, "odd" arcs')
    made_up.press("0")
    made_up.wait("document.body.dataset.shown === '3'")
    made_up.press("p", "0", ".", "3", Keys.ENTER)
    made_up.saved("judged_0.csv")
    table = cluster_labels.read(made_up.folder / "judged_0.csv", model["hash"], 4)
    assert table["probability"].tolist() == [0.5, 1, 0, 0.3]
    assert table["n_members"].astype(int).tolist() == [0, 20, 20, 20]
    assert table["n_inspected"].astype(int).tolist() == [0, 20, 20, 20]
    assert table["note"].tolist() == ["no members", "", 'faint, "odd" arcs', ""]
    assert table["when"][1:].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()


def test_marks_of_members_are_counted_and_saved_as_grades(made_up):
    made_up.press(Keys.ARROW_RIGHT, "l", Keys.ARROW_RIGHT, "l", Keys.ARROW_RIGHT, "x")
    assert len(made_up.elements("#random .tile.lens")) == 2
    made_up.press("g", "c")
    assert made_up.text("#verdict") == "p = 0.1, 2 lenses of 20"
    made_up.element("#random .tile:nth-child(8)").click()
    for number in (2, 3):
        made_up.press("n")
        made_up.wait(f"document.body.dataset.shown === '{number}'")
        made_up.press("1")
    made_up.press(".")
    made_up.wait("document.body.dataset.shown === '1'")
    assert made_up.text("#verdict") == "p = 0.15, 3 lenses of 20"
    rows, grades = made_up.saved("judged_0.csv", "grades_sky_Ann.csv")
    assert (rows[1]["n_lenses"], rows[1]["n_inspected"], rows[1]["probability"]) == ("3", "20", "")
    counted = cluster_labels.read(made_up.folder / "judged_0.csv", rows[1]["mixture_hash"], 4)
    assert counted["probability"].tolist() == [0.5, 3.5 / 21, 0.5, 0.5]
    read = read_grades([made_up.folder / "grades_sky_Ann.csv"])
    assert read["grade"].value_counts().to_dict() == {"B": 3, "X": 1}
    assert len(grades) == 4
    assert (read["dataset"] == "sky").all()


def test_undo_takes_back_step_by_step(made_up):
    made_up.press("2")
    made_up.wait("document.body.dataset.shown === '2'")
    made_up.press("l")
    assert made_up.elements(".tile.lens")
    made_up.press("u")
    assert not made_up.elements(".tile.lens")
    made_up.press("u")
    made_up.wait("document.body.dataset.shown === '1'")
    assert made_up.text("#done") == "0 of 3 clusters judged"
    made_up.press("u")
    assert made_up.text("#status") == "There is nothing to undo."


def test_what_another_window_says_is_taken_over(made_up):
    """The same page, open twice, must not overwrite what was said in the other window."""
    made_up.press("2")
    made_up.wait("document.body.dataset.shown === '2'")
    made_up.run(
        """
        const [key] = Object.keys(localStorage).filter((name) => name.startsWith("lensflow judge"));
        const state = JSON.parse(localStorage.getItem(key));
        const judged = {...state.judged, 3: {probability: 0.25, n_inspected: 20, when: ""}};
        const newValue = JSON.stringify({...state, judged});
        dispatchEvent(new StorageEvent("storage", {key, newValue}));
        """
    )
    assert made_up.text("#done") == "2 of 3 clusters judged"
    made_up.press("0")
    (rows,) = made_up.saved("judged_0.csv")
    assert [row["probability"] for row in rows] == ["0.5", "1", "0", "0.25"]


def test_a_saved_file_is_read_again_and_a_foreign_one_is_not(made_up, tmp_path):
    for number, key in ((1, "2"), (2, "0")):
        made_up.wait(f"document.body.dataset.shown === '{number}'")
        made_up.press(key)
    made_up.saved("judged_0.csv")
    text = (made_up.folder / "judged_0.csv").read_text()
    (tmp_path / "mine.csv").write_text(text)
    (tmp_path / "foreign.csv").write_text(re.sub(r"\b[0-9a-f]{64}\b", "0" * 64, text))
    made_up.run("localStorage.clear()")
    made_up.reload()
    assert made_up.text("#done") == "0 of 3 clusters judged"
    made_up.element("#load").send_keys(str(tmp_path / "foreign.csv"))
    made_up.wait("document.getElementById('status').textContent.includes('judges other clusters')")
    assert made_up.text("#done") == "0 of 3 clusters judged"
    made_up.element("#load").send_keys(str(tmp_path / "mine.csv"))
    made_up.wait("document.getElementById('done').textContent.startsWith('2 of 3')")
    assert made_up.run("return document.getElementById('who').value") == "Ann"


def test_an_incomplete_or_nameless_table_is_said_to_be(made_up):
    made_up.press("2")
    made_up.wait("document.body.dataset.shown === '2'")
    made_up.saved("judged_0.csv")
    assert "2 clusters are not judged yet" in made_up.text("#status")
    made_up.type("#who", "")
    made_up.press("e")
    assert "Say who you are first" in made_up.text("#status")


def test_models_with_the_same_clusters_are_judged_once(tmp_path, page):
    page.open(judging_page(tmp_path, copies=3))
    page.type("#who", "Ann")
    assert page.text("#done") == "0 of 3 clusters judged"
    page.press("g", "l", "c")
    first, *others = page.saved(
        "judged_0.csv", "judged_1.csv", "judged_2.csv", "grades_sky_Ann.csv"
    )[:3]
    assert (first[1]["n_lenses"], first[1]["n_inspected"]) == ("1", "20")
    for rows in others:
        assert [{**row, "note": ""} for row in rows if row["note"] != "no members"] == [
            {**row, "note": ""} for row in first if row["note"] != "no members"
        ]
        assert rows[1]["note"] == "judged with cluster 1 of run 0"


def test_more_members_count_as_inspected(tmp_path, page):
    page.open(judging_page(tmp_path, n=150))
    assert len(page.elements("#random .tile")) == 25
    page.press("m", "g", "c")
    assert len(page.elements("#random .tile")) == 42
    assert page.text("#verdict") == "p = 0, 0 lenses of 42"


def test_pixels_are_those_of_the_image_and_the_symmetric_light_is_taken_away(tmp_path, page):
    """Levels are half a step from the flux; a ring that is not symmetric is what remains."""
    page.open(judging_page(tmp_path))
    page.press("z")
    assert page.run("return document.getElementById('zoom').open")
    assert len(page.elements("#zoom canvas")) == 2
    page.press(Keys.ESCAPE)
    before = page.run("return document.querySelector('.tile canvas').toDataURL()")
    for key in ("i", "s", "]"):
        page.press(key)
        after = page.run("return document.querySelector('.tile canvas').toDataURL()")
        assert after != before
        before = after


def test_nothing_that_labels_tell_is_on_a_blind_page(tmp_path, page):
    page.open(judging_page(tmp_path))
    content = json.loads(page.run("return document.getElementById('data').textContent"))
    assert all("truth" not in sheet for sheet in content["sheets"])
    assert "is_lens" not in page.driver.page_source
    page.open(judging_page(tmp_path, blind=False))
    assert "12 of 20 members of known class are lenses (0.60)" in page.text("#facts")


@pytest.mark.parametrize("width", [1280, 390])
def test_names_are_text_nothing_leaves_and_everybody_can_read_it(tmp_path, page, width):
    ids = [*HOSTILE, *(str(number) for number in range(57))]
    path = judging_page(tmp_path, ids=ids, name="<b>bold</b>")
    page.driver.set_window_size(max(width, 500), 900)
    page.narrow(width)
    page.open(path)
    assert page.text("h1") == "Judge the clusters of <b>bold</b>"
    labels = [tile.get_attribute("aria-label") for tile in page.elements(".tile")]
    assert {f"{name}: no mark" for name in HOSTILE} & set(labels)
    page.type("#who", HOSTILE[1])
    page.type("#note", HOSTILE[0])
    page.press("l", "2", "z")
    page.reload()
    assert page.run("return document.title") == "Judge the clusters of <b>bold</b>"
    assert page.run("return document.querySelectorAll('script').length") == 2
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.serious() == []
    assert page.requests() == []
    assert page.errors() == []
