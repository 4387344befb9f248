import pytest

from lensflow.apply.candidates import OWN_NUMBERS
from lensflow.apply.columns import MEANING
from lensflow.apply.graded import COLUMNS as GRADED
from lensflow.ingest.names import LONGEST_ID, RESERVED_COLUMNS, refused_columns, refused_id


@pytest.mark.parametrize(
    "name", ["1", "NA", "nan", "None", r"$\bad$", "#5", "a b", "x" * LONGEST_ID, '"', "a,b", "~"]
)
def test_ids_that_are_taken(name):
    assert refused_id(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "yields no id"),
        ("x" * (LONGEST_ID + 1), "201 characters"),
        (" a", "begins or ends with a blank"),
        ("a ", "begins or ends with a blank"),
        ("a\rb", "not printable ASCII"),
        ("a\nb", "not printable ASCII"),
        ("é", "not printable ASCII"),
        ("a\0", "not printable ASCII"),
    ],
)
def test_ids_that_are_refused(name, reason):
    assert reason in refused_id(name)


def test_what_candidates_have_themselves_is_reserved():
    own = {*MEANING} - {"ra", "dec"}
    assert {*OWN_NUMBERS, *GRADED} <= own
    assert own <= RESERVED_COLUMNS


def test_names_of_columns():
    names = ["ra", "Dec", "RA", "Path", "a/b", ".a", "é", "x" * 65, "mag [AB]", ""]
    refused = dict(refused_columns(names))
    assert [name for name in names if name not in refused] == ["ra", "Dec", "mag [AB]"]
    assert "upper and lower case" in refused["RA"]
    assert "own tables" in refused["Path"]
