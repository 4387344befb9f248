"""Mosaics and a catalogue of positions: image shards without a file a cutout.

What is listed are tiles, not objects. Shard i of S takes the stretch from i T / S to (i + 1) T / S
of the T tiles, in order; a part of a tile is that part of its objects, sorted by identifier. So the
images and their order do not depend on the number of shards.
"""

import itertools
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.ingest import catalogue, quarantine
from lensflow.ingest.listing import Layout, matching_names
from lensflow.ingest.objects import count_rows
from lensflow.ingest.patterns import identifier
from lensflow.ingest.settings import CutoutSettings
from lensflow.ingest.shards import begin_images, create_shard
from lensflow.ingest.tile_catalogues import (
    catalogue_path,
    is_by_tile,
    sort_objects,
    tile_objects,
)
from lensflow.ingest.tile_cutting import Cutter
from lensflow.ingest.tile_files import find_bands, read_tiles, write_tiles
from lensflow.ingest.tiles import Tile

logger = logging.getLogger(__name__)


def build_manifest(
    name: str,
    dataset: Mapping,
    folder: str | os.PathLike,
    settings: Sequence[CutoutSettings],
    manifest: str | os.PathLike,
    listing_quarantine: str | os.PathLike,
) -> None:
    """List the tiles of a dataset; with one catalogue for all, also which object is on which.

    Parameters are those of `lensflow.ingest.ingestion.build_manifest`, and ``settings`` by which
    the images are read.

    Raises
    ------
    CutoutError
        When there is no tile, or one lacks its map of noise or flags.
    CatalogueError
        When the catalogue cannot be read, or lacks a column.
    """
    bands, problems = find_bands(dataset, Path(folder), settings)
    tiles = bands[0]
    attrs = {"dataset": name, "n_shards": dataset["shards"]}
    with artifacts.create(manifest, "manifest", attrs) as writer:
        for each, band in zip(settings, bands, strict=True):
            write_tiles(writer, each, band)
        left_out = () if is_by_tile(dataset) else sort_objects(writer, tiles, dataset)
        tally = quarantine.write(listing_quarantine, itertools.chain(problems, left_out))
    quarantine.report(name, tally)
    logger.info("dataset %s: %d tiles", name, len(tiles))


def count_objects(dataset: Mapping, layout: Layout) -> int:
    """Return about how many objects the catalogues of a dataset list, whatever tile they are on.

    Parameters are those of `lensflow.ingest.kinds.Kind.count`.

    Raises
    ------
    CatalogueError
        When a catalogue cannot be read.
    CutoutError
        When a folder cannot be read.
    """
    if not is_by_tile(dataset):
        return count_rows(dataset["catalogue"])
    find = identifier(layout.id_pattern)
    keys = {find(*place) for place in matching_names(dataset["path"], layout)}
    paths = [catalogue_path(dataset, key) for key in keys if key]
    return sum(count_rows(path) for path in paths if os.path.isfile(path))


def ingest_shard(
    name: str,
    dataset: Mapping,
    folder: str | os.PathLike,
    settings: Sequence[CutoutSettings],
    shard: int,
    manifest: str | os.PathLike,
    images: str | os.PathLike,
    shard_quarantine: str | os.PathLike,
    seed: int,
) -> None:
    """Cut, check and store the objects of one shard.

    Parameters are those of `lensflow.ingest.ingestion.ingest_shard`, and ``settings`` by which the
    images are read.
    """
    with artifacts.open(manifest, "manifest") as file:
        bands = [read_tiles(file, each) for each in settings]
        parts = tile_parts(len(bands[0]), int(file.attrs["n_shards"]), shard)
        groups = [_part(file, number, part, bands, dataset) for number, part in parts]
    n_listed = sum(len(sky) for _, _, sky, _ in groups)
    shard_parts = (images, shard_quarantine, name, shard, n_listed, settings)
    with create_shard(*shard_parts, state="raw", sorted=0) as (writer, problems):
        columns = groups[0][1] if groups else catalogue.unknown([])
        begin_images(writer, columns.iloc[:0].drop(columns="id").assign(path=""), settings, False)
        for tiles, table, sky, is_repeated in groups:
            cutter = Cutter(tiles, Path(folder), dataset, settings, seed)
            problems += cutter.store(writer, table, sky, is_repeated)


def tile_parts(n_tiles: int, n_shards: int, shard: int) -> list[tuple[int, tuple[int, int]]]:
    """Return the tiles of a shard, and from where to where in units of 1 / ``n_shards``.

    Raises
    ------
    ArtifactError
        When there is no such shard.
    """
    if not 0 <= shard < n_shards:
        raise ArtifactError(f"there are {n_shards} shards; asked for {shard}.")
    start, stop = shard * n_tiles, (shard + 1) * n_tiles
    parts = []
    for number in range(start // n_shards, -(-stop // n_shards)):
        first, last = number * n_shards, (number + 1) * n_shards
        parts.append((number, (max(start, first) - first, min(stop, last) - first)))
    return parts


def _part(
    file, number: int, part: tuple[int, int], bands: Sequence[Sequence[Tile]], dataset: Mapping
):
    """Return a tile in each band, and table, positions and repeated ones of a part of it."""
    table, sky = tile_objects(file, number, bands[0], dataset)
    ids = table["id"].to_numpy(object)
    is_repeated = np.append(False, ids[1:] == ids[:-1])[: len(ids)]
    n_shards = int(file.attrs["n_shards"])
    rows = slice(*(len(table) * end // n_shards for end in part))
    # Rows of a slice are a view: without the copy the whole tile's would stay in memory.
    tiles = [band[number] for band in bands]
    return tiles, table.iloc[rows].copy(), sky[rows].copy(), is_repeated[rows]
