"""The backup of a training: all that is needed to go on as if nothing had happened."""

import dataclasses
import hashlib
import json
import logging
import zipfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import keras
import numpy as np

from lensflow.files import writing

logger = logging.getLogger(__name__)

FILE_NAME = "training_backup.npz"


@dataclasses.dataclass
class Progress:
    """Where a training stands.

    Attributes
    ----------
    epoch : int
        Complete epochs.
    step : int
        Steps done of the next epoch.
    seconds : float
        Wall time spent, over all sessions.
    seconds_by_epoch : list of float
        What that was at the end of each complete epoch.
    history : list of dict
        A row for each complete epoch.
    best_epoch : int
        The first epoch with the lowest held-out loss; its weights are kept when patience is set.
    best_weights : list of ndarray
        Empty without patience.
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    seconds_by_epoch: list[float] = dataclasses.field(default_factory=list)
    history: list[dict] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    best_weights: list[np.ndarray] = dataclasses.field(default_factory=list)


def fingerprint(**content: object) -> str:
    """Return a hash of everything that the result of a training depends on."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class Backup:
    """A file that is replaced atomically, and that only the same training can use.

    Parameters
    ----------
    folder : path-like
        Where it lies: outside the workflow's outputs, which Snakemake deletes on failure.
    key : str
        From `fingerprint`.
    """

    def __init__(self, folder: str | PathLike, key: str):
        self.path = Path(folder) / FILE_NAME
        self.key = key

    def save(self, progress: Progress, variables: Sequence[keras.Variable]) -> None:
        """Write the state; whoever kills the process meanwhile leaves the former backup.

        Parameters
        ----------
        progress : Progress
            Where the training stands.
        variables : list of keras.Variable
            Weights, optimizer and running means.

        Raises
        ------
        ArtifactError
            When it cannot be written: the disk is full.
        """
        numbers = dataclasses.asdict(progress)
        best = numbers.pop("best_weights")
        arrays = {f"variable_{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(variables)}
        arrays |= {f"best_{i}": values for i, values in enumerate(best)}
        with writing.replacing(self.path) as partial, open(partial, "wb") as file:
            np.savez(file, key=self.key, progress=json.dumps(numbers), **arrays)

    def restore(self, variables: Sequence[keras.Variable]) -> Progress:
        """Return the saved progress and set the variables, or a new `Progress`.

        A backup of another training (other settings, data or code) and a damaged one are ignored,
        with a line in the log.
        """
        if not self.path.exists():
            return Progress()
        try:
            with open(self.path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                if str(file["key"]) != self.key:
                    logger.info("%s is of another training: starting afresh.", self.path)
                    return Progress()
                return self._read(file, variables)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            logger.warning("%s cannot be read (%s): starting afresh.", self.path, error)
            return Progress()

    def remove(self) -> None:
        """Delete the backup after success, and its folder when nothing else is in it."""
        self.path.unlink(missing_ok=True)
        writing.partial_of(self.path).unlink(missing_ok=True)
        if self.path.parent.exists() and not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()

    def _read(self, file: np.lib.npyio.NpzFile, variables: Sequence[keras.Variable]) -> Progress:
        numbers = json.loads(str(file["progress"]))
        values = [file[f"variable_{i}"] for i in range(len(variables))]
        n_best = sum(name.startswith("best_") for name in file.files)
        best = [file[f"best_{i}"] for i in range(n_best)]
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        progress = Progress(**numbers, best_weights=best)
        logger.info("Going on from %s: epoch %d.", self.path, progress.epoch + 1)
        return progress
