"""Grades of people: reading, merging, agreement (by hand, and against scikit-learn)."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from lensflow.errors import LabelError
from lensflow.samples import grades as module
from lensflow.samples.grades import (
    COLUMNS,
    GRADES,
    agreement,
    graded_twice,
    grades_of,
    labels_of,
    merge_grades,
    read_grades,
)


def written(path, *rows, header="id,grade,who"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def table(by_grader):
    """Grades of objects 0, 1, 2... by grader, one letter each; a dot for none."""
    rows = [
        {"id": str(i), "dataset": "", "grade": letter, "sub_class": "", "who": who}
        for who, letters in by_grader.items()
        for i, letter in enumerate(letters)
        if letter != "."
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(
        points=[GRADES[name].points for name in frame["grade"]],
        label=[GRADES[name].label for name in frame["grade"]],
    )


def test_grades_are_worth_points_and_labels(tmp_path):
    path = written(tmp_path / "g.csv", "007,A,ann", "8,b,ann", "9, c ,ann", "10,X,ann")
    read = read_grades([path])
    assert list(read) == [*COLUMNS, "points", "label"]
    assert read["id"].tolist() == ["007", "8", "9", "10"]
    assert read["grade"].tolist() == ["A", "B", "C", "X"]
    assert read["points"].tolist() == [3, 2, 1, 0]
    assert read["label"].tolist() == [1.0, 1.0, 0.5, 0.0]
    assert (read["dataset"] == "").all()


def test_no_file_gives_an_empty_table_of_the_same_columns(tmp_path):
    read = read_grades([])
    assert len(read) == 0
    assert read.dtypes.equals(read_grades([written(tmp_path / "g.csv", "1,A,ann")]).dtypes)


def test_the_later_grade_of_a_person_counts(tmp_path):
    header = "id,grade,who,when"
    files = [
        written(tmp_path / "new.csv", "1,A,ann,2026-02-01T10:00:00Z", "2,C,ann,", header=header),
        written(tmp_path / "old.csv", "1,X,ann,2026-01-01T10:00:00Z", "2,B,ann,", header=header),
        written(tmp_path / "bob.csv", "1,B,bob,2025-01-01T10:00:00Z", header=header),
    ]
    read = read_grades(files).set_index(["id", "who"])["grade"]
    assert read.to_dict() == {("1", "ann"): "A", ("2", "ann"): "B", ("1", "bob"): "B"}


def test_times_are_compared_as_times_not_as_texts(tmp_path):
    """Ten o'clock in Paris is earlier than half past nine in London."""
    header = "id,grade,who,when"
    files = [
        written(tmp_path / "new.csv", "1,A,ann,2026-01-01T09:30:00Z", header=header),
        written(tmp_path / "old.csv", "1,X,ann,2026-01-01T10:00:00+01:00", header=header),
    ]
    assert read_grades(files)["grade"].tolist() == ["A"]


def test_who_graded_an_object_in_two_files_is_told(tmp_path):
    files = [
        written(tmp_path / "a.csv", "1,A,ann", "2,C,ann", "3,A,bob"),
        written(tmp_path / "b.csv", "1,X,ann", "2,B,ann", "4,A,bob"),
    ]
    assert graded_twice(files) == {"ann": 2}


