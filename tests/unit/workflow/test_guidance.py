"""What a person is told before and after a run, and what stops it before any job."""

import numpy as np
import pytest

from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.errors import ArtifactError, LabelError
from lensflow.experiment import Project
from lensflow.samples.runs import Run
from lensflow.workflow.config import complete
from lensflow.workflow.guidance import Refusals, checked_grades, checked_tables, next_steps
from unit.figures.small_sample import write_small_sample

RUN = Run("sigma", 2, 0)
PAGE = "results/survey/sigma/features_2/run_0/judge.html"


@pytest.fixture
def survey(tmp_path, monkeypatch):
    """An experiment that a person judges, with three clusters, and the hash of its mixture."""
    monkeypatch.chdir(tmp_path)
    survey = {"dataset": "sky", "protocol": "unlabelled", "preset": "polar", "scales": ["sigma"]}
    survey |= {"n_features": [2], "runs": 1, "labels": ["person"], "person_labels": "judged.csv"}
    sky = {"kind": "simulate", "population": "challenge", "n_objects": 40}
    config = {"run": ["survey"], "datasets": {"sky": sky}, "experiments": {"survey": survey}}
    experiment = Project(complete(config)).experiments["survey"]
    folder = tmp_path / experiment.run_path(RUN)
    folder.mkdir(parents=True)
    cluster = np.array([0, 1, 2, 2])
    _, mixture = write_small_sample(folder, [-1] * 4, cluster, np.zeros((4, 2)), 3)
    return experiment, clusterers.load(mixture).hash


def made_by(page):
    """Return the command that makes a page: it names the experiment, which a recipe may hold."""
    return f".venv/bin/snakemake {page} --config run='[survey]'"


def write_table(mixture_hash, probability):
    counts = {"n_members": [1, 1, 2], "n_inspected": [1, 1, 2]}
    cluster_labels.write("judged.csv", probability, mixture_hash, **counts, who="Ann")


def test_a_table_that_judges_the_clusters_is_taken(survey):
    experiment, mixture_hash = survey
    write_table(mixture_hash, [0, 0.5, 1])
    assert checked_tables(experiment, RUN) == ["judged.csv"]


def test_a_table_comes_before_its_clusters_are_there(survey, tmp_path):
    experiment, _ = survey
    (tmp_path / experiment.mixture_path(RUN)).unlink()
    write_table("0" * 64, [0, 0.5, 1])
    assert checked_tables(experiment, RUN) == ["judged.csv"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "judged.csv, a person's judgement of the clusters, is not there"),
        ((None, [0, np.nan, 1]), "judged.csv: .*fill in every row"),
        (("0" * 64, [0, 0.5, 1]), "judged.csv: .*another mixture"),
    ],
)
def test_a_missing_incomplete_or_foreign_table_says_what_to_do(survey, table, message):
    experiment, mixture_hash = survey
    if table is not None:
        write_table(table[0] or mixture_hash, table[1])
    with pytest.raises(LabelError, match=message) as raised:
        checked_tables(experiment, RUN)
    assert f"open {PAGE} ({made_by(PAGE)} makes it)" in str(raised.value)
    assert "save its file as judged.csv, and run the same command again" in str(raised.value)


def test_judgements_that_a_rule_makes_are_not_looked_at(survey):
    experiment, _ = survey
    experiment.settings["labels"] = ["known"]
    assert checked_tables(experiment, RUN) == [experiment.run_path(RUN, "cluster_labels_known.csv")]


def test_grades_are_waited_for_and_looked_at(survey, tmp_path):
    experiment, _ = survey
    experiment.settings["grades"] = ["ann.csv", "bob.csv"]
    page = "results/survey/grade_sky.html"
    (tmp_path / "results/survey/candidates_sky.csv").touch()
    (step, _) = next_steps(Project(experiment.config))
    assert f"open {page} ({made_by(page)} makes it) in a browser" in step
    (tmp_path / page).touch()
    steps = next_steps(Project(experiment.config))
    assert [step.split(". To")[0] for step in steps] == [
        "survey: no grades in ann.csv yet",
        "survey: no grades in bob.csv yet",
    ]
    assert all(f"open {page} in a browser" in step for step in steps)
    (tmp_path / "ann.csv").write_text("id,grade,who\n1,A,ann\n")
    assert checked_grades(experiment) == ["ann.csv"]
    (tmp_path / "bob.csv").write_text("id,grade,who\n1,A,bob\n2,maybe,bob\n")
    with pytest.raises(LabelError, match="line 3: grade is 'maybe'") as raised:
        checked_grades(experiment)
    assert f"open {page} in a browser" in str(raised.value)


