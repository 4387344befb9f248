"""What every part of the check of a GPU is told (gpu_check.py), and how it starts."""

import dataclasses
import json
import time
from pathlib import Path

from bench_gpu import Sizes

TRAINING_IMAGES = 25_600
N_SURVEY_OBJECTS = 12_500
FEWEST = 48
"""Images of the smallest dry run: twice as many as clusters."""


@dataclasses.dataclass(frozen=True)
class Check:
    """What a part is told.

    Attributes
    ----------
    backend : str
    scale : float
        1, or less in a dry run.
    work : str
        Folder that the parts share.
    ends : float
        Time, as of ``time.time``, by which the part should be over.
    preset : dict
        The networks.
    sizes : Sizes
        How much is measured.
    """

    backend: str
    scale: float
    work: str
    ends: float
    preset: dict
    sizes: Sizes

    def count(self, whole: int) -> int:
        """Return how many of a whole run's images this one takes."""
        return max(FEWEST, round(self.scale * whole))

    def path(self, name: str) -> Path:
        """Return a path in the folder that the parts share."""
        return Path(self.work, name)

    def keep(self, name: str, values: object) -> None:
        """Keep values for later parts."""
        self.path(f"{name}.kept").write_text(json.dumps(values))

    def kept(self, name: str):
        """Return what an earlier part has kept."""
        return json.loads(self.made(f"{name}.kept").read_text())

    def made(self, name: str) -> Path:
        """Return the path of what an earlier part has made; that it has not is an error."""
        if not (path := self.path(name)).exists():
            raise RuntimeError(f"it needs {name} of an earlier part, which was not completed")
        return path

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.ends - time.time()


def start(check: Check, deterministic: bool = False) -> None:
    """Start the backend: for training and embedding as the workflow does."""
    from lensflow.networks.runtime import start_backend

    start_backend(check.backend, deterministic=deterministic)
