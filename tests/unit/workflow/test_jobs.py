"""A job checks what it reads, and what it makes says where it comes from."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from jobs import SCRIPTS, Given
from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.files import provenance, tables
from lensflow.workflow import jobs


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs a job which writes a stack, a table and a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jobs, "start_log", lambda path: None)

    def run(inputs, **params):
        outputs = Given(stack="results/a/stack.h5", table="results/a/t.csv", many="results/a/many")
        parts = {"input": inputs, "output": outputs, "params": Given(**params)}
        with jobs.job(SimpleNamespace(**parts, log=["results/logs/a.log"])):
            with artifacts.create("results/a/stack.h5", "stack") as writer:
                writer.strings("id", ["1"])
            tables.write_csv("results/a/t.csv", pd.DataFrame({"id": ["1"]}))
            Path("results/a/many").mkdir(exist_ok=True)
        with artifacts.open("results/a/stack.h5", "stack") as file:
            return artifacts.origin(file)

    return run


def make(path):
    """Make an artifact as a job of another rule does."""
    with provenance.made_by(provenance.Origin()), artifacts.create(path, "index") as writer:
        writer.strings("id", [str(path)])
    return path


def test_what_a_job_makes_names_what_it_read(run):
    paths = [make(f"results/data/{name}.h5") for name in "ab"]
    Path("mine.csv").write_text("id\n1\n")
    found = run(Given(["mine.csv"], index=paths[0], both=paths, none=[]), seed="1", code="c0de")
    ids = [artifacts.content_of(path) for path in paths]
    assert found["index"] == ids[0]
    assert found["both"] == provenance.joined_hash(ids) != provenance.joined_hash(ids[::-1])
    assert found["input"] == provenance.file_hash("mine.csv")
    assert found["code"] == "c0de"
    assert "none" not in found
    record = provenance.read_record("results/a/t.csv")
    assert record["origin"] == found
    assert record["made_as"] == "results/a/t.csv"
    assert not provenance.record_path("results/a/stack.h5").exists()


def test_the_machine_is_not_part_of_the_origin(run):
    here = run(Given(), seed="1", backup="here", math_threads="1")
    assert here == run(Given(), seed="1", backup="there", math_threads="2")
    assert here["config"] != run(Given(), seed="2")["config"]


def test_an_artifact_or_a_table_in_anothers_place_is_refused(run):
    first, second = make("results/x/run_0.h5"), make("results/x/run_1.h5")
    shutil.copy(second, first)
    with pytest.raises(ArtifactError, match=r"was made as results/x/run_1\.h5"):
        run(Given(mixture=first))
    run(Given(mixture=second))
    Path("results/a/t.csv").write_text("id\n")
    with pytest.raises(ArtifactError, match="damaged, truncated or edited"):
        run(Given(table="results/a/t.csv"))


def test_a_failed_job_leaves_no_record(run, monkeypatch):
    monkeypatch.setattr(artifacts, "create", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(Given())
    assert not Path("results/a/.origin").exists()


def test_every_script_of_a_rule_is_a_job():
    scripts = {path.name: path.read_text() for path in SCRIPTS.glob("*.py")}
    rules = {name: text for name, text in scripts.items() if "snakemake." in text}
    assert len(rules) > 30
    assert [name for name, text in rules.items() if "    with job(snakemake):\n" not in text] == []
