"""Run cases of a kind one after the other and print a line of JSON for each.

    python -m reliability.child KIND SEED...

The process may take so much memory and no more; a case that takes too long ends it by SIGALRM. The
line `{"began": seed}` before each case says which one it was.
"""

import importlib
import json
import logging
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

from reliability.outcomes import CRASH

MEMORY_BYTES = 6 * 1024**3
CASE_SECONDS = 120


def main(kind: str, *seeds: str) -> None:
    """Run the cases of a kind whose seeds are given."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    run = importlib.import_module(f"reliability.{kind}_cases").run
    for seed in map(int, seeds):
        print(json.dumps({"began": seed}), flush=True)
        signal.alarm(CASE_SECONDS)
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome, note = run(seed, Path(folder))
            except Exception as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                note = f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"
                outcome = CRASH
        signal.alarm(0)
        print(json.dumps({"seed": seed, "outcome": outcome, "note": note[:600]}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
