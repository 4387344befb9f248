"""The last results of the suite: results/published/reliability.json, written when asked for."""

import json
import os
from pathlib import Path

PUBLISHED = Path(__file__).resolve().parents[2] / "results/published/reliability.json"


def keep(suite, n_cases, n_failed, counts=None):
    """Keep the result of a suite; only with ``LENSFLOW_PUBLISH`` in the environment.

    Parameters
    ----------
    suite : str
    n_cases, n_failed : int
        Cases, and those that were wrong, silent, hung or crashed without words.
    counts : mapping of str to int, optional
        How the others ended.
    """
    if "LENSFLOW_PUBLISH" not in os.environ:
        return
    rows = json.loads(PUBLISHED.read_text()) if PUBLISHED.is_file() else []
    row = {"suite": suite, "cases": n_cases, "failed": n_failed, **(counts or {})}
    rows = sorted(
        [each for each in rows if each["suite"] != suite] + [row], key=lambda r: r["suite"]
    )
    PUBLISHED.write_text(json.dumps(rows, indent=1) + "\n")
