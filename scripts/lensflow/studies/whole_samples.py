"""A whole sample in memory, to try things on."""

from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.prepare.augmentation import rotate
from lensflow.prepare.flux import flux_blocks, locate
from lensflow.prepare.splits import read_split
from lensflow.samples.images import read_index


def flux_of_sample(
    split_path: str | PathLike, dataset_folder: str | PathLike, sample: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a whole sample in memory, turned but without noise.

    Parameters
    ----------
    split_path : path-like
        An experiment's ``split.csv``.
    dataset_folder : path-like
        Folder of the dataset it splits: ``index.h5`` and ``images/``.
    sample : {"train", "test"}

    Returns
    -------
    DataFrame
        The split's columns with sky_sigma and the catalogue's measures of the lensed image.
    ndarray of shape (n_images, side, side), float32
        Flux, turned as the split says.
    """
    folder = Path(dataset_folder)
    paths = sorted(folder.glob("images/shard_*.h5"), key=lambda path: int(path.stem[6:]))
    rows = locate(read_split(split_path, sample), folder / "index.h5")
    table = read_index(folder / "index.h5", catalogue=None).drop(columns="is_lens")
    rows = rows.merge(table, on="id", how="left", validate="many_to_one")
    flux = np.concatenate([flux for _, flux in flux_blocks(rows, paths)])
    return rows, rotate(flux, rows["rotation"].to_numpy())
