"""Cases that end their process in every way, to see that the others are run none the less."""

import os
import signal
from pathlib import Path

from reliability.outcomes import RIGHT


def run(seed: int, folder: Path) -> tuple[str, str]:
    """Die as the seed says."""
    if seed == 1:
        os.kill(os.getpid(), signal.SIGALRM)
    if seed == 2:
        os._exit(3)
    if seed == 3:
        raise RuntimeError("without words")
    return RIGHT, ""
