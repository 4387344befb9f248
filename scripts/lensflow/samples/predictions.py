"""Predictions: what a student makes of the images of a sample, one number each."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.artifacts import ALL_ROWS
from lensflow.samples.rows import Path, fill, read_rows, write_rows


@dataclass(frozen=True)
class Predictions:
    """Open predictions.

    Attributes
    ----------
    file : h5py.File
    """

    file: h5py.File

    def __len__(self) -> int:
        return self.file["logit"].shape[0]

    @property
    def judgement(self) -> str:
        """Whose judgement of the clusters the student learned from."""
        return self.file.attrs["judgement"]

    def rows(self, rows: slice = ALL_ROWS) -> pd.DataFrame:
        """Return id, rotation and is_lens."""
        return read_rows(self.file, rows)

    def logits(self, rows: slice = ALL_ROWS) -> np.ndarray:
        """Return the logit of a lens (n,) float32: ``log(p / (1 - p))``, natural; finite."""
        return artifacts.read(self.file, "logit", rows)


@contextlib.contextmanager
def open_predictions(path: Path) -> Iterator[Predictions]:
    """Open predictions for reading; see `lensflow.artifacts.open` for what it raises."""
    with artifacts.open(path, "predictions") as file:
        yield Predictions(file)


def write_predictions(
    path: Path, rows: pd.DataFrame, blocks: Iterable[np.ndarray], judgement: str
) -> None:
    """Write predictions block by block.

    Parameters
    ----------
    path : path-like
    rows : DataFrame of n rows
        Columns id, rotation, is_lens.
    blocks : iterable of ndarray of shape (m,)
        Logits, n together, in the order of the rows.
    judgement : str
        Whose judgement of the clusters the student learned from.

    Raises
    ------
    ArtifactError
        When there are more or fewer logits than rows, or one is not finite.
    """
    with artifacts.create(path, "predictions", {"judgement": judgement}) as writer:
        text = "log(p / (1 - p)) of a lens, natural"
        dataset = writer.fixed("logit", (len(rows),), "f4", description=text)
        fill(dataset, blocks, rows["id"], path)
        write_rows(writer, rows)
