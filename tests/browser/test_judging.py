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
    rows, grades = made_up.saved("judged_0.csv", "marks_sky_Ann.csv")
    assert (rows[1]["n_lenses"], rows[1]["n_inspected"], rows[1]["probability"]) == ("3", "20", "")
    counted = cluster_labels.read(made_up.folder / "judged_0.csv", rows[1]["mixture_hash"], 4)
    assert counted["probability"].tolist() == [0.5, 3.5 / 21, 0.5, 0.5]
    read = read_grades([made_up.folder / "marks_sky_Ann.csv"])
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


def test_a_note_that_was_typed_outlives_the_undoing_of_a_verdict(made_up):
    made_up.press("2")
    made_up.wait("document.body.dataset.shown === '2'")
    made_up.type("#note", "one bright arc")
    made_up.press("u")
    made_up.wait("document.body.dataset.shown === '1'")
    (rows,) = made_up.saved("judged_0.csv")
    assert [row["note"] for row in rows] == ["no members", "", "one bright arc", ""]


def test_escape_takes_back_what_was_typed(made_up):
    made_up.press("p", "0", ".", "7", Keys.ESCAPE, "t", "x", Keys.ESCAPE)
    assert made_up.text("#done") == "0 of 3 clusters judged"
    assert made_up.run(
        "return [...document.querySelectorAll('#value, #note')].map((f) => f.value)"
    ) == [
        "",
        "",
    ]
    made_up.press("p", "7", Keys.ENTER)
    assert made_up.text("#status") == "A probability lies between 0 and 1."
    assert made_up.text("#done") == "0 of 3 clusters judged"


def test_keys_reach_the_page_from_its_controls_and_not_from_the_help(made_up):
    """A menu under the focus keeps its arrows; open help keeps every key."""
    made_up.element("#stretch").click()
    made_up.press(Keys.ESCAPE, Keys.ARROW_DOWN)
    assert made_up.run("return document.getElementById('stretch').value") == "log"
    made_up.press("?", "2")
    assert made_up.text("#done") == "0 of 3 clusters judged"
    made_up.press(Keys.ESCAPE)
    made_up.run("document.getElementById('stretch').focus()")
    made_up.press("2")
    assert made_up.text("#done") == "1 of 3 clusters judged"


def test_what_another_window_says_is_taken_over(made_up):
    """The same page, open twice, must not overwrite what was said in the other window."""
    made_up.press("2")
    made_up.wait("document.body.dataset.shown === '2'")
    made_up.run(
        """
        const [key] = Object.keys(localStorage).filter((name) => name.startsWith("lensflow judge"));
        const kept = JSON.parse(localStorage.getItem(key));
        kept.people.ann.judged[3] = {probability: 0.25, n_inspected: 20, when: ""};
        dispatchEvent(new StorageEvent("storage", {key, newValue: JSON.stringify(kept)}));
        """
    )
    assert made_up.text("#done") == "2 of 3 clusters judged"
    made_up.press("0")
    (rows,) = made_up.saved("judged_0.csv")
    assert [row["probability"] for row in rows] == ["0.5", "1", "0", "0.25"]


def test_a_browser_that_keeps_nothing_says_so_and_works(tmp_path, page):
    """Storage is forbidden from the start: nothing is kept, everything can be saved."""
    forbid = (
        "Object.defineProperty(window, 'localStorage', {configurable: true, get() { throw 0; }})"
    )
    script = page.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": forbid}
    )
    page.open(judging_page(tmp_path))
    page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    assert "cannot keep what you say" in page.text("#unkept")
    page.type("#who", "Ann")
    page.press("2", "0", "1")
    (rows,) = page.saved("judged_0.csv")
    assert [row["probability"] for row in rows] == ["0.5", "1", "0", "0.5"]
    page.driver.get("about:blank")


def test_a_full_storage_is_said_until_there_is_room(made_up):
    """Every page of a folder shares its storage: a megabyte too much, then room again."""
    made_up.run("Storage.prototype.keep = Storage.prototype.setItem")
    made_up.run(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }"
    )
    made_up.press("2")
    assert made_up.element("#unkept").is_displayed()
    made_up.run("Storage.prototype.setItem = Storage.prototype.keep")
    made_up.press("0")
    assert not made_up.element("#unkept").is_displayed()
    made_up.reload()
    assert made_up.text("#done") == "2 of 3 clusters judged"


