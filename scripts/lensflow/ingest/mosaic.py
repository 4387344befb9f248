"""Mosaics and a catalogue of positions: image shards without a file a cutout.

What is listed are tiles, not objects. Shard i of S takes the stretch from i T / S to (i + 1) T / S
of the T tiles, in order; a part of a tile is that part of its objects, sorted by identifier. So the
images and their order do not depend on the number of shards.

With one catalogue a tile (``{tile}`` in its path) nothing that grows with the objects is read
before the shards, and no process holds more than a tile's rows and the identifiers of those beside
it: an object is cut from a tile whose catalogue lists it. One catalogue for all is read once, a
block at a time, and its rows go into the manifest by tile: that process takes time, not memory.

Where there are several bands, each has mosaics of its own, tile by tile. Objects are placed on the
first band's; the stamps of the others lie on its pixels.
"""

import contextlib
import functools
import itertools
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError, CatalogueError, CutoutError
from lensflow.ingest import catalogue, positions, quarantine, units
from lensflow.ingest.bands import band_entry, check_bands
from lensflow.ingest.frames import Frames, empty_frames
from lensflow.ingest.listing import Layout, Listing, list_bands, matching_names
from lensflow.ingest.names import refused_id
from lensflow.ingest.objects import column_names, count_rows, object_columns, read_blocks
from lensflow.ingest.patterns import identifier
from lensflow.ingest.planes import Plane, read_header
from lensflow.ingest.settings import CutoutSettings
from lensflow.ingest.shards import (
    BLOCK_IMAGES,
    MEASURED,
    append_objects,
    begin_images,
    create_shard,
)
from lensflow.ingest.stamps import Planes, Stamp, cut, cut_like
from lensflow.ingest.tiles import Tile, choose_tiles

IDS = ("object_id", "id", "sourceid", "source_id", "id_str", "name")
"""Names of the column of identifiers, in lower case."""

PATTERNS = ("pattern", "rms_pattern", "flag_pattern")
"""Keys of the patterns of the images, and of their maps."""

OFF = "no tile has it"
OFF_LISTED = "no tile has it whose catalogue lists it"
NOWHERE = "it has no position"
TEXTS = ("key", "path", "rms_path", "flag_path", "header")
NO_BAND = "its other bands lack this tile"
OFF_BAND = "it is not on the tile"

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
            _write_tiles(writer, _group(each), band)
        left_out = () if is_by_tile(dataset) else _sort_objects(writer, tiles, dataset)
        tally = quarantine.write(listing_quarantine, itertools.chain(problems, left_out))
    quarantine.report(name, tally)
    logger.info("dataset %s: %d tiles", name, len(tiles))


def _group(settings: CutoutSettings) -> str:
    """Return where in a manifest the tiles of a band stand."""
    return "tile" if settings.is_first else f"bands/{settings.band}/tile"


def _write_tiles(writer, group: str, tiles: Sequence[Tile]) -> None:
    for key in TEXTS:
        texts = [getattr(tile, key) for tile in tiles]
        writer.strings(f"{group}/{key}", texts, f"{key} of each tile")
    shapes = np.array([tile.shape for tile in tiles], np.int64)
    writer.dataset(f"{group}/shape", shapes, "pixel", "height and width")


def is_by_tile(dataset: Mapping) -> bool:
    """Say whether each tile has a catalogue of its own."""
    return "{tile}" in dataset["catalogue"]


def find_bands(
    dataset: Mapping, folder: Path, settings: Sequence[CutoutSettings]
) -> tuple[list[list[Tile]], list[tuple[str, str, str]]]:
    """Return the tiles that all bands have, in the same order for each, and what is left out.

    Raises
    ------
    CutoutError
        When there is no such tile.
    """
    entries = [band_entry(dataset, each.band) for each in settings]
    # One walk for all: what is another band, or a map, is no file of a wrong name.
    layouts = [
        Layout(entry[key], entry.get("tile_pattern"))
        for entry in entries
        for key in _patterns(entry)
    ]
    listings = iter(list_bands(folder, layouts))
    found = [
        find_tiles({key: next(listings) for key in _patterns(entry)}, folder, each)
        for entry, each in zip(entries, settings, strict=True)
    ]
    problems = [problem for _, band in found for problem in band]
    by_key = [{tile.key: tile for tile in tiles} for tiles, _ in found]
    common = set.intersection(*map(set, by_key))
    alone = [tile for tiles, _ in found for tile in tiles if tile.key not in common]
    problems += [(tile.path, "", NO_BAND) for tile in alone]
    if not common:
        raise CutoutError(
            f"no tile below {folder} is there in all bands; they are called "
            f"{[sorted(tiles)[:3] for tiles in by_key]}. Say with tile_pattern where a tile's name "
            "is, as in 'TILE([0-9]+)'"
        )
    order = [tile.key for tile in found[0][0] if tile.key in common]
    return [[tiles[key] for key in order] for tiles in by_key], problems


