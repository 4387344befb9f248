"""The tiles of mosaics: found among the files in all bands, checked, and kept in a manifest.

Where there are several bands, each has mosaics of its own, tile by tile: a tile is what all bands
have. A map of noise or flags belongs to the tile that its name says.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.errors import CutoutError
from lensflow.ingest import units
from lensflow.ingest.bands import band_entry
from lensflow.ingest.listing import Layout, Listing, list_bands
from lensflow.ingest.planes import read_header
from lensflow.ingest.settings import CutoutSettings
from lensflow.ingest.tiles import Tile

PATTERNS = ("pattern", "rms_pattern", "flag_pattern")
"""Keys of the patterns of the images, and of their maps."""

TEXTS = ("key", "path", "rms_path", "flag_path", "header")
"""What a manifest holds of each tile beside its shape."""

NO_BAND = "its other bands lack this tile"


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


def write_tiles(writer, settings: CutoutSettings, tiles: Sequence[Tile]) -> None:
    """Write the tiles of one band into a manifest.

    Parameters
    ----------
    writer : artifacts.Writer
        Of the manifest.
    settings : CutoutSettings
        Of the band.
    tiles : sequence of Tile
    """
    group = _group(settings)
    for key in TEXTS:
        texts = [getattr(tile, key) for tile in tiles]
        writer.strings(f"{group}/{key}", texts, f"{key} of each tile")
    shapes = np.array([tile.shape for tile in tiles], np.int64)
    writer.dataset(f"{group}/shape", shapes, "pixel", "height and width")


def read_tiles(file, settings: CutoutSettings) -> list[Tile]:
    """Return the tiles of one band that `write_tiles` wrote.

    Parameters
    ----------
    file : h5py.File
        The manifest.
    settings : CutoutSettings
        Of the band.
    """
    group = _group(settings)
    texts = [artifacts.read_strings(file, f"{group}/{key}") for key in TEXTS]
    shapes = artifacts.read(file, f"{group}/shape").tolist()
    return [Tile(*row, tuple(shape)) for *row, shape in zip(*texts, shapes, strict=True)]


def _group(settings: CutoutSettings) -> str:
    """Return where in a manifest the tiles of a band stand."""
    return "tile" if settings.is_first else f"bands/{settings.band}/tile"
