import pandas as pd

from lensflow.report.graders import grader_content

COLUMNS = "dataset,who,n_graded,kappa,n_hidden_lenses,completeness,completeness_low,"
COLUMNS += "completeness_high,n_called_lenses,purity,purity_low,purity_high"


def test_graders_are_told_with_agreement_and_intervals(tmp_path):
    rows = [
        "sky,ann,40,0.5,20,0.8,0.7,0.87,18,0.9,0.8,0.95",
        "sky,bob,38,0.5,0,,,,0,,,",
        "sky,all,41,0.48,20,0.75,0.6,0.8,17,0.9,0.8,0.95",
    ]
    path = tmp_path / "graders.csv"
    path.write_text("\n".join([COLUMNS, *rows]))
    content = grader_content(path)
    assert content["sentences"] == [
        "41 candidates of sky are graded by ann, bob; they agree with a kappa of 0.48 (Fleiss).",
        "ann found 80 % (70 to 87) of 20 simulated lenses hidden among them; 90 % (80 to 95) of "
        "the hidden objects that ann took for lenses are.",
    ]
    assert pd.DataFrame(content["rows"])["purity"].tolist()[1:] == [
        "not defined",
        "90 % (80 to 95)",
    ]


def test_without_graders_there_is_nothing(tmp_path):
    assert grader_content(tmp_path / "graders.csv") == {"sentences": [], "rows": []}


def test_a_grader_may_be_called_na_or_by_a_number(tmp_path):
    rows = ["sky,007,40,0.5,0,,,,0,,,", "sky,NA,38,0.5,0,,,,0,,,", "sky,all,41,0.48,0,,,,0,,,"]
    path = tmp_path / "graders.csv"
    path.write_text("\n".join([COLUMNS, *rows]))
    content = grader_content(path)
    assert "are graded by 007, NA; they agree" in content["sentences"][0]
    assert [row["who"] for row in content["rows"]] == ["007", "NA", "all"]