def _patterns(entry: Mapping) -> list[str]:
    return [key for key in PATTERNS if entry.get(key)]


def find_tiles(
    listings: Mapping[str, Listing], folder: Path, settings: CutoutSettings
) -> tuple[list[Tile], list[tuple[str, str, str]]]:
    """Return the tiles of one band, and (path, id, reason) of the files that cannot be used.

    Parameters
    ----------
    listings : mapping
        The files of each of `PATTERNS` that the band has.
    folder : Path
    settings : CutoutSettings
        Of the band.

    Raises
    ------
    CutoutError
        When there is no tile that can be used.
    """
    listing = listings["pattern"]
    maps = [_by_key(listings[key]) if key in listings else None for key in PATTERNS[1:]]
    problems = list(listing.refused)
    tiles: list[Tile] = []
    for key, path in _named(listing):
        paths = [_partner(found, key, len(listing.ids), path) for found in maps]
        try:
            if tiles and tiles[-1].key == key:
                raise CutoutError(f"another file is the same tile: {tiles[-1].path}")
            tiles.append(_tile(folder, key, path, paths, settings))
        except CutoutError as error:
            problems.append((path, "", str(error)))
    if not tiles:
        raise CutoutError(f"none of the tiles below {folder} can be used: {problems[0]}")
    return tiles, problems


def _named(listing: Listing) -> Iterator[tuple[str, str]]:
    paths = listing.paths(np.arange(len(listing.ids)))
    return zip((key.decode() for key in listing.ids), paths, strict=True)


def _by_key(listing: Listing) -> dict[str, list[str]]:
    """Return the paths of maps by what their names say of their tile."""
    found: dict[str, list[str]] = {}
    for key, path in _named(listing):
        found.setdefault(key, []).append(path)
    return found


def _partner(maps: Mapping[str, list[str]] | None, key: str, n_tiles: int, path: str) -> str:
    """Return the map that belongs to a tile; of a single one it is whatever is there."""
    if maps is None:
        return ""
    found = maps.get(key, [])
    if not found and n_tiles == 1:
        found = [each for paths in maps.values() for each in paths]
    if len(found) != 1:
        raise CutoutError(
            f"tile {key!r} ({path}) has {len(found)} maps {found}; expected one whose name has the "
            "same tile in it. Say with tile_pattern where the tile's name is, as in 'TILE([0-9]+)'"
        )
    return found[0]


def _tile(folder: Path, key: str, path: str, maps: Sequence[str], settings) -> Tile:
    """Return a tile after checking everything that its header can say against it."""
    whole, header, shape = read_header(folder / path, settings.hdus)
    if not settings.normalised:
        units.check_not_normalised(header, _stored_type(whole))
        units.zero_point(header, settings.zero_point)
    tile = Tile(key, path, *maps, whole.tostring(), shape)
    for other, hdus in zip(maps, (settings.rms_hdus, settings.flag_hdus), strict=True):
        if other and read_header(folder / other, hdus)[2] != shape:
            raise CutoutError(f"its map {other} is not of its shape {shape}")
    try:
        _ = tile.circle
    except CutoutError:
        raise
    except Exception as error:  # a damaged WCS raises almost anything
        raise CutoutError(f"its WCS cannot be used: {type(error).__name__}: {error}") from error
    return tile


def _stored_type(header) -> type:
    return np.uint8 if header["BITPIX"] == 8 and "ZIMAGE" not in header else np.float32


# --- objects --------------------------------------------------------------------------------------


def object_blocks(path: str, dataset: Mapping) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """Yield the rows of a catalogue in blocks: id and what is kept of it, and positions (n, 2)."""
    names, keep = _columns(path, dataset), dataset["keep"]
    texts, clean = _text_columns(path, keep), catalogue.id_cleaner(Path(path))
    for block in read_blocks(path, list(dict.fromkeys([*names, *keep]))):
        ids = clean(block[names[0]])
        table = catalogue.complete(pd.DataFrame({"id": ids} | {key: block[key] for key in keep}))
        written = {key: block[key].fillna("").astype(str) for key in texts}
        yield table.assign(**written), positions.of_table(block, (names[1], names[2]))


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
    paths = [dataset["catalogue"].replace("{tile}", key) for key in keys if key]
    return sum(count_rows(path) for path in paths if os.path.isfile(path))


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
    return names["id"], names["ra"], names["dec"]


