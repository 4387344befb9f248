import errno
import hashlib
import json
import os
import shutil

import pandas as pd
import pytest

from lensflow import tables
from lensflow.errors import ArtifactError, LabelError
from lensflow.tables import Origin


def test_rows_where_takes_lists():
    table = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "y"]})
    assert tables.rows_where(table, {"a": [2, 3], "b": "y"})["a"].tolist() == [2, 3]


def test_rows_where_names_a_missing_column():
    with pytest.raises(ArtifactError, match="no column"):
        tables.rows_where(pd.DataFrame({"a": [1]}), {"colour": 1})


# --- tables that people edit ----------------------------------------------------------------------

EDITED = 'id,who,note\n7,"Ann","a, b"\n\n8, Bob ,\n'


@pytest.mark.parametrize(
    "text",
    [
        EDITED,
        "\ufeff" + EDITED,
        EDITED.replace("\n", "\r\n"),
        EDITED.replace("\n", "\r"),
        EDITED.replace(",", ";").replace("a; b", "a, b"),
        EDITED.replace(",", "\t").replace("a\t b", "a, b"),
        EDITED.replace("\n\n", ",,\n,,,,\n").replace("note\n", "note,,\n"),
        EDITED.replace("id,who", " id , who "),
        EDITED.rstrip("\n"),
    ],
    ids=["plain", "bom", "crlf", "cr", "semicolons", "tabs", "empty cells", "spaces", "no end"],
)
def test_what_spreadsheets_make_of_a_table_is_read_alike(tmp_path, text):
    (tmp_path / "mine.csv").write_text(text, newline="", encoding="utf-8")
    table = tables.read_edited(tmp_path / "mine.csv", ["id", "when", "who", "note"], ["id"])
    assert table.to_dict("index") == {
        2: {"id": "7", "when": "", "who": "Ann", "note": "a, b"},
        4: {"id": "8", "when": "", "who": "Bob", "note": ""},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "it is empty; expected is a CSV in UTF-8 with the columns id, who"),
        (b"\n,,\n", "it is empty"),
        ("id,who\n1,Zoë\n".encode("latin-1"), "can't decode byte"),
        ("id,who\n1,Ann\n".encode("utf-16"), "can't decode byte"),
        (b'id,who\n1,"Ann\n', "unexpected end of data"),
        (b"id,name\n1,Ann\n", r"unknown columns \['name'\], missing columns \['who'\]"),
        (b"id,who,who\n1,Ann,Bob\n", r"repeated columns \['who'\]"),
        (b"id,who\n1,Ann\n2\n", "line 3: 1 cells, but the heading has 2"),
        (b"id,who\n1,A\0nn\n", r"line 2: control characters in 'A\\x00nn'; remove them"),
        (b"id,who\n1,Ann\n2,\x1b[31m\n", "line 3: control characters in"),
        (b"id,who\n1,Ann,Bob\n", "line 2: 3 cells, but the heading has 2; .*double quotes"),
    ],
)
def test_a_table_that_cannot_be_read_is_explained(tmp_path, text, message):
    (tmp_path / "mine.csv").write_bytes(text)
    with pytest.raises(LabelError, match=f"mine.csv.*{message}"):
        tables.read_edited(tmp_path / "mine.csv", ["id", "who"], ["id", "who"])


@pytest.mark.parametrize("path", ["/dev/zero", "."])
def test_what_is_no_regular_file_is_not_read_for_ever(path):
    with pytest.raises(LabelError, match="it is no regular file"):
        tables.read_edited(path, ["id"], ["id"])


# --- files that are whole, and their records ------------------------------------------------------

TABLE = pd.DataFrame({"id": ["a", "b"], "n_lens": [1.0, 2.0]})


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "results/demo/split.csv"
    tables.write_csv(path, TABLE)
    with tables.made_by(Origin({"index": "ab"}, "cd", "ef")):
        tables.record(path)
    return path


def test_a_file_that_cannot_be_written_leaves_what_was_there(table, monkeypatch):
    before = table.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError, match=r"split\.csv cannot be written.*No space left"):
        tables.write_csv(table, TABLE.assign(id="c"))
    assert table.read_bytes() == before
    assert [path.name for path in table.parent.iterdir() if path.is_file()] == ["split.csv"]


def test_a_record_says_what_a_file_is_and_nothing_of_when(table):
    record = json.loads(tables.record_path(table).read_text())
    assert record == {
        "format": "lensflow-record",
        "format_version": 1,
        "made_as": "results/demo/split.csv",
        "bytes": 18,
        "sha256": hashlib.sha256(b"id,n_lens\na,1\nb,2\n").hexdigest(),
        "origin": {"code": "ef", "config": "cd", "index": "ab"},
    }
    assert tables.verify(table) == record["sha256"]


@pytest.mark.parametrize("change", [lambda t: t[:-4], lambda t: t + "c,3\n", lambda t: t.upper()])
def test_a_damaged_truncated_or_edited_table_is_refused(table, change):
    table.write_text(change(table.read_text()))
    with pytest.raises(ArtifactError, match="damaged, truncated or edited"):
        tables.verify(table)


def test_a_table_in_anothers_place_is_refused(table):
    other = table.with_name("other.csv")
    shutil.copy(table, other)
    shutil.copy(tables.record_path(table), tables.record_path(other))
    with pytest.raises(ArtifactError, match=r"was made as results/demo/split\.csv"):
        tables.verify(other)


def test_a_copied_folder_is_as_good_as_the_first(table, tmp_path):
    shutil.copytree(tmp_path / "results", tmp_path / "copy/results")
    assert tables.verify(tmp_path / "copy/results/demo/split.csv") == tables.verify(table)


def test_a_persons_table_has_no_record_and_is_taken_as_it_is(tmp_path):
    path = tmp_path / "judged.csv"
    path.write_text("cluster\n1\n")
    assert tables.verify(path) == hashlib.sha256(b"cluster\n1\n").hexdigest()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format_version": 2}', "\udcff"])
def test_a_damaged_record_is_named(table, text):
    tables.record_path(table).write_text(text, errors="surrogateescape")
    with pytest.raises(ArtifactError, match=r"\.origin/split\.csv\.json, the record of"):
        tables.verify(table)


def test_a_record_of_a_newer_version_is_refused_by_name(table):
    record = json.loads(tables.record_path(table).read_text())
    tables.record_path(table).write_text(json.dumps({**record, "format_version": 2}))
    with pytest.raises(ArtifactError, match="lensflow-record 2, not lensflow-record 1"):
        tables.verify(table)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ArtifactError, match=r"none\.csv cannot be read"):
        tables.verify(tmp_path / "none.csv")


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
    assert tables.place(path) == place
