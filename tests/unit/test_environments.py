import re
from pathlib import Path

import pytest
import yaml

ENVS = Path(__file__).resolve().parents[2] / "envs"


def locked():
    """The pins of the lock file that hold for Python 3.11."""
    lines = (ENVS / "requirements.lock").read_text().splitlines()
    pins = {}
    for line in lines:
        found = re.match(r"([a-z0-9-]+)==([^ ;]+)(.*)", line)
        if found and ">= '3.12'" not in found[3]:
            pins[found[1]] = found[2]
    return pins


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_conda_environments_carry_the_pins_of_the_lock_file(name):
    dependencies = yaml.safe_load((ENVS / f"{name}.yaml").read_text())["dependencies"]
    pins = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    for pin in pins:
        package, version = pin.split("==")
        assert locked()[re.sub(r"\[.*\]", "", package)] == version


def test_the_lock_file_has_hashes_and_no_address():
    text = (ENVS / "requirements.lock").read_text()
    assert "://" not in text
    for entry in re.split(r"\n(?=[a-z])", text.strip()):
        assert "--hash=sha256:" in entry


def test_every_named_requirement_is_locked():
    names = re.findall(r"^([a-z][a-z0-9-]+)", (ENVS / "requirements.in").read_text(), re.MULTILINE)
    assert set(names) <= set(locked())
