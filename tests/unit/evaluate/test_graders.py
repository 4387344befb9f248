"""How well people grade, by hand."""

import numpy as np
import pandas as pd
import pytest
from astropy.stats import binom_conf_interval
from sklearn.metrics import cohen_kappa_score

from lensflow import artifacts
from lensflow.evaluate.graders import COLUMNS, evaluate_graders_stage


def indices(folder, **datasets):
    """Write the index of each dataset, with its identifiers."""
    paths = {name: folder / f"{name}.h5" for name in datasets}
    for name, ids in datasets.items():
        with artifacts.create(paths[name], "index") as writer:
            writer.strings("id", ids)
    return paths


@pytest.fixture
def table(tmp_path):
    """Ann finds both hidden lenses and one dud; Bob is blind to lenses; they agree on half."""
    grades = {
        "ann": {"h1": "A", "h2": "B", "h3": "A", "h4": "X", "1": "A", "2": "X", "3": "C", "4": "X"},
        "bob": {"h1": "X", "h2": "C", "h3": "X", "1": "A", "2": "X", "3": "X", "4": "A"},
    }
    rows = [
        {"id": name, "dataset": "sky", "grade": grade, "who": who}
        for who, given in grades.items()
        for name, grade in given.items()
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "g.csv", index=False)
    (tmp_path / "a.csv").write_text("id,is_lens\nh1,1\nh2,1\nh3,0\nh4,0\n")
    answers = {"sky": tmp_path / "a.csv", "sea": None}
    known = indices(tmp_path, sky="1234", sea="")
    evaluate_graders_stage([tmp_path / "g.csv"], answers, known, tmp_path / "out.csv")
    return pd.read_csv(tmp_path / "out.csv").set_index("who")


def test_completeness_and_purity_are_those_of_the_hidden_objects(table):
    assert list(table.reset_index()) == [COLUMNS[1], COLUMNS[0], *COLUMNS[2:]]
    assert table.index.tolist() == ["ann", "bob", "all"]
    assert (table["dataset"] == "sky").all()
    assert table["n_graded"].tolist() == [4, 4, 4]
    assert table["completeness"].tolist() == [1, 0, 0]
    assert table["n_called_lenses"].tolist() == [3, 0, 0]
    assert table["purity"]["ann"] == pytest.approx(2 / 3)
    assert np.isnan(table["purity"]["bob"])


def test_the_interval_is_astropys(table):
    low, high = binom_conf_interval(2, 3, confidence_level=0.68, interval="wilson")
    assert table.loc["ann", ["purity_low", "purity_high"]].tolist() == pytest.approx([low, high])


def test_hidden_objects_do_not_enter_the_agreement(table):
    """Of 4 objects they agree on 2; by chance on (1*2 + 2*2 + 1*0) / 16."""
    chance = (1 * 2 + 2 * 2) / 16
    assert table["kappa"]["ann"] == pytest.approx((0.5 - chance) / (1 - chance))
    assert table["kappa"]["bob"] == table["kappa"]["ann"]
    shares = np.array([3, 1, 4]) / 8
    by_chance = np.sum(shares**2)
    assert table["kappa"]["all"] == pytest.approx((0.5 - by_chance) / (1 - by_chance))


def test_who_shares_no_object_with_one_grader_agrees_with_the_others_all_the_same(tmp_path):
    """Cai has graded what nobody else has: his kappa is not defined, that of Ann and Bob is."""
    grades = {
        "ann": {"1": "A", "2": "X", "3": "X"},
        "bob": {"1": "A", "2": "X", "3": "A"},
        "cai": {"9": "A"},
    }
    rows = [(name, grade, who) for who, given in grades.items() for name, grade in given.items()]
    pd.DataFrame(rows, columns=["id", "grade", "who"]).to_csv(tmp_path / "g.csv", index=False)
    known = indices(tmp_path, sky="1239")
    evaluate_graders_stage([tmp_path / "g.csv"], {"sky": None}, known, tmp_path / "out.csv")
    kappa = pd.read_csv(tmp_path / "out.csv").set_index("who")["kappa"]
    expected = cohen_kappa_score([*"AXX"], [*"AXA"])
    assert kappa[["ann", "bob"]].tolist() == pytest.approx([expected] * 2)
    assert np.isnan(kappa["cai"])


def test_a_grade_without_a_dataset_counts_where_its_object_is(tmp_path):
    """The sky has 1 and a hidden lens, the sea 2 and 3; 1 names its dataset and is in both."""
    (tmp_path / "g.csv").write_text(
        "id,dataset,grade,who\n1,sky,A,ann\nh1,,A,ann\n2,,X,ann\n3,,C,ann\n"
    )
    (tmp_path / "a.csv").write_text("id,is_lens\nh1,1\n")
    answers, known = {"sky": tmp_path / "a.csv", "sea": None}, indices(tmp_path, sky="1", sea="123")
    evaluate_graders_stage([tmp_path / "g.csv"], answers, known, tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv").set_index(["dataset", "who"])
    assert table["n_graded"].to_dict() == {
        ("sky", "ann"): 1, ("sky", "all"): 1, ("sea", "ann"): 2, ("sea", "all"): 2
    }  # fmt: skip
    assert table["n_hidden_lenses"].tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("others", "said"),
    [(["2,B,bob", "3,X,bob"], "kappa -1.00"), ([], "kappa not defined")],
)
def test_the_log_has_no_kappa_of_one_grader(tmp_path, caplog, others, said):
    """Fleiss' of an X and a B, a B and an X: half agree by chance, none here, (0 - 1/2) / (1/2)."""
    rows = ["id,grade,who", "2,X,ann", "3,B,ann", *others]
    (tmp_path / "g.csv").write_text("\n".join(rows) + "\n")
    with caplog.at_level("INFO"):
        known = indices(tmp_path, sky="23")
        evaluate_graders_stage([tmp_path / "g.csv"], {"sky": None}, known, tmp_path / "out.csv")
    assert caplog.messages == [f"dataset sky: {said}"]
