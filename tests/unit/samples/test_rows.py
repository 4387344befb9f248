import numpy as np
import pytest

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.samples.rows import fill


def filled(path, blocks, shape=(4, 3)):
    with artifacts.create(path, "embeddings") as writer:
        ids = [str(row) for row in range(shape[0])]
        fill(writer.fixed("embedding", shape, "f4"), blocks, ids, path)


def test_blocks_are_put_one_after_the_other(tmp_path):
    rows = np.arange(12, dtype="f4").reshape(4, 3)
    filled(tmp_path / "e.h5", [rows[:1], rows[1:1], rows[1:]])
    with artifacts.open(tmp_path / "e.h5", "embeddings") as file:
        np.testing.assert_array_equal(artifacts.read(file, "embedding"), rows)


@pytest.mark.parametrize("shape", [(4, 1), (4, 2), (4,), (3,), (), (4, 3, 1), (0, 2)])
def test_rows_of_another_shape_are_refused_and_never_repeated(tmp_path, shape):
    with pytest.raises(ArtifactError, match=r"rows of the shape \(3,\) were expected"):
        filled(tmp_path / "e.h5", [np.ones(shape, "f4")])
    assert list(tmp_path.iterdir()) == []
