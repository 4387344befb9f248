"""Grades of people, with hidden objects among them: from files to candidates and graders."""

import shutil

import pandas as pd

from workflow.conftest import configured, snakemake

FOLDER = "results/tiny"
TABLES = (f"{FOLDER}/graders.csv", f"{FOLDER}/candidates_small_challenge.csv")


def graded(folder, who, grades):
    rows = [{"id": name, "grade": grade, "who": who} for name, grade in grades.items()]
    pd.DataFrame(rows).to_csv(folder / f"{who}.csv", index=False)


def test_grades_stand_beside_candidates_and_graders_are_measured(finished, tmp_path):
    def with_grades(config):
        hidden = {"n_lenses": 2, "n_duds": 2, "population": "training"}
        config["experiments"]["tiny"] |= {"grades": ["ann.csv", "bob.csv"], "hidden": hidden}

    folder = configured(tmp_path / "graded", with_grades)
    for name in ("results", ".snakemake"):
        shutil.copytree(finished / name, folder / name, copy_function=shutil.copy2)
    page = f"{FOLDER}/grade_small_challenge.html"
    only_new = ("--rerun-triggers", "mtime", "input")
    snakemake(folder, "--cores", 2, page, *only_new)
    hidden = pd.read_csv(folder / f"{FOLDER}/hidden_small_challenge.csv", dtype={"id": str})
    assert all(name in (folder / page).read_text() for name in hidden["id"])

    ids = pd.read_csv(folder / TABLES[1], dtype={"id": str})["id"]
    best = {ids[0]: "A", ids[1]: "X", ids[2]: "C"}
    answers = dict(zip(hidden["id"], hidden["is_lens"].map({1: "A", 0: "X"}), strict=True))
    graded(folder, "ann", best | answers)
    (folder / "bob.csv").write_text(f"id,grade,who\n{ids[0]},A,bob\n{ids[1]},Q,bob\n")
    done = snakemake(folder, "--cores", 2, *TABLES, *only_new, check=False)
    assert done.returncode != 0
    assert "bob.csv, line 3: grade is 'Q'" in done.output
    assert f"open {page} in a browser" in done.output
    assert "jobs to do" not in done.output

    graded(folder, "bob", best | {ids[1]: "B"} | dict.fromkeys(answers, "X"))
    snakemake(folder, "--cores", 2, *TABLES, *only_new, "--forcerun", "rank_candidates")
    graders = pd.read_csv(folder / TABLES[0]).set_index("who")
    assert graders["completeness"].to_dict() == {"ann": 1, "bob": 0, "all": 0}
    assert graders["n_graded"].tolist() == [3, 3, 3]
    table = pd.read_csv(folder / TABLES[1], dtype={"id": str}).set_index("id")
    assert table.loc[ids[:3], "mean_grade"].tolist() == [3, 1, 1]
    assert table["n_graders"].sum() == 6
