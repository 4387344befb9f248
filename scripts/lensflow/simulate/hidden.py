"""Stage: simulate lenses and duds that test the people who grade a dataset's candidates."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike

import numpy as np
from threadpoolctl import threadpool_limits

from lensflow.samples.bands import bands_of
from lensflow.samples.hidden import write_hidden
from lensflow.samples.images import index_bands, read_index
from lensflow.seeds import rng
from lensflow.simulate.population import load
from lensflow.simulate.shards import FIRST, simulate_object

FIRST_ID = 900_000_000
"""No simulated dataset has identifiers like these, so that no hidden object was trained on."""

VISIBLE_SIGMA = 2.0
"""A lens of which no pixel of the source is brighter in any band cannot be told from a dud."""

logger = logging.getLogger(__name__)


def draw_hidden_stage(
    index: str | PathLike,
    output: str | PathLike,
    answers: str | PathLike,
    n_lenses: int,
    n_duds: int,
    population: str,
    seed: int,
) -> None:
    """Simulate hidden objects with the noise of the sky, named like those of a dataset.

    An object keeps its name when more or fewer are asked for, and has another one when it is of
    another population: grades that were given before are of the same image, or of none.

    Parameters
    ----------
    index : path-like
        ``index.h5`` of the dataset, whose identifiers are imitated and not repeated. Several bands
        that it names are among `lensflow.simulate.bands.BANDS`.
    output, answers : path-like
        See `lensflow.samples.hidden.write_hidden`.
    n_lenses, n_duds : int
    population : str
        What they are drawn from, see `lensflow.simulate.population.names`: one with lenses and
        others.
    seed : int
    """
    bands = bands_of(index_bands(index))
    # The sums of a matrix product depend on how many threads share it.
    with threadpool_limits(1, user_api="blas"):
        lenses, duds = _draw(population, seed, n_lenses, n_duds, bands)
    known, places = read_index(index)["id"].tolist(), [*lenses, *duds]
    names = disguised(known, 1 + max(places), rng(seed, "hidden", "names", population))
    images = np.stack([*lenses.values(), *duds.values()])
    is_lens = np.repeat([True, False], [n_lenses, n_duds])
    write_hidden(output, answers, [names[place] for place in places], images, is_lens, bands)
    logger.info("drew %d lenses and %d duds", n_lenses, n_duds)


def _draw(
    population: str, seed: int, n_lenses: int, n_duds: int, bands: Sequence[str]
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Return images of lenses and of duds by their places among all objects that can be drawn."""
    lenses, duds = {}, {}
    objects = enumerate(_objects(population, seed, bands))
    while len(lenses) < n_lenses or len(duds) < n_duds:
        place, made = next(objects)
        public = _in_order({FIRST: made["public"], **made["other_bands"]}, bands)
        source = _in_order({FIRST: made["no_lens"], **made["no_lens_of_bands"]}, bands)
        if not made["is_lens"] and len(duds) < n_duds:
            duds[place] = public
        elif made["is_lens"] and len(lenses) < n_lenses and source.max() > VISIBLE_SIGMA:
            lenses[place] = public
    return lenses, duds


def _objects(population: str, seed: int, bands: Sequence[str]) -> Iterator[dict]:
    described, identifier = load(population), FIRST_ID
    others = [band for band in bands if band != FIRST]
    while True:
        yield simulate_object(described, seed, identifier, [FIRST, *others])
        identifier += 1


def _in_order(images: Mapping[str, np.ndarray], bands: Sequence[str]) -> np.ndarray:
    """Return the images of several bands (band, side, side), or the only one (side, side)."""
    return np.stack([images[band] for band in bands]) if bands else images[FIRST]


def disguised(known: Sequence[str], count: int, random: np.random.Generator) -> list[str]:
    """Return new identifiers that look like known ones: their digits are drawn anew.

    Parameters
    ----------
    known : sequence of str
        At least one; where none has a digit, or all that look alike are taken, one is appended.
    count : int
    random : numpy.random.Generator
    """
    taken, found = set(known), []
    while len(found) < count:
        name = known[random.integers(len(known))]
        drawn = re.sub(r"\d", lambda _: str(random.integers(10)), name)
        while drawn in taken:
            drawn += str(random.integers(10))
        taken.add(drawn)
        found.append(drawn)
    return found
