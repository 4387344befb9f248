"""Catalogues of positions: their rows, and from which tile each object is cut.

With one catalogue a tile (``{tile}`` in its path) nothing that grows with the objects is read
before the shards, and no process holds more than a tile's rows and the identifiers of those beside
it: an object is cut from a tile whose catalogue lists it. One catalogue for all is read once, a
block at a time, and its rows go into the manifest by tile: that process takes time, not memory.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import CatalogueError
from lensflow.ingest import catalogue, positions
from lensflow.ingest.objects import check_degrees, column_names, object_columns, read_blocks
from lensflow.ingest.tiles import Tile, choose_tiles

IDS = ("object_id", "id", "sourceid", "source_id", "id_str", "name")
"""Names of the column of identifiers, in lower case."""

OFF = "no tile has it"
OFF_LISTED = "no tile has it whose catalogue lists it"
NOWHERE = "it has no position"


def is_by_tile(dataset: Mapping) -> bool:
    """Say whether each tile has a catalogue of its own."""
    return "{tile}" in dataset["catalogue"]


def catalogue_path(dataset: Mapping, key: str) -> str:
    """Return the path of the catalogue of a tile, which is called by what its name says."""
    return dataset["catalogue"].replace("{tile}", key)


def object_blocks(path: str, dataset: Mapping) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """Yield the rows of a catalogue in blocks: id and what is kept of it, and positions (n, 2)."""
    names, keep = _columns(path, dataset), dataset["keep"]
    texts, clean = _text_columns(path, keep), catalogue.id_cleaner(Path(path))
    for block in read_blocks(path, list(dict.fromkeys([*names, *keep]))):
        ids = clean(block[names[0]])
        table = catalogue.complete(pd.DataFrame({"id": ids} | {key: block[key] for key in keep}))
        written = {key: block[key].fillna("").astype(str) for key in texts}
        yield table.assign(**written), positions.of_table(block, (names[1], names[2]))


def _text_columns(path: str, keep: Sequence[str]) -> list[str]:
    """Return which columns hold a text in any row: the rows of a block may be numbers alone."""
    kinds: dict[str, set[str]] = {name: set() for name in keep}
    for block in read_blocks(path, list(keep)) if keep else ():
        table = catalogue.complete(block.assign(id=""))
        for name in keep:
            if name not in table:
                raise CatalogueError(
                    f"{path}: some cells of column {name!r} have control characters; clean them, "
                    "or take it out of keep."
                )
            kinds[name].add(table[name].dtype.kind)
    return [name for name, found in kinds.items() if "O" in found or len(found) > 1]


def _columns(path: str, dataset: Mapping) -> tuple[str, str, str]:
    """Return the columns of identifier, right ascension and declination."""
    present = column_names(path)
    names = object_columns(present, dataset["columns"], IDS)
    if missing := [name for name, column in names.items() if column is None]:
        wanted = ", ".join(f"{name}: NAME" for name in missing)
        raise CatalogueError(
            f"{path}: which column is {' and '.join(missing)}? It has {present}. Say so with the "
            f"dataset: columns: {{{wanted}}}."
        )
    check_degrees(path, (names["ra"], names["dec"]))
    return names["id"], names["ra"], names["dec"]


def sort_objects(writer, tiles: Sequence[Tile], dataset: Mapping) -> Iterator[tuple[str, str, str]]:
    """Write each object under its tile, and yield (path, id, reason) of those that are on none.

    A catalogue of a whole survey beside a few of its tiles has more of these than memory holds.

    Parameters
    ----------
    writer : artifacts.Writer
        Of the manifest.
    tiles : sequence of Tile
        Of the first band.
    dataset : mapping
        With one catalogue for all.

    Raises
    ------
    CatalogueError
        When the catalogue cannot be read, or lacks a column.
    """
    for table, sky in object_blocks(dataset["catalogue"], dataset):
        chosen = choose_tiles(tiles, sky)
        for number in np.unique(chosen[chosen >= 0]):
            rows = np.flatnonzero(chosen == number)
            _append(writer, f"objects/{number}", table.iloc[rows], sky[rows])
        for row in np.flatnonzero(chosen < 0):
            yield "", table["id"][row], off_reason(sky[row])


def _append(writer, group: str, table: pd.DataFrame, sky: np.ndarray) -> None:
    if group not in writer.file:
        writer.growable(f"{group}/id", (0,), str, description="identifier of the object")
        writer.growable(f"{group}/sky", (0, 2), np.float64, "deg", "right ascension, declination")
        artifacts.grow_table(writer, f"{group}/catalogue", table.drop(columns="id"))
    writer.append(f"{group}/id", table["id"].to_numpy(object))
    writer.append(f"{group}/sky", sky)
    artifacts.append_table(writer, f"{group}/catalogue", table.drop(columns="id"))


def tile_objects(file, number: int, tiles: Sequence[Tile], dataset: Mapping):
    """Return the objects of a tile, sorted by identifier: their table, and positions (n, 2).

    Where each tile has a catalogue of its own, those of it that are on no tile are among them.
    """
    if is_by_tile(dataset):
        listed = functools.cache(
            lambda tile: _listed_ids(catalogue_path(dataset, tiles[tile].key), dataset)
        )
        parts = []
        for table, sky in object_blocks(catalogue_path(dataset, tiles[number].key), dataset):
            numbers, ids = np.arange(len(tiles)), table["id"].to_numpy(object)
            chosen = _chosen_of_listed(tiles, numbers, number, ids, sky, listed)
            own = (chosen == number) | (chosen < 0)
            parts.append((table[own], sky[own]))
        table = pd.concat([part for part, _ in parts], ignore_index=True)
        sky = np.concatenate([part for _, part in parts])
    elif f"objects/{number}" in file:
        ids = artifacts.read_strings(file, f"objects/{number}/id")
        table = artifacts.read_table(file, f"objects/{number}/catalogue").assign(id=ids)
        sky = artifacts.read(file, f"objects/{number}/sky")
    else:
        table, sky = catalogue.unknown([]), np.zeros((0, 2))
    order = np.argsort(np.array([text.encode() for text in table["id"]], "S"), kind="stable")
    return table.iloc[order].reset_index(drop=True), sky[order]


def _listed_ids(path: str, dataset: Mapping) -> set[str]:
    """Return the identifiers in a catalogue."""
    name, *_ = _columns(path, dataset)
    clean = catalogue.id_cleaner(Path(path))
    return {text for block in read_blocks(path, [name]) for text in clean(block[name])}


def _chosen_of_listed(
    tiles: Sequence[Tile],
    numbers: np.ndarray,
    number: int,
    ids: np.ndarray,
    sky: np.ndarray,
    listed: Callable[[int], set[str]],
) -> np.ndarray:
    """Return the tile that takes each object which the catalogue of one tile lists; -1 for none.

    Of some tiles, by their numbers, that in which it is farthest from an edge among those whose
    catalogues list it too: one that does not know it would never cut it.
    """
    places = choose_tiles([tiles[each] for each in numbers], sky)
    chosen = np.where(places < 0, -1, numbers[places])
    for other in np.unique(chosen[(chosen >= 0) & (chosen != number)]).tolist():
        known = listed(other)
        unknown = [row for row in np.flatnonzero(chosen == other) if ids[row] not in known]
        if unknown:
            rest = numbers[numbers != other]
            args = (tiles, rest, number, ids[unknown], sky[unknown], listed)
            chosen[unknown] = _chosen_of_listed(*args)
    return chosen


def off_reason(sky: np.ndarray, off: str = OFF) -> str:
    """Return why an object at a position (right ascension, declination) is cut from no tile."""
    return f"{off}: ra {sky[0]:.6f}, dec {sky[1]:.6f}" if np.isfinite(sky).all() else NOWHERE
