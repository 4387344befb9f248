import pandas as pd
import pytest

from lensflow import tables
from lensflow.errors import ArtifactError


def test_rows_where_takes_lists():
    table = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "y"]})
    assert tables.rows_where(table, {"a": [2, 3], "b": "y"})["a"].tolist() == [2, 3]


def test_rows_where_names_a_missing_column():
    with pytest.raises(ArtifactError, match="no column"):
        tables.rows_where(pd.DataFrame({"a": [1]}), {"colour": 1})
