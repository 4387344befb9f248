import errno
import os

import pytest

from lensflow.errors import ArtifactError
from lensflow.files import writing


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "results/split.csv"
    writing.write_text(path, "id\na\n")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError, match=r"split\.csv cannot be written.*No space left"):
        writing.write_text(path, "id\nb\n")
    assert path.read_text() == "id\na\n"
    assert [each.name for each in path.parent.iterdir()] == ["split.csv"]
