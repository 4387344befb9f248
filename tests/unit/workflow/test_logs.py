"""Where the messages of a stage go, seen from outside: a process that logs, prints and fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lensflow.workflow.logs import found, reason, stage_name

SCRIPTS = Path(__file__).parents[3] / "scripts"
LOG = "results/logs/demo/train.log"
BODY = """
import logging, os
from lensflow.workflow.logs import start_log
start_log({log!r})
log = logging.getLogger("lensflow.x")
os.write(2, b"from C++\\n")
for epoch in range(3):
    log.info("epoch %d", epoch, extra={{"is_progress": True}})
log.warning("two units are dead")
log.info("done")
raise RuntimeError("at last")
"""


@pytest.fixture
def stage(tmp_path):
    def run(**environment):
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), **environment}
        return subprocess.run(
            [sys.executable, "-c", BODY.format(log=LOG)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_log_holds_everything_and_the_terminal_what_a_person_waits_for(stage, tmp_path):
    done = stage(VERBOSE="")
    assert done.returncode == 1
    assert done.stderr == "demo/train: epoch 0\ndemo/train: two units are dead\n"
    text = (tmp_path / LOG).read_text()
    for line in ("from C++", "epoch 2", "dead", "done", "RuntimeError: at last"):
        assert line in text


def test_verbose_shows_every_record(stage):
    said = stage(VERBOSE="1").stderr
    assert "epoch 2" in said
    assert "RuntimeError: at last" in said
    assert "from C++" not in said


def test_a_log_tells_what_was_found_and_why_it_failed(stage, tmp_path):
    stage()
    assert found(tmp_path / LOG) == "done"
    assert reason(tmp_path / LOG) == "RuntimeError: at last"


def test_only_the_end_of_a_long_log_is_read(tmp_path):
    path = tmp_path / "long.log"
    first = "2026-01-01 00:00:00Z ERROR lensflow: long ago\n"
    path.write_text(first + "x" * 100_000 + "\nthe last words\n")
    assert reason(path) == "the last words"
    assert found(path) == ""


def test_a_missing_log_says_nothing(tmp_path):
    assert found(tmp_path / "none.log") == reason(tmp_path / "none.log") == ""


def test_a_stage_is_called_by_the_place_of_its_log():
    assert stage_name(LOG) == "demo/train"
    assert stage_name(Path("elsewhere/x.log")) == "elsewhere/x"
    assert stage_name(".snakemake/storage/fs/there/results/logs/demo/train.log") == "demo/train"


def test_an_error_of_several_lines_is_told_whole(tmp_path):
    path = tmp_path / "stage.log"
    stamp = "2026-01-01 00:00:00Z"
    path.write_text(
        f"{stamp} ERROR lensflow: CutoutError: 2 of 3:\n  - 2 x bad\nMend them.\n"
        f"{stamp} INFO lensflow: closed\n"
    )
    assert reason(path) == "CutoutError: 2 of 3:\n  - 2 x bad\nMend them."
