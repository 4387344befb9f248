import pytest

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.errors import ConfigError
from lensflow.samples.runs import Run
from lensflow.workflow.guidance import next_steps
from small_projects import made, project


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["known"], "known"),
        (["stand_in"], "stand_in"),
        (["known", "stand_in"], "stand_in"),
        (["known", "person"], "person"),
        (["stand_in", "person"], "person"),
        (["person"], "person"),
        (["known", "stand_in", "person"], "person"),
    ],
)
def test_whose_judgement_counts(labels, expected):
    table = "j/{scale}_{n_features}_{run}.csv" if "person" in labels else None
    chosen = project(first={"labels": labels, "person_labels": table}).experiments["first"]
    assert chosen.judgement is JUDGEMENTS[expected]
    assert chosen.judgements == labels


def test_a_person_is_waited_for_where_nobody_ranks_meanwhile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"labels": ["nobody", "person"], "person_labels": "{scale}_{n_features}_{run}.csv"}
    third = {**asked, "runs": 2}
    chosen = project(third=third).experiments["third"]
    assert chosen.pending == {"person": ["log_4_0.csv", "log_4_1.csv"]}
    assert (chosen.judgements, chosen.probabilities) == (["nobody"], [])
    assert chosen.judgement is JUDGEMENTS["nobody"]

    (tmp_path / "log_4_1.csv").touch()
    chosen = project(third=third).experiments["third"]
    assert chosen.pending == {"person": ["log_4_0.csv"]}
    (step,) = next_steps(made(project(run=["third"], third=third)))
    assert "save its file as log_4_0.csv" in step
    assert "results/third/figures/clusters_unlabelled_log_features_4_run_0.png" in step
    assert next_steps(project(run=["second"], third=third)) == []

    (tmp_path / "log_4_0.csv").touch()
    chosen = project(third=third).experiments["third"]
    assert chosen.pending == {}
    assert (chosen.judgements, chosen.probabilities) == (["nobody", "person"], ["person"])
    assert chosen.judgement is JUDGEMENTS["person"]


def test_one_table_for_all_runs_is_waited_for_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    third = {"labels": ["nobody", "person"], "person_labels": "j.csv", "runs": 2}
    assert project(third=third).experiments["third"].pending == {"person": ["j.csv"]}
    (step,) = next_steps(made(project(run=["third"], third=third)))
    assert "open results/third/judge.html" in step
    assert "save its file as j.csv, and run" in step
    assert "Without a browser" not in step


def test_the_runs_of_the_headline_are_judged_first():
    third = {"n_features": [4, 8], "runs": 2, "headline": {"scale": "log", "n_features": 8}}
    chosen = project(third=third).experiments["third"]
    order = [(run.n_features, run.run) for run in chosen.judged_runs]
    assert order == [(8, 0), (8, 1), (4, 0), (4, 1)]


def test_without_nobody_a_missing_table_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = project(third={"labels": ["person"], "person_labels": "j.csv"}).experiments["third"]
    assert chosen.pending == {}
    assert chosen.judgements == ["person"]


def test_grades_are_waited_for_and_rank_then(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graded = {"grades": ["one.csv", "two.csv"]}
    chosen = project(run=["second"], second=graded)
    run = Run("log", 4, 0)
    folder = "results/second/log/features_4/run_0"
    assert not chosen.experiments["second"].has_head
    # What is not yet combined is kept already: grades are to rerun nothing before them.
    expected = [f"{folder}/clusters/test/shard_0.csv"]
    assert chosen.experiments["second"].final_score_paths(run, "test") == expected
    steps = next_steps(chosen)
    assert ["no grades in one.csv yet" in steps[0], len(steps)] == [True, 2]
    # Nothing is ranked but samples with labels, so that there is no page.
    assert "save a table with the columns id, grade and who under a name" in steps[0]

    (tmp_path / "two.csv").touch()
    chosen = project(run=["second"], second=graded)
    assert chosen.experiments["second"].grade_paths == ["two.csv"]
    assert chosen.experiments["second"].ungraded_score_paths(run, "test") == expected
    final = [f"{folder}/graded/test/shard_0.csv"]
    assert chosen.experiments["second"].final_score_paths(run, "test") == final
    assert len(next_steps(chosen)) == 1


def test_nobodys_judgement_has_no_head(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").touch()
    third = {"labels": ["nobody"], "grades": ["one.csv"]}
    assert not project(third=third).experiments["third"].has_head


def test_what_can_be_no_file_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judged.csv").mkdir()
    with pytest.raises(ConfigError, match=r"third\.grades: '/dev/zero' is no regular file"):
        project(third={"grades": ["/dev/zero"]})
    with pytest.raises(ConfigError, match=r"third\.labels: 'judged\.csv' is no regular file"):
        project(third={"labels": ["nobody", "person"], "person_labels": "judged.csv"})


def test_where_to_look_next_is_said_where_a_person_judges(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    third = {"labels": ["nobody", "person"], "person_labels": "j.csv", "runs": 1}
    path = "results/third/log/features_4/run_0/next_looks.csv"
    assert project(third=third).look_paths == [path]
    assert project().look_paths == []
    (step,) = next_steps(made(project(run=["third"], third=third)))
    assert f"{path} says which clusters matter most" in step
    (tmp_path / "j.csv").touch()
    assert next_steps(made(project(run=["third"], third=third))) == []
    looks = tmp_path / path
    looks.parent.mkdir(parents=True, exist_ok=True)
    looks.write_text("cluster,expected_lenses\n7,1.5\n3,0.1\n")
    (step,) = next_steps(made(project(run=["third"], third=third)))
    assert "look at cluster 7" in step
    looks.write_text("cluster,expected_lenses\n7,0\n")
    assert next_steps(made(project(run=["third"], third=third))) == []


def test_what_stands_beside_has_its_page_to_be_judged_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"labels": ["nobody", "person"], "runs": 1, "scales": ["log"], "n_features": [4]}
    asked |= {"dataset": "there", "protocol": "unlabelled", "headline": None}
    third = {**asked, "person_labels": "third.csv", "beside": ["second"]}
    second = {**asked, "person_labels": "second.csv"}
    changes = {"first": {"compare_paper": None}, "second": second, "third": third}
    chosen = project(run=["third"], **changes)
    folders = ["results/third/log/features_4/run_0", "results/second/log/features_4/run_0"]
    pages = [f"{folder}/judge.html" for folder in folders]
    assert [path for path in chosen.page_paths if "judge" in path] == pages
    assert chosen.look_paths == [f"{folder}/next_looks.csv" for folder in folders]
    both = project(run=["third", "second"], **changes)
    assert len(set(both.page_paths)) == len(both.page_paths)
    for path in pages:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    steps = next_steps(made(chosen))
    until = "nobody has judged the clusters yet (until then candidates"
    assert steps[0].startswith(f"third: {until} are judged by nobody: ")
    assert steps[1].startswith(f"second: {until} of third are judged by nobody: ")
    for step, page, folder in zip(steps, pages, ["third", "second"], strict=True):
        sheet = f"results/{folder}/figures/clusters_unlabelled_log_features_4_run_0.png"
        assert f"open {page} in a browser" in step
        made_by = f"(.venv/bin/snakemake {sheet} --config run='[{folder}]' makes it)"
        assert f"look at {sheet} {made_by}, fill in" in step
