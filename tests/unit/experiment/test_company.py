import pytest
import yaml

from lensflow.errors import ConfigError
from lensflow.experiment import Project
from lensflow.samples.runs import Run
from lensflow.workflow.config import complete, effective
from lensflow.workflow.guidance import next_steps
from small_projects import made, project

POLAR = {"preset": "polar", "scales": ["sigma"], "n_features": [4, 6], "runs": 2}


def test_without_company_scores_are_where_they_were():
    chosen = project().experiments["second"]
    run, folder = Run("log", 4, 0), "results/second/log/features_4/run_0/scores/test"
    assert not chosen.keeps_scores
    assert chosen.score_paths(run, "test") == [f"{folder}/shard_0.csv"]
    assert chosen.final_score_paths(run, "test") == chosen.score_paths(run, "test")
    assert chosen.teacher_score_paths(run) == chosen.score_paths(run, "train")
    assert chosen.further_paths(run) == {"mixture": [], "shares": []}


def beside(**changes):
    """Return a project in which an experiment of polar features stands beside `second`."""
    config = {"second": {**POLAR, "beside": ["first"], **changes}}
    first = {"protocol": "honest", "compare_paper": None, "shards": 1}
    return project(run=["second"], first=first, **config)


def test_experiments_side_by_side_share_runs_by_number():
    chosen = beside().experiments["second"]
    run = Run("sigma", 6, 1)
    own, other = chosen.all_score_paths(run, "test")
    assert own == ["results/second/sigma/features_6/run_1/clusters/test/shard_0.csv"]
    # The run of the same number of the other's headline model.
    assert other == ["results/first/log/features_4/run_1/clusters/test/shard_0.csv"]
    folder = "results/second/sigma/features_6/run_1/teacher"
    assert chosen.teacher_score_paths(run) == [f"{folder}/train/shard_0.csv"]
    assert chosen.final_score_paths(run, "test") == [f"{folder}/test/shard_0.csv"]


def test_who_stands_beside_another_is_part_of_what_that_depends_on():
    chosen = beside()
    again = Project(complete(yaml.safe_load(effective(chosen.config, "second"))))
    assert set(again.experiments) == {"second", "first"}
    assert set(again.config["presets"]) == {"polar", "tiny"}
    paths = again.experiments["second"].all_score_paths(Run("sigma", 4, 0), "train")
    assert paths == chosen.experiments["second"].all_score_paths(Run("sigma", 4, 0), "train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beside": ["second"]}, "second.beside names the experiment itself"),
        ({"runs": 1}, "names 'first', whose runs is 2, not 1; give both the same runs"),
        ({"shards": 2}, "whose shards is 1, not 2"),
        ({"fraction": 0.5}, "whose fraction is 1, not 0.5"),
        ({"protocol": "paper"}, "whose protocol is 'honest', not 'paper'"),
        (
            {"labels": ["known", "counted"]},
            r"whose labels lacks \['counted'\]; expected these too. Add them there",
        ),
        ({"beside": ["third"]}, "names 'third', whose dataset is 'there', not 'here'"),
        ({"beside": ["fourth"]}, "second.beside names 'fourth'; known are"),
    ],
)
def test_company_that_does_not_fit_is_explained(changes, message):
    with pytest.raises(ConfigError, match=message):
        beside(**changes)


def test_who_stands_beside_another_has_nobody_beside():
    first = {"protocol": "honest", "compare_paper": None, "shards": 1, "beside": ["second"]}
    with pytest.raises(ConfigError, match=r"whose beside is \['second'\].*name all of them here"):
        project(first=first, second={**POLAR, "beside": ["first"]})


def test_all_who_stand_side_by_side_are_judged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"labels": ["nobody", "person"], "runs": 1}
    other = {**asked, "person_labels": "other_{scale}_{n_features}.csv", "protocol": "honest"}
    first = {**other, "compare_paper": None, "shards": 1}
    own = {**POLAR, **asked, "person_labels": "own_{n_features}.csv", "beside": ["first"]}
    chosen = project(run=["second"], first=first, second=own)
    expected = ["own_4.csv", "own_6.csv", "other_log_4.csv"]
    assert chosen.experiments["second"].pending == {"person": expected}
    steps = next_steps(made(chosen))
    assert ["save it as own_6.csv" in steps[0], "save it as other_log_4.csv" in steps[1]] == [1, 1]
    for name in expected:
        (tmp_path / name).touch()
    assert project(run=["second"], first=first, second=own).experiments["second"].pending == {}


def survey(folder, **changes):
    """Return a project of an experiment on a survey, with another of polar features beside it."""
    asked = {"labels": ["nobody", "person"], "person_labels": "judged_{scale}.csv"}
    beside = {**POLAR, "dataset": "images", "protocol": "unlabelled", "runs": 1, **asked}
    own = {**asked, "beside": ["third"], **changes}
    first = {"compare_paper": None}
    return project(folder, run=["unlabelled"], first=first, unlabelled=own, third=beside)


def test_side_by_side_on_a_survey_a_person_is_waited_for(tmp_path, monkeypatch):
    """Without true labels, and without a headline that is named."""
    monkeypatch.chdir(tmp_path)
    chosen = survey(tmp_path).experiments["unlabelled"]
    assert chosen.pending == {"person": ["judged_log.csv", "judged_sigma.csv"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beside": ["unlabelled"]}, "unlabelled.beside names the experiment itself"),
        (
            {"beside": ["mixed"]},
            r"whose labels lacks \['person'\]; expected these too. Add them there",
        ),
        ({"person_labels": "judged_{model}.csv"}, r"person_labels has \['model'\]; expected"),
        ({"person_labels": "judged_{.csv"}, "in which braces do not match"),
    ],
)
def test_company_on_a_survey_that_does_not_fit_is_explained(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        survey(tmp_path, **changes)
