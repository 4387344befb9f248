"""Simulation of one shard of a dataset."""

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from lensflow.seeds import rng
from lensflow.simulate.constants import SIZE
from lensflow.simulate.impostors import choose_impostor, draw_impostor
from lensflow.simulate.layout import (
    PART,
    catalogue_row,
    make_folders,
    write_catalogue,
    write_object,
)
from lensflow.simulate.objects import draw_ordinary
from lensflow.simulate.population import Population, load
from lensflow.simulate.rarities import draw_rarity

FIRST_ID = 100000
"""Identifier of the first object of a dataset, as in the challenge."""


def simulate_object(population: Population, seed: int, identifier: int) -> dict:
    """Return one object, which depends on its population, seed and identifier alone.

    (To the last bit on one thread; `simulate_shard` sees to that.)

    Parameters
    ----------
    population : Population
        See `lensflow.simulate.population.load`.
    seed : int
        The configuration's seed.
    identifier : int
        The object.

    Returns
    -------
    dict
        ``is_lens``, ``einstein_radius_arcsec``, and the images ``public``, ``no_source`` (both with
        the same noise) and ``no_lens`` (noise free), each (101, 101) float32 in sky sigma a pixel;
        and the population's extra columns, ``impostor`` or ``rarity``, as texts.
    """
    keys = ("simulation", population.objects_of, identifier)
    randoms = rng(seed, *keys, "scene"), rng(seed, *keys, "source")
    view, kinds = _draw_view(population, identifier, *randoms)
    light = view.light
    if population.impostors:
        kinds["impostor"], impostor = _draw_impostor(population, seed, identifier, view.central)
        light = light + impostor
    no_source = light + rng(seed, *keys, "noise").standard_normal((SIZE, SIZE), dtype="f4")
    return {
        "is_lens": view.is_lens,
        "einstein_radius_arcsec": view.theta_e,
        "public": no_source + view.no_lens,
        "no_source": no_source,
        "no_lens": view.no_lens,
        **kinds,
    }


def _draw_view(population, identifier, *randoms):
    """Return the noise-free object, and of which kind it is where the population has kinds."""
    if not population.rarities:
        return draw_ordinary(population, *randoms), {}
    kind, view = draw_rarity(population, identifier, *randoms)
    return view, {"rarity": kind}


def impostor_of(
    population: Population, seed: int, identifier: int
) -> tuple[str, np.random.Generator]:
    """Return the kind of the object's impostor, empty for none, and the generator that draws it."""
    random = rng(seed, "simulation", population.name, identifier, "impostor")
    return choose_impostor(random, population.impostors), random


def _draw_impostor(population, seed, identifier, central):
    """Return name and light of the object's impostor; an empty name and no light for none."""
    kind, random = impostor_of(population, seed, identifier)
    if not kind:
        return kind, np.float32(0.0)
    return kind, draw_impostor(kind, random, central, population.impostors[kind])


def shard_objects(n_objects: int, n_shards: int, shard: int, first_id: int = FIRST_ID) -> range:
    """Return the identifiers of a shard: objects [shard n // S, (shard + 1) n // S) of a dataset.

    Parameters
    ----------
    n_objects, n_shards : int
        Objects and shards of the whole dataset.
    shard : int
        Number of the shard, from 0.
    first_id : int
        Identifier of the dataset's first object.
    """
    first, last = (number * n_objects // n_shards for number in (shard, shard + 1))
    return range(first_id + first, first_id + last)


def simulate_shard(folder, population: str, first_id: int, n_objects: int, seed: int) -> int:
    """Simulate consecutive objects and write them in the challenge's layout.

    Parameters
    ----------
    folder : path-like
        Folder of the shard (``Data.<i>``); gets ``Public/Band1``, ``Private/Band1/NoSourceImage``,
        ``Private/Band1/NoLensImage`` and ``catalogue_part.csv``.
    population : str
        Name of a population; see `lensflow.simulate.population.names`.
    first_id : int
        Identifier of the first object; see `FIRST_ID` for the dataset's first.
    n_objects : int
        Number of objects.
    seed : int
        The configuration's seed.

    Returns
    -------
    int
        Number of lenses.

    Raises
    ------
    ConfigError
        If the population does not exist.
    """
    described, folder = load(population), Path(folder)
    make_folders(folder)
    # the sums of a matrix product depend on how many threads share it
    with threadpool_limits(1, user_api="blas"):
        rows = [
            _written_object(folder, described, seed, identifier)
            for identifier in range(first_id, first_id + n_objects)
        ]
    write_catalogue(folder / PART, rows, described.extra_columns)
    return sum(row[1] == "1" for row in rows)


def _written_object(folder, population, seed, identifier):
    """Simulate one object, write its images and return its row of the catalogue."""
    made = simulate_object(population, seed, identifier)
    write_object(folder, identifier, made["public"], made["no_source"], made["no_lens"])
    extra = [made[column] for column in population.extra_columns]
    return catalogue_row(
        identifier, made["is_lens"], made["einstein_radius_arcsec"], made["no_lens"], extra
    )
