"""What an experiment has to work with, counted before a network is trained."""

import logging
from collections.abc import Sequence
from os import PathLike

import pandas as pd

from lensflow.errors import ConfigError
from lensflow.files import tables
from lensflow.prepare.splits import read_split
from lensflow.samples.images import read_index

logger = logging.getLogger(__name__)


def check_datasets(
    names: Sequence[str],
    index_paths: Sequence[str | PathLike],
    split_path: str | PathLike,
    n_components: int,
    output_path: str | PathLike,
) -> None:
    """Count the images of each dataset and see that the mixture has enough of them.

    Trainings wait for the table: a dataset that cannot be used is told before them, not after.

    Parameters
    ----------
    names : sequence of str
        The experiment's datasets.
    index_paths : sequence of path-like
        ``index.h5`` of each.
    split_path : path-like
        The experiment's ``split.csv``.
    n_components : int
        The most clusters that are fitted to the training sample.
    output_path : path-like
        CSV: dataset, n_images, n_lens, n_nonlens.

    Raises
    ------
    ConfigError
        When there are more clusters than training images.
    ArtifactError
        When an index cannot be read.
    """
    n_training = len(read_split(split_path, "train"))
    if n_components > n_training:
        raise ConfigError(
            f"mixture.n_components is {n_components} (the number of features unless it is given), "
            f"but the training sample has {n_training} images; expected fewer clusters than "
            "images. Give the dataset more images, or the experiment fewer clusters."
        )
    rows = [_counted(name, path) for name, path in zip(names, index_paths, strict=True)]
    tables.write_csv(output_path, pd.DataFrame(rows))


def _counted(name: str, index_path: str | PathLike) -> dict[str, object]:
    is_lens = read_index(index_path, catalogue=["is_lens"])["is_lens"]
    logger.info("dataset %s: %d images", name, len(is_lens))
    counts = {"n_lens": int((is_lens == 1).sum()), "n_nonlens": int((is_lens == 0).sum())}
    return {"dataset": name, "n_images": len(is_lens), **counts}
