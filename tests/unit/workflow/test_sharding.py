"""The number of shards where the configuration gives none: chosen once, kept, and then that."""

import json
from pathlib import Path

import pytest

from lensflow.errors import ArtifactError, ConfigError
from lensflow.experiment import Project
from lensflow.workflow import sharding
from lensflow.workflow.config import complete
from lensflow.workflow.sharding import choose_shards, keep_shards

NO_RECIPES = Path("no recipes")
KEPT = Path("results/data/survey/shards.json")
EXPERIMENT = {"protocol": "unlabelled", "preset": "polar", "scales": ["sigma"], "n_features": [1]}
EXPERIMENT |= {"labels": ["nobody"], "dataset": "survey", "mixture": {"n_components": 1}}


@pytest.fixture
def stamps(tmp_path, monkeypatch):
    """A folder of 5 files, and 2 objects a shard."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sharding, "OBJECTS_A_SHARD", 2)
    return arrive(tmp_path / "stamps", 5)


def arrive(folder, n):
    folder.mkdir(exist_ok=True)
    for number in range(n):
        (folder / f"{number}.fits").touch()
    return folder


def configured(**keys):
    """Return a complete configuration whose dataset ``survey`` is changed."""
    survey = {"kind": "fits", "path": "stamps", **keys}
    experiments, presets = {"search": EXPERIMENT}, {"polar": {"encoder": "polar"}}
    config = {"datasets": {"survey": survey}, "presets": presets, "experiments": experiments}
    return complete({"run": ["search"], **config}, NO_RECIPES)


def planned(is_job=False, **keys):
    """Return the number of shards that is planned with, and what keeps it."""
    config = configured(**keys)
    choices = choose_shards(config, is_job)
    survey = Project(config).datasets["survey"]
    assert len(survey.image_paths) == survey.entry["shards"] == survey.image_entry["shards"]
    return survey.n_shards, choices


def ran(**keys):
    """Do what a run does: plan, then keep; return the number and the lines that it tells."""
    number, choices = planned(**keys)
    lines = []
    keep_shards(choices, lines.append)
    return number, lines


def test_there_is_a_shard_for_so_many_objects(stamps):
    assert sharding.OBJECTS_A_SHARD == 2
    assert [planned(max_objects=n)[0] for n in (2, 3, 4, 5, 6)] == [1, 2, 2, 3, 3]


@pytest.mark.parametrize(("n", "shards"), [(2, 1), (50_000, 1), (50_001, 2), (120_000, 3)])
def test_a_shard_has_up_to_fifty_thousand_objects(tmp_path, monkeypatch, n, shards):
    monkeypatch.chdir(tmp_path)
    config = configured(path=".")
    simulated = {"kind": "simulate", "population": "training", "n_objects": n}
    config = complete(config | {"datasets": {"survey": simulated}}, NO_RECIPES)
    (choice,) = choose_shards(config, is_job=False)
    assert (choice.n_objects, choice.shards) == (n, shards)
    assert Project(config).datasets["survey"].simulated_parts[shards - 1 :] == [
        f"results/data/survey/simulated/Data.{shards - 1}/catalogue_part.csv"
    ]


@pytest.mark.parametrize("keys", [{}, {"shards": None}])
def test_no_number_and_null_are_the_same(stamps, keys):
    assert planned(**keys)[0] == 3


def test_a_given_number_wins_and_nothing_is_kept(stamps):
    assert planned(shards=7) == (7, [])
    assert ran(shards=7) == (7, [])
    assert not KEPT.exists()
    assert ran()[0] == 3
    assert planned(shards=7)[0] == 7


def test_a_plan_writes_nothing(stamps, tmp_path):
    planned()
    assert not (tmp_path / "results").exists()


def test_what_a_run_has_chosen_stands_when_files_arrive(stamps, monkeypatch):
    assert ran()[0] == 3
    arrive(stamps, 40)
    assert planned()[0] == ran()[0] == planned(is_job=True)[0] == 3
    KEPT.unlink()
    assert planned()[0] == 20


def test_what_is_kept_is_not_counted_again_and_not_written_again(stamps, monkeypatch):
    ran()
    monkeypatch.setattr(sharding, "_count", None)
    monkeypatch.setattr(sharding, "write_text", None)
    assert ran() == (3, ["survey: 3 shards for about 5 objects (results/data/survey/shards.json)"])
    assert planned(is_job=True)[0] == 3


def test_one_shard_is_kept_too_and_not_told(stamps):
    assert ran(max_objects=2) == (1, [])
    assert json.loads(KEPT.read_text())["n_objects"] == 2


def test_what_is_kept_says_what_it_is(stamps):
    ran()
    content = json.loads(KEPT.read_text())
    assert content["format"], content["format_version"] == ("lensflow-shards", 1)
    assert (content["dataset"], content["n_objects"], content["shards"]) == ("survey", 5, 3)
    assert content["entry"]["path"] == "stamps"
    assert content["entry"]["shards"] is None


def test_with_other_images_the_number_is_chosen_anew(stamps, tmp_path):
    assert ran()[0] == 3
    arrive(tmp_path / "others", 9)
    assert ran(path="others")[0] == 5
    assert ran(path="others", max_objects=4)[0] == 2
    (tmp_path / "known.csv").write_text("name,ra,dec\n")
    arrive(tmp_path / "others", 20)
    assert ran(path="others", max_objects=4, known_lenses="known.csv")[0] == 2


def test_jobs_go_by_what_the_run_has_planned_without_files(stamps):
    """Another rule may make the files after the plan was made."""
    for file in stamps.iterdir():
        file.unlink()
    assert ran() == (1, [])
    arrive(stamps, 5)
    assert planned(is_job=True)[0] == 1
    assert planned()[0] == 3


def test_a_missing_folder_is_refused_as_before_and_not_counted(stamps):
    with pytest.raises(ConfigError, match="'nowhere', which is no folder"):
        configured(path="nowhere")


def test_a_dataset_that_nobody_asks_for_may_be_missing(stamps):
    config = configured()
    entry = config["datasets"]["survey"]
    config["datasets"] |= {"later": entry | {"path": "nowhere"}, "empty": entry | {"path": "none"}}
    Path("none").mkdir()
    choices = {choice.dataset: choice for choice in choose_shards(config, is_job=False)}
    found = {name: (choice.n_objects, choice.shards) for name, choice in choices.items()}
    assert found == {"survey": (5, 3), "later": (None, 1), "empty": (None, 1)}


def test_what_cannot_be_counted_is_left_to_the_job_that_reads_it(stamps):
    Path("c.parquet").write_bytes(b"no table")
    config = configured()
    tiles = {"kind": "mosaic", "path": "stamps", "pattern": "*.fits", "catalogue": "c.parquet"}
    config["datasets"] = {"survey": tiles}
    (choice,) = choose_shards(complete(config, NO_RECIPES), is_job=False)
    assert (choice.n_objects, choice.shards) == (None, 1)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"shards": 3', '"shards": 0', r"it says \{'shards': 0\}"),
        ('"shards": 3', '"shards": "3"', r"it says \{'shards': '3'\}"),
        ('"n_objects": 5', '"n_objects": -5', r"it says \{'n_objects': -5\}"),
        ('"format_version": 1', '"format_version": 2', "'format_version': 2"),
        ('"n_objects"', '"objects"', "TypeError"),
        ('"format"', '"formt"', "KeyError: 'format'"),
        ("}", "", "JSONDecodeError"),
        (None, "", "JSONDecodeError"),
        (None, "[]", "TypeError"),
    ],
)
@pytest.mark.parametrize("is_job", [False, True])
def test_a_damaged_number_is_refused(stamps, old, new, problem, is_job):
    ran()
    text = KEPT.read_text()
    KEPT.write_text(text.replace(old, new) if old else new)
    with pytest.raises(ArtifactError, match=problem) as raised:
        planned(is_job)
    assert str(raised.value).startswith(f"{KEPT} is not the number of shards")
    assert "as the dataset's shards" in str(raised.value)
    assert planned(is_job, shards=3)[0] == 3


def test_bytes_that_are_no_text_are_refused(stamps):
    ran()
    KEPT.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ArtifactError, match="UnicodeDecodeError"):
        planned()


def test_a_number_that_cannot_be_written_is_said(stamps):
    _, choices = planned()
    Path("results").write_text("in the way")
    with pytest.raises(ArtifactError, match="cannot be written"):
        keep_shards(choices, print)