def test_sub_classes_are_known_as_people_write_them(tmp_path):
    rows = ["1,X,Edge-on,ann", "2,x,SPIRAL,ann"]
    read = read_grades([written(tmp_path / "g.csv", *rows, header="id,grade,sub_class,who")])
    assert read["sub_class"].tolist() == ["edge_on", "spiral"]


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("id,grade,who", ["1,A,ann", "2,Q,ann"], r"g.csv, line 3: grade is 'Q' \(1 of 2 rows\)"),
        ("id,grade,who", ["1,,ann"], "line 2: grade is ''"),
        ("id,grade,who", ["1,A,"], "line 2: who is ''"),
        ("id,grade,who", [",A,ann"], "line 2: id is ''"),
        ("id,grade,who", ["1,A,ann", "1,X,ann"], "line 3: id is '1'.*keep one"),
        ("id,grade,who,sub_class", ["1,X,ann,comet"], "sub_class is 'comet'.*merger, spiral"),
        ("id,grade,who,sub_class", ["1,A,ann,ring"], "sub_class is 'ring'.*grade X"),
        ("id,grade", ["1,A"], r"missing columns \['who'\]"),
        ("id,grade,who,colour", ["1,A,ann,red"], r"unknown columns \['colour'\]"),
        ("id grade who", ["1 A ann"], "parted by commas"),
        ("id,grade,who", [], "there is no grade in it"),
        ("id,grade,who", ["1,A,all"], "line 2: who is 'all'.*use a name"),
        ("id,grade,who,when", ["1,A,ann,26/11/2026 18:06"], "when is '26/11/2026 18:06'.*write"),
        ("id,grade,who", ["1,A,ann", "2,A,Ann"], "by 'ann' and 'Ann': is this one person"),
        ("id,grade,who", ["1,A,An Lee", "2,A,An  Lee"], "'An Lee' and 'An  Lee': is this one pe"),
        ("id,grade,who", ["1,A,Zo\u00eb", "2,A,Zoe\u0308"], r"'Zo\\xeb' and 'Zoe\\u0308': is"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_value(tmp_path, header, rows, message):
    with pytest.raises(LabelError, match=message):
        read_grades([written(tmp_path / "g.csv", *rows, header=header)])


def test_a_missing_file_is_explained(tmp_path):
    with pytest.raises(LabelError, match=r"none.csv cannot be read: .*expected is a CSV"):
        read_grades([tmp_path / "none.csv"])


def test_grades_of_a_dataset_are_those_that_name_it_or_none(tmp_path):
    rows = ["1,sky,A,ann", "1,,X,ann", "2,,B,ann", "3,sea,A,ann", "1,,C,bob"]
    read = read_grades([written(tmp_path / "g.csv", *rows, header="id,dataset,grade,who")])
    chosen = grades_of(read, "sky").set_index(["id", "who"])["grade"]
    assert chosen.to_dict() == {("1", "ann"): "A", ("2", "ann"): "B", ("1", "bob"): "C"}


def test_merging_gives_mean_scatter_and_label():
    merged = merge_grades(table({"ann": "AXC", "bob": "BX.", "cid": "XX."})).set_index("id")
    assert merged["mean_grade"].tolist() == pytest.approx([5 / 3, 0, 1])
    assert merged["n_graders"].tolist() == [3, 3, 1]
    assert merged["scatter"].tolist() == pytest.approx([np.std([3, 2, 0]), 0, 0])
    assert merged["label"].tolist() == pytest.approx([2 / 3, 0, 0.5])
    assert merged["sub_class"].tolist() == ["", "", ""]


def test_labels_are_those_of_the_dataset_and_the_mean_of_its_graders(tmp_path):
    rows = ["1,sky,A,ann", "1,,X,bob", "2,,C,ann", "3,sea,A,ann"]
    read = read_grades([written(tmp_path / "g.csv", *rows, header="id,dataset,grade,who")])
    assert labels_of(read, "sky").to_dict() == {"1": 0.5, "2": 0.5}
    assert labels_of(read_grades([]), "sky").empty


def test_the_sub_class_that_most_name_is_kept():
    graded = table({"ann": "XX", "bob": "XX", "cid": "XX"})
    graded["sub_class"] = ["ring", "", "spiral", "", "ring", "disc"]
    assert merge_grades(graded)["sub_class"].tolist() == ["ring", "disc"]


def test_cohens_kappa_is_scikit_learns_over_what_both_graded():
    ann, bob = "AABXCXXB.A", "AXBXCBXBA."
    found = agreement(table({"ann": ann, "bob": bob}))
    assert found.pairs == {("ann", "bob"): pytest.approx(cohen_kappa_score([*ann[:8]], [*bob[:8]]))}
    assert (found.n_objects, found.n_graders) == (8, 2)


def test_fleiss_kappa_by_hand():
    """Three graders, four objects, of which they differ on one; A has 2/3 of all grades."""
    found = agreement(table({"ann": "AAAX", "bob": "AAXX", "cid": "AAAX"}))
    agreed, by_chance = (1 + 1 + 1 / 3 + 1) / 4, (2 / 3) ** 2 + (1 / 3) ** 2
    assert found.kappa == pytest.approx((agreed - by_chance) / (1 - by_chance))
    assert (found.n_objects, found.n_graders) == (4, 3)


def test_complete_agreement_is_one_and_that_of_chance_is_about_zero():
    assert agreement(table({"ann": "AXBC", "bob": "AXBC"})).kappa == pytest.approx(1)
    random = np.random.default_rng(0)
    by_chance = {who: "".join(random.choice([*GRADES], 4000)) for who in ("ann", "bob", "cid")}
    assert abs(agreement(table(by_chance)).kappa) < 0.03


@pytest.mark.parametrize("grades", [{"ann": "AX"}, {"ann": "AA", "bob": "AA"}])
def test_agreement_that_is_not_defined_is_not_a_number(grades):
    found = agreement(table(grades))
    assert np.isnan(found.kappa)
    assert all(np.isnan(value) for value in found.pairs.values())


def test_marks_of_mosaics_are_grades():
    assert {module.IS_LENS, module.INTERESTING, module.IS_NO_LENS} <= set(GRADES)
