"""The last results of the suite: results/published/reliability.json, written when asked for."""

import json
import os
from pathlib import Path

PUBLISHED = Path(__file__).resolve().parents[2] / "results/published/reliability.json"
ASKED, RUNNING = "LENSFLOW_PUBLISH", "PYTEST_CURRENT_TEST"


def keep(suite, n_cases, n_failed, counts=None, path=PUBLISHED):
    """Keep the result of a suite, and the test that runs as the command that gives it again.

    Nothing is kept without ``LENSFLOW_PUBLISH`` in the environment.

    Parameters
    ----------
    suite : str
    n_cases, n_failed : int
        Cases, and those that were wrong, silent, hung or crashed without words.
    counts : mapping of str to int, optional
        How they ended.
    path : Path
        The list in which the row takes the place of the suite's former one.
    """
    if ASKED not in os.environ:
        return
    test = os.environ[RUNNING].rpartition(" ")[0]
    row = {"suite": suite, "cases": n_cases, "failed": n_failed, **(counts or {})}
    row["command"] = f"{ASKED}=1 .venv/bin/python -m pytest -m long '{test}'"
    rows = json.loads(path.read_text()) if path.is_file() else []
    rows = [each for each in rows if each["suite"] != suite] + [row]
    path.write_text(json.dumps(sorted(rows, key=lambda row: row["suite"]), indent=1) + "\n")
