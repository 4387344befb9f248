"""The grading page in a browser: marks and grades by mouse and key, kept, saved, merged."""

import json

import pandas as pd
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser.made_up import HOSTILE, grading_page, write_page
from lensflow.samples.grades import agreement, grades_of, merge_grades, read_grades


def as_grader(page, who):
    page.type("#who", who)
    return [tile.get_attribute("data-number") for tile in page.elements("#tiles .tile")]


def heading(page):
    """Place and identifier of the object on show, one by one."""
    place, _, name = page.text("#heading").partition(": ")
    return place, name


def test_two_graders_grade_by_key_and_are_merged(tmp_path, page):
    path = grading_page(tmp_path, n=7)
    grades = {"Ann": "qwerqq", "Bob": "qwwrrq"}
    given = {}
    for who, keys in grades.items():
        page.open(path)
        as_grader(page, who)
        if page.elements("#who-dialog[open]"):
            page.element("#who-other").click()
        assert page.text("#done") == "0 of 6 objects graded"
        page.press("m")
        for key in keys:
            place, name = heading(page)
            page.press(key)
            given[who, name] = "ABCX"["qwer".index(key)]
            assert place.endswith("of 6")
            if place == "3 of 6":
                page.reload()
        assert page.text("#done") == "6 of 6 objects graded"
        page.saved(f"grades_sky_{who}.csv", key="y")
        (page.folder / f"grades_sky_{who}.csv").rename(tmp_path / f"{who}.csv")

    read = grades_of(read_grades([tmp_path / "Ann.csv", tmp_path / "Bob.csv"]), "sky")
    assert dict(zip(zip(read["who"], read["id"], strict=True), read["grade"], strict=True)) == given
    merged = merge_grades(read).set_index("id")
    points = {"A": 3, "B": 2, "C": 1, "X": 0}
    for name, row in merged.iterrows():
        assert row["mean_grade"] == (points[given["Ann", name]] + points[given["Bob", name]]) / 2
    assert (merged["n_graders"] == 2).all()
    assert agreement(read).n_graders == 2


def test_each_name_has_an_order_of_its_own_and_keeps_it(tmp_path, page):
    page.open(grading_page(tmp_path))
    first, second = as_grader(page, "Ann"), as_grader(page, "Bob")
    assert sorted(first) != first
    assert len(first) == len(second) == 48
    assert first != second
    assert as_grader(page, " ann ") == first


def test_clicks_in_the_mosaic_are_marks(tmp_path, page):
    page.open(grading_page(tmp_path))
    as_grader(page, "Ann")
    first, second, third = page.elements("#tiles .tile")[:3]
    first.click()
    ActionChains(page.driver).key_down(Keys.SHIFT).click(second).key_up(Keys.SHIFT).perform()
    for _ in range(2):
        third.click()
    assert [t.get_attribute("class") for t in (first, second, third)] == [
        "tile lens",
        "tile interesting",
        "tile ",
    ]
    page.press("p")
    assert page.text("#done") == "48 of 59 objects graded"
    assert page.text("#page") == "page 2 of 2"
    assert len(page.elements("#tiles .tile")) == 11
    (rows,) = page.saved("grades_sky_Ann.csv", key="y")
    assert sorted(row["grade"] for row in rows) == ["B", "C", *"X" * 46]


def objects(page):
    return json.loads(page.run("return document.getElementById('data').textContent"))["objects"]


def test_the_mosaic_is_graded_by_keyboard(tmp_path, page):
    page.open(grading_page(tmp_path))
    shown = [objects(page)[int(number)]["id"] for number in as_grader(page, "Ann")]
    tops = page.run("return [...document.querySelectorAll('.tile')].map((tile) => tile.offsetTop)")
    page.press("q", "r", Keys.ARROW_LEFT, Keys.BACKSPACE, Keys.ARROW_DOWN, "w")
    (rows,) = page.saved("grades_sky_Ann.csv", key="y")
    below = shown[1 + tops.count(tops[0])]
    assert [(row["id"], row["grade"]) for row in rows] == [(shown[0], "A"), (below, "B")]
    page.press("f")
    assert page.text("#page") == "page 2 of 2"
    page.press("d")
    assert page.text("#page") == "page 1 of 2"


def test_an_object_is_found_by_its_id_or_its_number(tmp_path, page):
    page.open(grading_page(tmp_path))
    as_grader(page, "Ann")
    page.press("m", "/", *"100007", Keys.ENTER)
    assert heading(page)[1] == "100007"
    page.press("/", *"59", Keys.ENTER)
    assert heading(page)[0] == "59 of 59"
    page.press("/", *"60", Keys.ENTER)
    assert "There is no object 60 here" in page.text("#status")


def test_what_is_no_longer_on_the_page_stays_in_the_file(tmp_path, page):
    """A later round shows other candidates of the same images: nothing that was said is lost."""
    path = grading_page(tmp_path, n=9)
    page.open(path)
    as_grader(page, "Ann")
    page.press("m", *"qwerqwer")
    (before,) = page.saved("grades_sky_Ann.csv", key="y")
    (tmp_path / "mine.csv").write_text((page.folder / "grades_sky_Ann.csv").read_text())
    table = pd.read_csv(tmp_path / "candidates.csv")
    table.assign(rank=table["rank"].to_numpy()[::-1]).to_csv(
        tmp_path / "candidates.csv", index=False
    )
    write_page(tmp_path, n_graded=5)
    page.open(path)
    assert page.text("#done") == "4 of 5 objects graded"
    (kept,) = page.saved("grades_sky_Ann.csv", key="y")
    as_set = [{tuple(row.items()) for row in rows} for rows in (before, kept)]
    assert as_set[0] == as_set[1]
    page.run("localStorage.clear()")
    page.reload()
    page.element("#load").send_keys(str(tmp_path / "mine.csv"))
    page.wait("document.getElementById('status').textContent.includes('8 grades are read')")
    assert page.saved("grades_sky_Ann.csv", key="y") == [kept]


