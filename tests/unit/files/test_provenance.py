import hashlib
import json
import shutil

import pandas as pd
import pytest

from lensflow.errors import ArtifactError
from lensflow.files import provenance, tables
from lensflow.files.provenance import Origin

TABLE = pd.DataFrame({"id": ["a", "b"], "n_lens": [1.0, 2.0]})


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "results/demo/split.csv"
    tables.write_csv(path, TABLE)
    with provenance.made_by(Origin({"index": "ab"}, "cd", "ef")):
        provenance.record(path)
    return path


def test_a_record_says_what_a_file_is_and_nothing_of_when(table):
    record = json.loads(provenance.record_path(table).read_text())
    assert record == {
        "format": "lensflow-record",
        "format_version": 1,
        "made_as": "results/demo/split.csv",
        "bytes": 18,
        "sha256": hashlib.sha256(b"id,n_lens\na,1\nb,2\n").hexdigest(),
        "origin": {"code": "ef", "config": "cd", "index": "ab"},
    }
    assert provenance.verify(table) == record["sha256"]


@pytest.mark.parametrize("change", [lambda t: t[:-4], lambda t: t + "c,3\n", lambda t: t.upper()])
def test_a_damaged_truncated_or_edited_table_is_refused(table, change):
    table.write_text(change(table.read_text()))
    with pytest.raises(ArtifactError, match="damaged, truncated or edited"):
        provenance.verify(table)


def test_a_table_in_anothers_place_is_refused(table):
    other = table.with_name("other.csv")
    shutil.copy(table, other)
    shutil.copy(provenance.record_path(table), provenance.record_path(other))
    with pytest.raises(ArtifactError, match=r"was made as results/demo/split\.csv"):
        provenance.verify(other)


def test_a_copied_folder_is_as_good_as_the_first(table, tmp_path):
    shutil.copytree(tmp_path / "results", tmp_path / "copy/results")
    assert provenance.verify(tmp_path / "copy/results/demo/split.csv") == provenance.verify(table)


def test_a_persons_table_has_no_record_and_is_taken_as_it_is(tmp_path):
    path = tmp_path / "judged.csv"
    path.write_text("cluster\n1\n")
    assert provenance.verify(path) == hashlib.sha256(b"cluster\n1\n").hexdigest()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format_version": 2}', "\udcff"])
def test_a_damaged_record_is_named(table, text):
    provenance.record_path(table).write_text(text, errors="surrogateescape")
    with pytest.raises(ArtifactError, match=r"\.origin/split\.csv\.json, the record of"):
        provenance.verify(table)


def test_a_record_of_a_newer_version_is_refused_by_name(table):
    record = json.loads(provenance.record_path(table).read_text())
    provenance.record_path(table).write_text(json.dumps({**record, "format_version": 2}))
    with pytest.raises(ArtifactError, match="lensflow-record 2, not lensflow-record 1"):
        provenance.verify(table)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ArtifactError, match=r"none\.csv cannot be read"):
        provenance.verify(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("results/demo/a.csv", "results/demo/a.csv"),
        ("/x/results/y/results/demo/a.csv", "results/demo/a.csv"),
        (".snakemake/storage/fs/results/a.csv", "results/a.csv"),
        ("my_results/a.csv", ""),
    ],
)
def test_a_file_is_known_by_its_place_under_results(path, place):
    assert provenance.place(path) == place
