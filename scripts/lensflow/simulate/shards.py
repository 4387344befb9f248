"""Simulation of one shard of a dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from lensflow.seeds import rng
from lensflow.simulate.bands import BANDS, Part, in_bands
from lensflow.simulate.constants import SIZE
from lensflow.simulate.impostors import choose_impostor, draw_impostor
from lensflow.simulate.layout import (
    PART,
    catalogue_row,
    make_folders,
    write_catalogue,
    write_object,
    write_other_bands,
)
from lensflow.simulate.objects import draw_ordinary
from lensflow.simulate.population import Population, load
from lensflow.simulate.rarities import draw_rarity

FIRST = next(iter(BANDS))

FIRST_ID = 100000
"""Identifier of the first object of a dataset, as in the challenge."""


def simulate_object(
    population: Population, seed: int, identifier: int, bands: Sequence[str] = (FIRST,)
) -> dict:
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
    bands : sequence of str
        Which of `lensflow.simulate.bands.BANDS`, VIS first.

    Returns
    -------
    dict
        ``is_lens``, ``einstein_radius_arcsec``, and the images ``public``, ``no_source`` (both with
        the same noise) and ``no_lens`` (noise free), each (101, 101) float32 in sky sigma a pixel;
        the population's extra columns, ``impostor`` or ``rarity``, as texts; and ``other_bands``
        and ``no_lens_of_bands``, by band the public images and those of the source alone, each in
        the sky sigma of the band.
    """
    keys = ("simulation", population.objects_of, identifier)
    randoms = rng(seed, *keys, "scene"), rng(seed, *keys, "source")
    view, kinds = _draw_view(population, identifier, *randoms)
    light, parts = view.light, view.parts
    if population.impostors:
        kinds["impostor"], impostor = _draw_impostor(population, seed, identifier, view.central)
        light = light + impostor
        if kinds["impostor"]:
            parts = [*parts, Part("impostor", impostor)]
    no_source = light + rng(seed, *keys, "noise").standard_normal((SIZE, SIZE), dtype="f4")
    source, random = Part("source", view.no_lens), rng(seed, *keys, "age of source")
    behind = in_bands([source], bands[1:], random)
    return {
        "is_lens": view.is_lens,
        "einstein_radius_arcsec": view.theta_e,
        "public": no_source + view.no_lens,
        "no_source": no_source,
        "no_lens": view.no_lens,
        "other_bands": _in_other_bands(parts, behind, seed, keys),
        "no_lens_of_bands": behind,
        **kinds,
    }


def _in_other_bands(parts, behind: Mapping[str, np.ndarray], seed, keys) -> dict[str, np.ndarray]:
    """Return the noisy images of what is in front and of the source in bands other than VIS."""
    front = in_bands(parts, [*behind], rng(seed, *keys, "ages"))
    return {
        name: front[name]
        + behind[name]
        + rng(seed, *keys, "noise", name).standard_normal((SIZE, SIZE), dtype="f4")
        for name in behind
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


def simulate_shard(
    folder,
    population: str,
    first_id: int,
    n_objects: int,
    seed: int,
    bands: Sequence[str] = (FIRST,),
) -> int:
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
    bands : sequence of str
        As for `simulate_object`; those beside VIS are in ``Public/Band2`` and so on, and without
        the lens in ``Private/Band2/NoLensImage``.

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
    make_folders(folder, bands)
    # the sums of a matrix product depend on how many threads share it
    with threadpool_limits(1, user_api="blas"):
        rows = [
            _written_object(folder, described, seed, identifier, bands)
            for identifier in range(first_id, first_id + n_objects)
        ]
    write_catalogue(folder / PART, rows, described.extra_columns)
    return sum(row[1] == "1" for row in rows)


def _written_object(folder, population, seed, identifier, bands):
    """Simulate one object, write its images and return its row of the catalogue."""
    made = simulate_object(population, seed, identifier, bands)
    write_object(folder, identifier, made["public"], made["no_source"], made["no_lens"])
    write_other_bands(folder, identifier, made["other_bands"], made["no_lens_of_bands"])
    extra = [made[column] for column in population.extra_columns]
    return catalogue_row(
        identifier, made["is_lens"], made["einstein_radius_arcsec"], made["no_lens"], extra
    )