def _sort_objects(
    writer, tiles: Sequence[Tile], dataset: Mapping
) -> Iterator[tuple[str, str, str]]:
    """Write each object under its tile, and yield (path, id, reason) of those that are on none.

    A catalogue of a whole survey beside a few of its tiles has more of these than memory holds.
    """
    for table, sky in object_blocks(dataset["catalogue"], dataset):
        chosen = _chosen(tiles, sky)
        for number in np.unique(chosen[chosen >= 0]):
            rows = np.flatnonzero(chosen == number)
            _append(writer, f"objects/{number}", table.iloc[rows], sky[rows])
        for row in np.flatnonzero(chosen < 0):
            yield "", table["id"][row], _reason(sky[row])


def _chosen(tiles: Sequence[Tile], sky: np.ndarray) -> np.ndarray:
    chosen = np.full(len(sky), -1)
    rows = np.flatnonzero(np.isfinite(sky).all(axis=1))
    chosen[rows] = choose_tiles(tiles, sky[rows])
    return chosen


def _reason(sky: np.ndarray, off: str = OFF) -> str:
    return f"{off}: ra {sky[0]:.6f}, dec {sky[1]:.6f}" if np.isfinite(sky).all() else NOWHERE


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
            lambda tile: _listed_ids(_catalogue_path(tiles[tile], dataset), dataset)
        )
        parts = []
        for table, sky in object_blocks(_catalogue_path(tiles[number], dataset), dataset):
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


def _catalogue_path(tile: Tile, dataset: Mapping) -> str:
    return dataset["catalogue"].replace("{tile}", tile.key)


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
    places = _chosen([tiles[each] for each in numbers], sky)
    chosen = np.where(places < 0, -1, numbers[places])
    for other in np.unique(chosen[(chosen >= 0) & (chosen != number)]).tolist():
        known = listed(other)
        unknown = [row for row in np.flatnonzero(chosen == other) if ids[row] not in known]
        if unknown:
            rest = numbers[numbers != other]
            args = (tiles, rest, number, ids[unknown], sky[unknown], listed)
            chosen[unknown] = _chosen_of_listed(*args)
    return chosen


# --- a shard --------------------------------------------------------------------------------------


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
        bands = [read_tiles(file, _group(each)) for each in settings]
        parts = tile_parts(len(bands[0]), int(file.attrs["n_shards"]), shard)
        groups = [_part(file, number, part, bands, dataset) for number, part in parts]
    n_listed = sum(len(sky) for _, _, sky, _ in groups)
    shard_parts = (images, shard_quarantine, name, shard, n_listed, settings)
    with create_shard(*shard_parts, state="raw", sorted=0) as (writer, problems):
        columns = groups[0][1] if groups else catalogue.unknown([])
        begin_images(writer, columns.iloc[:0].drop(columns="id").assign(path=""), settings, False)
        for tiles, table, sky, is_repeated in groups:
            cutter = _Cutter(tiles, Path(folder), dataset, settings, seed)
            problems += cutter.store(writer, table, sky, is_repeated)


def read_tiles(file, group: str = "tile") -> list[Tile]:
    """Return the tiles of a manifest, of one band where there are several."""
    texts = [artifacts.read_strings(file, f"{group}/{key}") for key in TEXTS]
    shapes = artifacts.read(file, f"{group}/shape").tolist()
    return [Tile(*row, tuple(shape)) for *row, shape in zip(*texts, shapes, strict=True)]


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


