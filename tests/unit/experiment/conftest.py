import pytest

from small_projects import project


@pytest.fixture
def first():
    return project().experiments["first"]
