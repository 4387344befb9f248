"""Judgements that cannot be had, or that give nothing that is worked on, are refused."""

import copy

import pytest

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete
from unit.workflow.config_fixtures import DEMO, PCA, changed, refusal, with_experiment

TAUGHT = PCA | {
    "student": {"image_size": 8, "convolutions": [{"filters": 2, "kernel": 3}]},
    "training": {"student": {"epochs": 1, "batch_size": 8, "learning_rate": 0.1}},
}


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        ([*DEMO, "labels"], ["person"], "give both `person` and the path"),
        ([*DEMO, "person_labels"], "a{", "braces do not match"),
        ([*DEMO, "person_labels"], "a{run:3}", "without : or !"),
    ],
)
def test_a_table_that_is_missing_or_misnamed_is_refused(config, path, value, part):
    assert part in refusal(changed(config, path, value))


def test_labels_that_a_dataset_cannot_give_are_refused(config):
    config["experiments"]["demo"] |= {"dataset": "euclid_q1", "labels": ["known"]}
    with pytest.raises(ConfigError, match=r"use labels: \[person, nobody\]"):
        complete(config)


def test_one_table_may_judge_several_models(config):
    config["experiments"]["demo"] |= {"labels": ["person"], "person_labels": "mine.csv"}
    assert complete(config)["experiments"]["demo"]["person_labels"] == "mine.csv"


def test_wrong_labels_are_one_mistake(config):
    """The table of the recipe is no second one: it is asked for again once the labels are right."""
    config["experiments"]["survey"] = {"labels": ["known"]}
    config["run"] = ["survey"]
    config["datasets"]["my_survey"] = {"path": "."}
    with pytest.raises(ConfigError, match=r"has 1 mistake\(s\)"):
        complete(config)


def test_labels_without_their_table_are_one_mistake(config, tmp_path, monkeypatch):
    (tmp_path / "data/euclid_q1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    change = {"dataset": "euclid_q1", "protocol": "unlabelled", "labels": ["nobody", "person"]}
    config["experiments"]["demo"] |= change | {"fraction": 1}
    with pytest.raises(ConfigError, match=r"has 1 mistake\(s\).*\n.*person_labels is None"):
        complete(config)


@pytest.mark.parametrize(
    ("preset", "keys", "part"),
    [
        (TAUGHT, {}, "preset is 'chosen', which has a student, but"),
        (PCA, {"mixture": {"n_components": 8, "spread": 2}}, "mixture.spread is 2, but"),
        (PCA, {"beside": ["other"]}, "beside is ['other'], but"),
    ],
)
def test_what_works_on_probabilities_is_refused_where_there_never_are_any(
    config, preset, keys, part
):
    """It would do nothing, and say nothing. A person who is waited for will give some."""
    chosen = with_experiment(config, preset, labels=["nobody"], **keys)
    chosen["presets"]["other"] = PCA
    other = {"preset": "other", "beside": [], "mixture": {"n_components": 4}}
    chosen["experiments"]["other"] = chosen["experiments"]["chosen"] | other
    with pytest.raises(ConfigError, match=r"has 1 mistake\(s\)") as raised:
        complete(copy.deepcopy(chosen))
    assert f"chosen.{part} labels: ['nobody'] gives no lens probability" in str(raised.value)
    for name in ("chosen", "other"):
        asked = {"labels": ["nobody", "person"], "person_labels": f"{name}.csv"}
        chosen["experiments"][name] |= asked
    complete(chosen)
