import pytest
import yaml

from unit.workflow.config_fixtures import ROOT


@pytest.fixture
def config():
    """The shipped config.yaml, to be changed."""
    return yaml.safe_load((ROOT / "config.yaml").read_text())