def test_each_person_has_verdicts_of_their_own(made_up):
    made_up.press("2")
    made_up.type("#who", "Bob")
    assert made_up.text("#who-title") == "Is Bob the same person as Ann?"
    made_up.element("#who-other").click()
    assert made_up.text("#done") == "0 of 3 clusters judged"
    made_up.press("0")
    made_up.type("#who", "ann")
    assert made_up.text("#done") == "1 of 3 clusters judged"
    (rows,) = made_up.saved("judged_0.csv")
    assert [(row["probability"], row["who"]) for row in rows[1:]] == [
        ("1", "ann"),
        *[("", "ann")] * 2,
    ]
    made_up.type("#who", "Anne")
    made_up.press(Keys.ESCAPE)
    # A dialog closed by a key says so in a task of its own.
    made_up.wait("document.getElementById('who').value === 'ann'")
    made_up.type("#who", "Anne")
    made_up.element("#who-same").click()
    assert made_up.text("#done") == "1 of 3 clusters judged"


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("1,1,", "1,TRUE,"), "probability of cluster 1 is TRUE"),
        (lambda text: text.replace("1,1,", "1,1.5,"), "probability of cluster 1 is 1.5"),
        (lambda text: text[:-66], "a row begins with 3"),
        (lambda text: text + '4,"', "a quoted text does not end"),
        (lambda text: "", "the file is empty"),
        (lambda text: text.replace(",Ann,", ",Bob,", 1), "it is by Bob, Ann"),
        (lambda text: "name,size\n1,2\n", "neither a column mixture_hash nor grade"),
        (lambda text: "id,grade,who\n7,A,Ann\n", "it marks no member of sky as B or X"),
    ],
)
def test_a_damaged_file_changes_nothing_and_is_explained(made_up, tmp_path, change, message):
    made_up.press("2")
    made_up.saved("judged_0.csv")
    text = (made_up.folder / "judged_0.csv").read_text()
    (tmp_path / "mine.csv").write_text(change(text))
    made_up.element("#load").send_keys(str(tmp_path / "mine.csv"))
    made_up.wait("document.getElementById('status').textContent.includes('mine.csv')")
    assert message in made_up.text("#status")
    (rows,) = made_up.saved("judged_0.csv")
    assert [row["probability"] for row in rows] == ["0.5", "1", "", ""]


def test_what_a_spreadsheet_made_of_a_file_is_read(made_up, tmp_path):
    made_up.press("2", "p", "0", ".", "2", "5", Keys.ENTER)
    made_up.saved("judged_0.csv")
    text = (made_up.folder / "judged_0.csv").read_text()
    edited = (
        "\ufeff"
        + text.replace(",", ";").replace("\n", ";;\r\n").replace(";1;", ";1.0;")
        + ";;;;\r\n"
    )
    (tmp_path / "mine.csv").write_text(edited, newline="")
    made_up.run("localStorage.clear()")
    made_up.reload()
    made_up.element("#load").send_keys(str(tmp_path / "mine.csv"))
    made_up.wait("document.getElementById('status').textContent.includes('2 judgements are read')")
    (rows,) = made_up.saved("judged_0.csv")
    assert [row["probability"] for row in rows] == ["0.5", "1", "0.25", ""]


def test_an_incomplete_or_nameless_table_is_said_to_be(made_up):
    made_up.press("2")
    made_up.wait("document.body.dataset.shown === '2'")
    made_up.saved("judged_0.csv")
    assert "2 clusters are not judged yet" in made_up.text("#status")
    made_up.type("#who", "")
    made_up.press("e")
    assert "Say who you are first" in made_up.text("#status")


def test_models_with_the_same_clusters_are_judged_once(tmp_path, page):
    page.open(judging_page(tmp_path, others=(1, 1)))
    page.type("#who", "Ann")
    assert page.text("#done") == "0 of 3 clusters judged"
    page.press("g", "l", "c")
    first, *others = page.saved(
        "judged_0.csv", "judged_1.csv", "judged_2.csv", "marks_sky_Ann.csv"
    )[:3]
    assert (first[1]["n_lenses"], first[1]["n_inspected"]) == ("1", "20")
    for rows in others:
        assert [{**row, "note": ""} for row in rows if row["note"] != "no members"] == [
            {**row, "note": ""} for row in first if row["note"] != "no members"
        ]
        assert rows[1]["note"] == "judged with cluster 1 of run 0"


def test_clusters_of_other_models_get_the_mean_of_what_is_said_of_their_members(tmp_path, page):
    """Of the other model each cluster has a third of its members in each one of the first."""
    page.open(judging_page(tmp_path, others=(3,), table="judged.csv"))
    page.type("#who", "Ann")
    assert len(page.elements("#overview button")) == 3
    page.element("#others summary").click()
    assert len(page.elements("#followers button")) == 4
    assert page.text("#done") == "0 of 3 clusters judged"
    page.press("2", "0")
    followers = "document.querySelector('#followers button').textContent"
    page.wait(f"{followers}.includes('?')")
    page.press("p", "0", ".", "2", Keys.ENTER)
    assert page.text("#done") == "3 of 3 clusters judged"
    (rows,) = page.saved("judged.csv")
    path = page.folder / "judged.csv"
    models = json.loads(page.run("return document.getElementById('data').textContent"))["models"]
    first = cluster_labels.read(path, models[0]["hash"], 4)
    other = cluster_labels.read(path, models[1]["hash"], 5)
    assert first["probability"].tolist() == [0.5, 1, 0, 0.2]
    assert other["probability"].tolist() == pytest.approx([0.5, 0.4, 0.4, 0.4, 0.4])
    assert set(other["note"][1:]) == {"from the verdicts on run 0"}
    page.wait(f"{followers}.includes('0.4')")
    # What followed is not taken for a verdict when it is read again; a verdict of one's own stays.
    page.press(".")
    page.press("g", "0")
    (rows,) = page.saved("judged.csv")
    (tmp_path / "mine.csv").write_text((page.folder / "judged.csv").read_text())
    page.run("localStorage.clear()")
    page.reload()
    page.element("#load").send_keys(str(tmp_path / "mine.csv"))
    page.wait("document.getElementById('status').textContent.includes('4 judgements are read')")
    assert page.saved("judged.csv") == [rows]


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
