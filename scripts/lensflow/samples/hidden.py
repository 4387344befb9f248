"""Hidden objects: simulated lenses and duds, unannounced among the objects that people grade."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.files import tables
from lensflow.samples.bands import bands_attribute
from lensflow.samples.rows import Path

ANSWERS = ("id", "is_lens")


def write_hidden(
    path: Path, answers_path: Path, ids: list[str], images, is_lens, bands: Sequence[str] = ()
) -> None:
    """Write hidden objects, and in a table of its own what they are.

    Parameters
    ----------
    path, answers_path : path-like
        The artifact and the CSV.
    ids : list of str
        What they are called on the page.
    images : ndarray of shape (n, side, side), or (n, band, side, side) of several bands
        In units of the sky noise.
    is_lens : ndarray of bool, shape (n,)
    bands : sequence of str
        Names of several bands, in order; none of a single one.
    """
    with artifacts.create(path, "hidden", bands_attribute(bands)) as writer:
        writer.strings("id", ids, "name on the grading page")
        images = np.asarray(images, np.float32)
        writer.dataset("image", images, "sky sigma", "simulated cutouts", compress=False)
    answers = pd.DataFrame({"id": ids, "is_lens": np.asarray(is_lens).astype(int)})
    tables.write_csv(answers_path, answers)


def read_hidden(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return identifiers (n,) and images, in units of the sky noise.

    Images are (n, side, side), or (n, band, side, side) of several bands.
    """
    with artifacts.open(path, "hidden") as file:
        return artifacts.read_strings(file, "id"), artifacts.read(file, "image")


def read_answers(path: Path) -> pd.Series:
    """Return whether hidden objects are lenses (1 or 0), by identifier."""
    return pd.read_csv(path, dtype={"id": str}).set_index("id")["is_lens"]
