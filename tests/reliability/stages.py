"""The jobs of a run, done one by one: first all of them, then with damaged or exchanged files.

A job runs in a child of this process, in a copy of the run's folder, and is stopped when it hangs.
"""

import contextlib
import importlib
import os
import re
import shutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from jobs import SCRIPTS, run_script
from reliability.planned import planned

TIMEOUT_S = 300
# What most jobs import, here already, so that no child has to. Not TensorFlow: it has threads.
PRELOADED = ("matplotlib.pyplot", "sklearn.mixture", "scipy.stats", "astropy.table")
WORDS = re.compile(r"ERROR lensflow: (\w+Error): (.*)")


@dataclass(frozen=True)
class Stage:
    """One job: its script, and what Snakemake gave it."""

    script: str
    snakemake: object

    @property
    def outputs(self):
        """Files that it makes, other than those that hold times."""
        timed = ("report.json", "report.html")
        return [path for path in self.snakemake.output if not str(path).endswith(timed)]


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its status (None: it hung), and its log."""

    status: int | None
    error: str

    @property
    def is_refusal(self):
        """Whether it stopped with words of its own."""
        return self.status not in (0, None) and WORDS.search(self.error) is not None


def stages(folder, *targets):
    """Return the jobs of some targets, or of everything that a run makes, in order."""
    return [Stage(script, given) for script, given in planned(folder, *targets)]


def run_all(found, folder):
    """Run jobs one after the other, in one child; raise when one fails."""
    child = os.fork()
    if child == 0:
        os._exit(next((1 for stage in found if _work(stage, folder)), 0))
    if os.waitpid(child, 0)[1]:
        logs = sorted(Path(folder, "results/logs").rglob("*.log"), key=os.path.getmtime)
        raise AssertionError(f"{logs[-1]}: {logs[-1].read_text()[-3000:]}")


def run(stage, folder, timeout=TIMEOUT_S):
    """Run a job in a folder; return how it ended."""
    for name in PRELOADED:
        importlib.import_module(name)
    child = os.fork()
    if child == 0:
        os._exit(_work(stage, folder))
    log = Path(folder, stage.snakemake.log[0])
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            text = log.read_text(errors="replace") if log.is_file() else ""
            return Outcome(os.waitstatus_to_exitcode(status), text)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Outcome(None, "")


def _work(stage, folder):
    """Run the script as a process of its own would: an error goes through ``sys.excepthook``."""
    # What pytest catches with is no file of this child: a log takes the descriptors themselves.
    sys.stdout, sys.stderr = (os.fdopen(fd, "w", 1, closefd=False) for fd in (1, 2))
    try:
        os.chdir(folder)
        sys.path.append(str(SCRIPTS))
        run_script(stage.script, stage.snakemake)
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException as error:
        with contextlib.suppress(Exception):
            sys.excepthook(type(error), error, error.__traceback__)
            traceback.print_exc()
            sys.stderr.flush()
        return 1
    return 0


def contents(folder, paths):
    """Return the bytes of files by name; a folder's files too."""
    found = {}
    for path in paths:
        place = Path(folder, path)
        files = [each for each in place.rglob("*") if each.is_file()] if place.is_dir() else [place]
        found |= {str(f.relative_to(folder)): f.read_bytes() for f in files if f.is_file()}
    return found


def copy_of(folder, to):
    """Copy a run, and what it reads, to work on; return the copy."""
    shutil.copytree(folder, to, copy_function=shutil.copy2)
    return Path(to)
