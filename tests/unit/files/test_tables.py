import pandas as pd
import pytest

from lensflow.errors import ArtifactError, LabelError
from lensflow.files import tables


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