class _Cutter:
    """Cuts the objects of one tile in all bands, a block at a time."""

    def __init__(self, tiles: Sequence[Tile], folder: Path, dataset: Mapping, settings, seed: int):
        self.tiles, self.folder, self.settings, self.seed = tiles, folder, settings, seed
        self.off = OFF_LISTED if is_by_tile(dataset) else OFF
        self.tile, self.scale = tiles[0], dataset["pixel_scale"]

    def store(self, writer, table: pd.DataFrame, sky: np.ndarray, is_repeated) -> list:
        """Store the objects; return (path, id, reason) of those that cannot be used."""
        reasons, ids = {}, table["id"].to_numpy(object)
        chosen = _chosen([self.tile], sky)
        for row in range(len(sky)):
            if chosen[row] < 0:
                reasons[row] = _reason(sky[row], self.off)
            elif is_repeated[row]:
                reasons[row] = "another row of the catalogue has its id"
            elif reason := refused_id(ids[row]):
                reasons[row] = reason
        rows = np.array([row for row in range(len(sky)) if row not in reasons], int)
        if len(rows):
            reasons |= self._store(writer, table.iloc[rows], sky[rows], rows)
        return [(self.tile.path, ids[row], reasons[row]) for row in sorted(reasons)]

    def _store(self, writer, table: pd.DataFrame, sky: np.ndarray, rows: np.ndarray) -> dict:
        reasons = {}
        with contextlib.ExitStack() as stack:
            try:
                planes = [
                    stack.enter_context(contextlib.closing(self._open(*each, len(table))))
                    for each in zip(self.tiles, self.settings, strict=True)
                ]
            except CutoutError as error:
                return dict.fromkeys(rows.tolist(), str(error))
            for start in range(0, len(table), BLOCK_IMAGES):
                block = slice(start, start + BLOCK_IMAGES)
                found = self._block(writer, planes, table.iloc[block], sky[block])
                reasons |= {int(rows[start + row]): reason for row, reason in found.items()}
                for each in planes:
                    each.forget()
        return reasons

    def _open(self, tile: Tile, settings: CutoutSettings, n_objects: int) -> Planes:
        """Open the layers of the tile in one band."""
        named = {"rms": settings.rms_hdus, "flag": settings.flag_hdus}
        paths = {"rms": tile.rms_path, "flag": tile.flag_path}
        opened = [Plane(self.folder / tile.path, settings.hdus, n_objects, settings.size)]
        for layer, hdus in named.items():
            path = paths[layer] or (tile.path if hdus else "")
            args = (hdus, n_objects, settings.size)
            opened.append(Plane(self.folder / path, *args) if path else None)
        return Planes(*opened, settings.flag_bits)

    def _block(self, writer, planes: Sequence[Planes], table, sky) -> dict[int, str]:
        """Store one block; return the reasons by place in it."""
        pixels = self.tile.pixels(sky)
        # In the order of the file, so that a page is read once.
        order = np.argsort(pixels[:, 1], kind="stable")
        try:
            frames = self._frames(planes, pixels, order)
        except CutoutError as error:
            return dict.fromkeys(range(len(table)), str(error))
        frames[0].headers[:, :2] = sky
        ids = table["id"].to_numpy(object)
        batch = check_bands(frames, ids, self.settings, self.seed)
        known = table.iloc[batch.rows].drop(columns="id").assign(path=self.tile.path)
        place = positions.Positions(batch.headers[:, :2], batch.headers[:, 2:])
        measured = {name: getattr(batch, name) for name in MEASURED}
        writer.append("flux", batch.flux)
        append_objects(writer, ids[batch.rows], measured, place, known)
        return batch.problems

    def _frames(self, planes: Sequence[Planes], pixels: np.ndarray, order) -> list[Frames]:
        """Return the objects' frames in each band."""
        size = self.settings[0].size
        stamps = cut(self.tile, planes[0], pixels[order], size, self.scale)
        first = empty_frames(len(order), size)
        _fill(first, stamps, order, planes[0], self.settings[0])
        places, frames = first.headers[order, 2:], [first]
        for tile, *band in zip(self.tiles[1:], planes[1:], self.settings[1:], strict=True):
            is_on = _chosen([tile], places[:, :2]) == 0
            other = empty_frames(len(order), size)
            stamps = cut_like(tile, band[0], places[is_on], size)
            _fill(other, stamps, order[is_on], *band)
            other.problems |= dict.fromkeys(order[~is_on].tolist(), f"{OFF_BAND}: {tile.path}")
            frames.append(other)
        return frames


def _fill(
    frames: Frames, stamps: Iterator[Stamp], rows: np.ndarray, planes: Planes, settings
) -> None:
    """Put stamps in some rows of frames, in maggies where a zero point is known."""
    factor = _factor(planes, settings)
    for row, stamp in zip(rows.tolist(), stamps, strict=True):
        frames.flux[row], frames.noise[row] = stamp.pixels, stamp.noise
        frames.headers[row, 2:] = stamp.wcs
        if stamp.inside is not None:
            frames.inside[row] = stamp.inside
        if planes.rms is not None and not stamp.noise > 0:
            frames.problems[row] = "its noise map has no value in the border"
        if not settings.normalised and (reason := units.normalised_values(stamp.pixels)):
            frames.doubts[row] = reason
        frames.flux[row] *= factor
        frames.noise[row] *= factor


def _factor(planes: Planes, settings: CutoutSettings) -> np.float32:
    if settings.normalised:
        return np.float32(1)
    zero_point = units.zero_point(planes.image.header, settings.zero_point)
    return np.float32(1 if zero_point is None else 10.0 ** (-0.4 * zero_point))
