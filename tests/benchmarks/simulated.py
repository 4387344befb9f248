"""Simulated images for benchmarks, on all cores of the machine."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.samples.rows import MEASURES
from lensflow.simulate.population import load
from lensflow.simulate.shards import simulate_object

SEED = 1
BLOCK = 64


def simulate(first_id: int, n_objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulate consecutive objects of the training population on all cores.

    Parameters
    ----------
    first_id, n_objects : int

    Returns
    -------
    flux : ndarray of shape (n_objects, 101, 101), float32
        In units of the sky noise.
    is_lens : ndarray of shape (n_objects,), int8
    """
    starts = range(first_id, first_id + n_objects, BLOCK)
    blocks = [range(start, min(start + BLOCK, first_id + n_objects)) for start in starts]
    # Not forked: what the process has loaded may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), context) as pool:
        flux, is_lens = zip(*pool.map(_simulate_block, blocks), strict=True)
    return np.concatenate(flux), np.concatenate(is_lens)


def _simulate_block(ids: range) -> tuple[np.ndarray, np.ndarray]:
    with threadpool_limits(1, user_api="blas"):
        made = list(map(partial(simulate_object, load("training"), SEED), ids))
    flux = np.stack([one["public"] for one in made])
    return flux, np.array([one["is_lens"] for one in made], np.int8)


def write_images(path, ids: list[str], flux: np.ndarray, is_lens: np.ndarray) -> None:
    """Write an image shard of what `simulate` returns."""
    unknown = np.full(len(ids), np.nan)
    catalogue = pd.DataFrame({"is_lens": is_lens, **dict.fromkeys(MEASURES, unknown)})
    with artifacts.create(path, "images", {"state": "raw"}) as writer:
        writer.dataset("flux", flux, "sky sigma", "cutouts [image, y, x]", compress=False)
        writer.dataset("sky_sigma", np.ones(len(ids), "f4"), "sky sigma", "sky noise of a pixel")
        writer.strings("id", ids, "identifier of the object")
        artifacts.write_table(writer, "catalogue", catalogue)
