"""The stacks that the networks see: a sample's images with noise, quarter turns, bins and scale."""

import logging
from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.prepare.augmentation import add_noise, rotate
from lensflow.prepare.flux import flux_blocks, locate
from lensflow.prepare.inputs import prepare_images
from lensflow.prepare.scaling import SCALES
from lensflow.prepare.splits import read_split
from lensflow.samples.bands import gathered
from lensflow.samples.images import check_images, index_bands
from lensflow.samples.stacks import PREPARED, write_stack

logger = logging.getLogger(__name__)


def shard_rows(n_rows: int, shard: int, n_shards: int) -> slice:
    """Return the rows of one of ``n_shards`` nearly equal, consecutive parts."""
    return slice(shard * n_rows // n_shards, (shard + 1) * n_rows // n_shards)


def prepare_stack(
    split_path: str | PathLike,
    index_path: str | PathLike,
    image_paths: Sequence[str | PathLike],
    output_path: str | PathLike,
    sample: str,
    shard: int,
    n_shards: int,
    scale: str,
    image_size: int,
    noise_fraction: float,
    seed: int,
) -> None:
    """Write one shard of a sample as the networks see it.

    Parameters
    ----------
    split_path, index_path : path-like
        The experiment's ``split.csv`` and the dataset's ``index.h5``.
    image_paths : sequence of path-like
        All image shards of the dataset, in order.
    output_path : path-like
        The stack to write.
    sample : {"train", "test"}
    shard, n_shards : int
        Which of how many consecutive parts of the sample.
    scale : str
        Which of `lensflow.prepare.scaling.SCALES`.
    image_size : int
        Side of the images for the networks, in pixels.
    noise_fraction : float
        Size of the added noise in sky sigmas, for the rows that the split gives noise.
    seed : int
        Seed of the configuration.
    """
    check_images(index_path, image_paths)
    rows = read_split(split_path, sample)
    rows = locate(rows[shard_rows(len(rows), shard, n_shards)], index_path)
    blocks = (
        _prepare_block(chunk, flux, scale, image_size, noise_fraction, seed)
        for chunk, flux in flux_blocks(rows, image_paths)
    )
    attrs = {"sample": sample, "shard": shard, "n_shards": n_shards, "stage": PREPARED}
    attrs |= index_bands(index_path)
    with artifacts.descending(index=index_path):
        write_stack(output_path, rows, blocks, image_size, scale, SCALES[scale].words, attrs)
    logger.info("prepared %d images of %s", len(rows), sample)


def _prepare_block(
    rows: pd.DataFrame,
    flux: np.ndarray,
    scale: str,
    image_size: int,
    noise_fraction: float,
    seed: int,
) -> np.ndarray:
    sigma = gathered(rows, "sky_sigma")
    # For each image, or each band of it.
    gets_noise = (rows["noise"] == 1).to_numpy().reshape(-1, *[1] * (sigma.ndim - 1))
    noisy = np.where(gets_noise & np.isfinite(sigma), noise_fraction * sigma, 0)
    shared = gathered(rows, "sky_correlation") if "sky_correlation" in rows else None
    flux = add_noise(flux, noisy, rows["id"], rows["rotation"], seed, shared)
    turned = rotate(flux, rows["rotation"].to_numpy())
    return prepare_images(turned, sigma, scale, image_size)
