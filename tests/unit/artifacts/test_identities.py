import pytest

from artifact_examples import made
from lensflow import artifacts
from lensflow.errors import ArtifactError


def test_another_part_than_the_one_meant_is_refused(tmp_path):
    paths = [made(tmp_path / f"{i}.h5", shard=i, sample="test") for i in range(3)]
    artifacts.expect_order(paths, sample="test", scale="log", stage=None)
    with pytest.raises(ArtifactError, match=r"2\.h5 is of shard 2, 1 was expected"):
        artifacts.expect_order([paths[0], paths[2], paths[1]])
    with pytest.raises(ArtifactError, match=r"0\.h5 is of sample test, train was expected"):
        artifacts.expect_order(paths, sample="train")
