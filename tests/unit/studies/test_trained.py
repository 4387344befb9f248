"""A trained experiment is the same one from wherever it is looked at."""

import pytest

from lensflow.errors import ArtifactError
from lensflow.studies.trained import read_experiment
from lensflow.workflow.config import effective
from small_projects import project


def finished(root, folder="second"):
    """Write the configuration of an experiment that a person has judged and graded."""
    people = {"person_labels": "judged.csv", "grades": ["grades.csv", "later.csv"]}
    config = project(second={"labels": ["nobody", "person"], **people}).config
    (root / "results" / folder).mkdir(parents=True)
    (root / "results" / folder / "config.yaml").write_text(effective(config, "second"))
    for name in ("judged.csv", "grades.csv"):
        (root / name).touch()
    return root / "results" / folder


def test_what_people_said_is_looked_up_beside_the_results(tmp_path, monkeypatch):
    """Not in the working folder, where a notebook is elsewhere: nobody would have judged then."""
    folder = finished(tmp_path / "project")
    monkeypatch.chdir(tmp_path)
    experiment, root = read_experiment(folder)
    assert root == tmp_path / "project"
    assert experiment.judgement.name == "person"
    assert experiment.grade_paths == ["grades.csv"]
    assert experiment.pending_grades == ["later.csv"]
    (root / "judged.csv").unlink()
    assert read_experiment(folder)[0].judgement.name == "nobody"


def test_a_renamed_folder_is_explained(tmp_path):
    folder = finished(tmp_path, "kept")
    with pytest.raises(ArtifactError, match=r"kept holds the results of 'second'.*rename"):
        read_experiment(folder)
