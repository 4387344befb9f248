"""The explorer in a real browser: look-alikes by id and by click, a selection to take away."""

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from browser.reader import (
    browser,
    errors_of,
    requests_of,
    serious_findings,
    show,
    wait_for,
    wait_until,
)
from lensflow import artifacts
from lensflow.report.explorer import explorer_stage
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.scores import scores_table, write_scores

N = 80
TWIN_OF, TWIN = 5, 60
HOSTILE = "<img src=x onerror='document.body.dataset.broken=1'>"


@pytest.fixture(scope="module")
def explorer(tmp_path_factory):
    """An explorer of random objects: one was planted twice, one has a hostile name."""
    folder = tmp_path_factory.mktemp("explorer")
    draw = np.random.default_rng(3)
    ids = [f"object {number}" for number in range(N)]
    ids[7] = HOSTILE
    features = draw.normal(size=(N, 6)).astype(np.float32)
    features[TWIN] = features[TWIN_OF]
    rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": -1})
    measures = dict.fromkeys(("numb_pix_lensed_image", "flux_lensed_image_in_sigma"), np.nan)
    write_embeddings(folder / "embeddings.h5", rows.assign(**measures), [features], 6)
    clusters, p = draw.integers(0, 4, N), {"person": draw.random(N)}
    write_scores(folder / "scores.csv", [scores_table(rows, clusters, p, draw.normal(size=N))])
    with artifacts.create(folder / "shard.h5", "images") as writer:
        writer.dataset("flux", draw.normal(size=(N, 20, 20)).astype(np.float32), "counts")
        writer.dataset("sky_sigma", np.ones(N, np.float32), "counts")
        writer.strings("id", ids)
        artifacts.write_table(writer, "catalogue", pd.DataFrame({"is_lens": np.full(N, -1)}))
    page = folder / "explorer.html"
    inputs = [folder / "embeddings.h5", folder / "scores.csv", [folder / "shard.h5"]]
    explorer_stage(*inputs, page, "mine", "survey", "person", "log", seed=1)
    return page


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def window(downloads):
    with browser(downloads) as window:
        yield window


def ask(window, name):
    field = window.find_element(By.ID, "wanted")
    field.clear()
    field.send_keys(name, Keys.ENTER)


def shown(window):
    return [item.text for item in window.find_elements(By.CSS_SELECTOR, "#alike button")]


@pytest.mark.parametrize(("width", "is_dark"), [(1200, False), (390, True)])
def test_anybody_can_use_it(window, explorer, width, is_dark):
    show(window, explorer, width, is_dark)
    ask(window, "object 5")
    assert serious_findings(window) == []
    assert window.execute_script("return document.documentElement.scrollWidth") <= width
    assert errors_of(window) == []


def test_a_planted_duplicate_is_its_own_look_alike(window, explorer):
    show(window, explorer)
    for one, other in ((TWIN_OF, TWIN), (TWIN, TWIN_OF)):
        ask(window, f"object {one}")
        assert shown(window)[:2] == [f"object {one}", f"object {other}"]


PLACE = """
const [view] = [...Bokeh.index.roots], box = view.canvas_view.el.getBoundingClientRect();
const data = Bokeh.documents[0].get_model_by_name("objects").data, row = arguments[0];
return [box.left + view.frame.x_scale.compute(data.x[row]),
        box.top + view.frame.y_scale.compute(data.y[row])].map(Math.round);
"""
TIP = """(function pictures(root) {
  const parts = [...root.querySelectorAll("*")];
  return parts.some((part) => part.matches('img[width="128"]'))
    || parts.some((part) => part.shadowRoot && pictures(part.shadowRoot));
})(document)"""


def pointer(window):
    actions = ActionChains(window)
    return actions, actions.w3c_actions.pointer_action


def test_the_picture_comes_on_hover_and_the_look_alikes_by_a_click(window, explorer):
    show(window, explorer)
    assert not window.execute_script(f"return {TIP}")
    # The object that is drawn last lies above all others.
    actions, mouse = pointer(window)
    mouse.move_to_location(*window.execute_script(PLACE, N - 1))
    actions.perform()
    wait_for(window, TIP)
    actions, mouse = pointer(window)
    mouse.click()
    actions.perform()
    wait_for(window, "document.querySelector('#alike button')")
    assert f"object {N - 1}" in shown(window)
    alike = shown(window)[1]
    window.find_elements(By.CSS_SELECTOR, "#alike button")[1].click()
    assert shown(window)[0] == alike


def test_a_box_drawn_with_the_mouse_selects_what_is_in_it(window, explorer):
    show(window, explorer)
    places = [window.execute_script(PLACE, row) for row in range(N)]
    (left, top), (right, bottom) = (map(end, zip(*places, strict=True)) for end in (min, max))
    actions, mouse = pointer(window)
    mouse.move_to_location(left - 5, top - 5)
    mouse.pointer_down()
    mouse.move_to_location((left + right) // 2, (top + bottom) // 2)
    mouse.move_to_location(right + 5, bottom + 5)
    mouse.pointer_up()
    actions.perform()
    wait_for(window, f"document.getElementById('chosen').textContent === '{N} selected'")


def test_an_unknown_id_is_said(window, explorer):
    show(window, explorer)
    ask(window, "nobody")
    assert window.find_element(By.ID, "said").text == "There is no object nobody on this page."


def test_names_are_text(window, explorer):
    show(window, explorer)
    ask(window, HOSTILE)
    assert shown(window)[0] == HOSTILE
    assert window.execute_script("return document.body.dataset.broken") is None


def test_the_colour_is_chosen(window, explorer):
    show(window, explorer)
    field = "return Bokeh.documents[0].get_model_by_name('points').glyph.fill_color.field"
    for name in ("colour_p", "colour_density", "colour_cluster"):
        Select(window.find_element(By.ID, "colour")).select_by_value(name)
        assert window.execute_script(field) == name


def test_a_selection_is_saved_as_a_table_of_ids(window, explorer, downloads):
    show(window, explorer)
    source = "Bokeh.documents[0].get_model_by_name('objects').selected.indices"
    window.execute_script(f"{source} = [9, 7, 2]")
    assert window.find_element(By.ID, "chosen").text == "3 selected"
    ranks = window.execute_script(
        "return Bokeh.documents[0].get_model_by_name('objects').data.rank"
    )
    names = {2: "object 2", 7: HOSTILE, 9: "object 9"}
    assert shown(window) == [names[row] for row in sorted(names, key=lambda row: ranks[row])]
    window.find_element(By.ID, "save").click()
    path = downloads / "selection.csv"
    wait_until(window, lambda: path.is_file() and path.stat().st_size, "nothing was saved")
    assert pd.read_csv(path)["id"].tolist() == ["object 2", HOSTILE, "object 9"]


def test_it_asks_for_nothing(window, explorer):
    window.get_log("performance")
    show(window, explorer)
    assert requests_of(window) == []
