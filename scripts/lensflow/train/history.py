"""The record of a training: a row of numbers for each epoch, the lines in the log, the report.

Times stand in the report alone: all else is the same bytes whenever the same is trained.
"""

import csv
import dataclasses
import json
from collections.abc import Iterable, Mapping
from os import PathLike

from lensflow.files import writing

COLUMNS = (
    "epoch",
    "step",
    "loss",
    "val_loss",
    "constant_loss",
    "learning_rate",
)


@dataclasses.dataclass(frozen=True)
class TrainingReport:
    """What a training came to; written as JSON beside the weights.

    Attributes
    ----------
    network : str
        Which of `lensflow.networks.kinds.NETWORKS`.
    parameters : int
        Trained numbers of the network.
    effective_dimension : float
        How many directions of the bottleneck the held-out images use, see
        `lensflow.train.health.effective_dimension`.
    units, dead_units : int
        Units (denoiser: channels) of the bottleneck, and those that are the same for every
        held-out image.
    final_loss, final_val_loss : float
        The network's loss over the last epoch and on the held-out images, the latter with the
        weights that were kept.
    constant_loss : float
        That of the best constant output, on the same held-out images.
    epochs, images, held_out_images : int
        Epochs trained, images trained on, images held out.
    seconds : float
        Wall time over all sessions.
    seconds_by_epoch : tuple of float
        Wall time from the start to the end of each epoch, over all sessions.
    stopped : str
        ``epochs`` when all were done, ``stalled`` when the held-out loss no longer fell.
    warnings : tuple of str
        What a user should look at.
    """

    network: str
    parameters: int
    effective_dimension: float
    units: int
    dead_units: int
    final_loss: float
    final_val_loss: float
    constant_loss: float
    epochs: int
    images: int
    held_out_images: int
    seconds: float
    seconds_by_epoch: tuple[float, ...]
    stopped: str
    warnings: tuple[str, ...]

    def write(self, path: str | PathLike) -> None:
        """Write the report as JSON."""
        with writing.replacing(path) as partial, open(partial, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(self), file, indent=1)
            file.write("\n")


def write_history(path: str | PathLike, rows: Iterable[Mapping]) -> None:
    """Write one row for each epoch.

    Parameters
    ----------
    path : path-like
        The CSV file.
    rows : iterable of mapping
        With the keys `COLUMNS`.
    """
    with (
        writing.replacing(path) as partial,
        open(partial, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _format(row[key]) for key in COLUMNS} for row in rows)


def duration(seconds: float) -> str:
    """Write a duration for a person: ``2 h 05 min``, ``3 min 20 s``, ``12 s``."""
    seconds = round(seconds)
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    if seconds >= 60:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds} s"


def _format(value: float | int) -> str | int:
    return f"{value:.7g}" if isinstance(value, float) else value
