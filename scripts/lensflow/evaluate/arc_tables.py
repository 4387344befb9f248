"""Stage: measure how arc-like the images of a sample are, a shard at a time."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow.evaluate.arcs import arc_statistic
from lensflow.prepare.flux import flux_blocks, locate
from lensflow.prepare.scaling import scale
from lensflow.prepare.views import SIDE
from lensflow.samples.bands import first_band, first_of_bands
from lensflow.samples.images import Images, open_images
from lensflow.samples.rows import BLOCK
from lensflow.samples.scores import write_scores
from lensflow.samples.stacks import open_stack

PART = 64
"""Images that are worked on together: what is computed of them is several times their size."""

logger = logging.getLogger(__name__)


def measure_arcs_of_stack(
    stack_path: str | PathLike,
    index_path: str | PathLike,
    image_paths: Sequence[str | PathLike],
    output_path: str | PathLike,
) -> None:
    """Write the arc statistic of the objects of one shard of a sample, in its order.

    Parameters
    ----------
    stack_path : path-like
        The shard's stack, for its objects alone: images are measured as ingested, in whole pixels,
        neither turned nor with noise added.
    index_path : path-like
        ``index.h5`` of the dataset.
    image_paths : sequence of path-like
        All image shards of the dataset, in order.
    output_path : path-like
        CSV: id, arcs.
    """
    with open_stack(stack_path) as stack:
        rows = locate(stack.rows()[["id"]], index_path)
    blocks = (
        (chunk["id"], first_band(flux), chunk["sky_sigma"].to_numpy())
        for chunk, flux in flux_blocks(rows, image_paths)
    )
    if rows.empty:
        # A table without rows has its header.
        blocks = [(rows["id"], np.empty((0, SIDE, SIDE)), np.empty(0))]
    write_scores(output_path, _measured(blocks))
    logger.info("measured arcs of %d images", len(rows))


def measure_arcs(images_path: str | PathLike, output_path: str | PathLike) -> None:
    """Write the arc statistic of one image shard of a dataset: CSV of id, arcs."""
    with open_images(images_path) as images:
        write_scores(output_path, _measured(_blocks(images)))
        logger.info("measured arcs of %d images", len(images))


def _blocks(images: Images) -> Iterator[tuple]:
    ids = images.rows()["id"]
    # One block at least, so that a table without rows has its header.
    for start in range(0, max(len(images), 1), BLOCK):
        rows = slice(start, start + BLOCK)
        yield ids[rows], first_band(images.flux(rows)), first_of_bands(images.sky_sigma(rows))


def _measured(blocks: Iterable[tuple]) -> Iterator[pd.DataFrame]:
    """Yield id and arcs of blocks of (ids, flux, sky sigma)."""
    for ids, flux, sky_sigma in blocks:
        images, arcs = scale(flux, sky_sigma, "sigma"), np.empty(len(flux))
        for start in range(0, len(images), PART):
            rows = slice(start, start + PART)
            arcs[rows] = arc_statistic(images[rows])
        yield pd.DataFrame({"id": ids, "arcs": arcs})
