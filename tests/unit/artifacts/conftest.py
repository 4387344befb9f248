import pytest

from artifact_examples import write_example


@pytest.fixture
def example(tmp_path):
    return write_example(tmp_path / "a" / "example.h5")