def test_grades_of_a_dataset_that_there_is_not_stop_a_run_before_any_job(survey, tmp_path):
    """Where nobody judges no head looks at them, and they would say nothing in silence."""
    experiment, _ = survey
    experiment.settings |= {"grades": ["ann.csv"], "labels": ["nobody"]}
    (tmp_path / "ann.csv").write_text("id,dataset,grade,who\n1,sky,A,ann\n2,skye,A,ann\n")
    with pytest.raises(LabelError, match=r"ann.csv, line 3: the dataset 'skye' is none of this"):
        checked_grades(experiment)


def test_a_file_of_grades_that_is_broken_later_ends_no_run_that_does_not_use_it(survey, tmp_path):
    experiment, mixture_hash = survey
    write_table(mixture_hash, [0, 0.5, 1])
    experiment.settings["grades"] = ["ann.csv", "bob.csv"]
    (tmp_path / "ann.csv").write_text("id,grade,who\n1,A,ann\n")
    (tmp_path / "bob.csv").write_text("id,grade,who\n1,maybe,bob\n")
    assert next_steps(Project(experiment.config)) == []
    with pytest.raises(LabelError, match="grade is 'maybe'"):
        checked_grades(experiment)


def test_what_a_run_was_not_asked_for_is_not_to_be_judged_or_graded(survey, tmp_path):
    experiment, _ = survey
    experiment.settings |= {"grades": ["ann.csv"], "labels": ["person", "nobody"]}
    (step,) = next_steps(Project(experiment.config))
    assert "nobody has judged the clusters yet" in step
    (tmp_path / experiment.mixture_path(RUN)).unlink()
    assert next_steps(Project(experiment.config)) == []


def test_two_graders_with_one_name_are_told(survey, tmp_path):
    experiment, mixture_hash = survey
    write_table(mixture_hash, [0, 0.5, 1])
    experiment.settings["grades"] = ["ann.csv", "bob.csv"]
    (tmp_path / "ann.csv").write_text("id,grade,who\n1,A,ann\n")
    (tmp_path / "bob.csv").write_text("id,grade,who\n1,X,bob\n")
    assert next_steps(Project(experiment.config)) == []
    (tmp_path / "bob.csv").write_text("id,grade,who\n1,X,ann\n")
    (step,) = next_steps(Project(experiment.config))
    assert "1 objects are graded by ann in two files; of each the later grade counts" in step
    (tmp_path / "bob.csv").write_text("id,grade,who\n2,X,Ann\n")
    with pytest.raises(LabelError, match="is this one person"):
        checked_grades(experiment)


def test_damaged_clusters_stop_a_run_as_tables_do(survey, tmp_path):
    experiment, mixture_hash = survey
    write_table(mixture_hash, [0, 0.5, 1])
    path = tmp_path / experiment.mixture_path(RUN)
    path.write_bytes(path.read_bytes()[:-9])
    refusals = Refusals()
    with pytest.raises(ArtifactError):
        refusals.checked(checked_tables, experiment, RUN)
    assert str(experiment.mixture_path(RUN)) in refusals.said[0]


def test_what_is_refused_is_said_again_at_the_start():
    def look(path):
        raise LabelError(f"{path} is no table")

    refusals = Refusals()
    assert refusals.checked(sorted, "ba") == ["a", "b"]
    refusals.stop()
    with pytest.raises(LabelError, match="is no table"):
        refusals.checked(look, "judged.csv")
    assert refusals.said == ["judged.csv is no table"]
    with pytest.raises(LabelError, match="is no table"):
        refusals.stop()