def test_objects_may_be_called_as_javascript_calls_its_own(tmp_path, page):
    page.open(grading_page(tmp_path, n=4, ids=["constructor", "__proto__", "toString", "x"]))
    as_grader(page, "__proto__")
    assert page.text("#done") == "0 of 3 objects graded"
    page.press("m", "q", "w")
    page.reload()
    assert page.text("#done") == "2 of 3 objects graded"
    (rows,) = page.saved("grades_sky___proto__.csv", key="y")
    assert [row["grade"] for row in rows] == ["A", "B"]
    assert {row["id"] for row in rows} < {"constructor", "__proto__", "toString"}


def test_the_same_names_of_other_images_are_other_objects(tmp_path, page):
    for folder, n in (("one", 9), ("two", 10)):
        page.open(grading_page(tmp_path / folder, n=n))
        as_grader(page, "Ann")
        assert page.text("#done").startswith("0 of")
        page.press("m", "q")


def test_sub_classes_are_impostors_and_undo_takes_them_back(tmp_path, page):
    page.open(grading_page(tmp_path, n=5))
    as_grader(page, "Ann")
    page.press("m", "s", "k")
    page.element("#note").send_keys("two arms", Keys.ENTER)
    page.press("g")
    (rows,) = page.saved("grades_sky_Ann.csv", key="y")
    assert [(r["grade"], r["sub_class"], r["note"]) for r in rows] == [
        ("X", "spiral", ""),
        ("X", "disc", "two arms"),
    ]
    read_grades([page.folder / "grades_sky_Ann.csv"])
    page.press("u")
    assert page.text("#done") == "1 of 4 objects graded"


def test_a_saved_file_is_read_again_and_a_foreign_one_is_not(tmp_path, page):
    page.open(grading_page(tmp_path, n=5))
    as_grader(page, "Ann")
    page.press("m", "q", "r")
    page.saved("grades_sky_Ann.csv", key="y")
    mine, foreign = tmp_path / "mine.csv", tmp_path / "foreign.csv"
    mine.write_text((page.folder / "grades_sky_Ann.csv").read_text())
    foreign.write_text("id,dataset,grade,who\n100001,sea,A,Ann\nelsewhere,sky,A,Ann\n")
    page.run("localStorage.clear()")
    page.reload()
    page.element("#load").send_keys(str(foreign))
    page.wait("document.getElementById('status').textContent.includes('none of the objects')")
    page.element("#load").send_keys(str(mine))
    page.wait("document.getElementById('done').textContent.startsWith('2 of 4')")


def test_links_lead_to_the_place_of_an_object_and_no_place_has_none(tmp_path, page):
    page.open(grading_page(tmp_path, n=4, places=True))
    as_grader(page, "Ann")
    page.press("m")
    seen = {}
    for _ in range(3):
        links = [link.get_attribute("href") for link in page.elements("#links a")]
        seen[heading(page)[1]] = links
        page.press(Keys.ARROW_RIGHT)
    assert seen["100000"] == []
    assert "https://www.legacysurvey.org/viewer?ra=150.020000&dec=-2.000000&" in seen["100001"][1]
    assert "target=150.030000+-2.000000" in seen["100002"][0]


CENTRE = """
const canvas = document.querySelector("#mosaic canvas"), middle = Math.floor(canvas.width / 2);
return [...canvas.getContext("2d").getImageData(middle, middle, 1, 1).data];
"""


def test_what_is_blue_is_shown_blue_inverted_or_not(tmp_path, page):
    page.open(grading_page(tmp_path, n=4, blue=True))
    assert page.run("return document.getElementById('inverted').checked")
    page.press("v")
    assert page.run("return document.getElementById('views').value") == "colour"
    red, green, blue, _ = page.run(CENTRE)
    assert blue > 200
    assert red < blue / 2 > green
    page.press("i")
    assert page.run(CENTRE) == [red, green, blue, 255]
    assert page.errors() == []


def test_hidden_objects_are_not_to_be_told(tmp_path, page):
    page.open(grading_page(tmp_path, n=9, hidden=("100777", "100778"), places=True))
    content = json.loads(page.run("return document.getElementById('data').textContent"))
    assert {"100777", "100778"} <= {entry["id"] for entry in content["objects"]}
    assert all(list(entry) == ["id"] for entry in content["objects"])
    assert not {"hidden", "is_lens", "rank"} & set(json.dumps(content).split('"'))


def test_a_dataset_without_candidates_has_an_empty_page(tmp_path, page):
    page.open(grading_page(tmp_path, n=1, ids=["x"]))
    assert page.text("#done") == "0 of 0 objects graded"
    page.press("m", "q", ".", "n")
    assert page.errors() == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("mode", ["mosaic", "single"])
def test_names_are_text_nothing_leaves_and_everybody_can_read_it(tmp_path, page, width, mode):
    ids = [*HOSTILE, *(str(number) for number in range(57))]
    page.narrow(width)
    page.open(grading_page(tmp_path, ids=ids, name="<i>demo</i>", places=True))
    assert page.text("h1") == "Grade the candidates of sky (<i>demo</i>)"
    as_grader(page, HOSTILE[1])
    if mode == "single":
        page.press("m")
        for _ in range(59):
            page.press(Keys.ARROW_RIGHT)
    page.reload()
    assert page.run("return document.title").startswith("Grade the candidates")
    assert page.run("return document.querySelectorAll('script').length") == 2
    assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.serious() == []
    assert page.requests() == []
    assert page.errors() == []
