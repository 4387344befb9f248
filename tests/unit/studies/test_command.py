"""The commands of all studies say what went wrong in words, and end with status 1."""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from lensflow.errors import ArtifactError, ConfigError
from lensflow.studies.command import command

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
STUDIES = sorted(
    path.stem
    for path in (SCRIPTS / "lensflow/studies").glob("*.py")
    if '__name__ == "__main__"' in path.read_text()
)


def test_the_studies_are_found():
    assert {"compare_finders", "rank_rarities", "similar"} <= set(STUDIES)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_says_what_went_wrong_in_words(name, monkeypatch):
    def refuse(*_):
        raise ConfigError("received this, expected that")

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", refuse)
    with pytest.raises(SystemExit, match="ConfigError: received this, expected that"):
        importlib.import_module(f"lensflow.studies.{name}").main()


def test_the_words_are_on_the_standard_error_without_a_traceback(tmp_path):
    arguments = ["absent", "--samples", "test", "--output", "x.csv", "--root", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "lensflow.studies.compare_finders", *arguments],
        cwd=SCRIPTS, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ConfigError: ")
    assert done.stderr.count("\n") == 1
    assert "run the experiment first" in done.stderr


def test_a_command_that_goes_well_is_left_alone():
    done = []
    command(lambda: done.append(1))()
    assert done == [1]


def test_every_error_of_the_library_is_said_and_no_other():
    def main(error):
        def fail():
            raise error

        return command(fail)

    with pytest.raises(SystemExit, match="ArtifactError: damaged"):
        main(ArtifactError("damaged"))()
    with pytest.raises(ZeroDivisionError):
        main(ZeroDivisionError())()
