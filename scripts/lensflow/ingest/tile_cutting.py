"""The objects of one tile: cut in all bands, checked and stored, a block at a time.

Objects are placed on the first band's tile; the stamps of the others lie on its pixels.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import CutoutError
from lensflow.ingest import positions, units
from lensflow.ingest.bands import check_bands
from lensflow.ingest.frames import Frames, empty_frames
from lensflow.ingest.names import refused_id
from lensflow.ingest.planes import Plane
from lensflow.ingest.settings import CutoutSettings
from lensflow.ingest.shards import BLOCK_IMAGES, MEASURED, append_objects
from lensflow.ingest.stamps import Planes, Stamp, cut, cut_like
from lensflow.ingest.tile_catalogues import OFF, OFF_LISTED, is_by_tile, off_reason
from lensflow.ingest.tiles import Tile, choose_tiles

OFF_BAND = "it is not on the tile"


class Cutter:
    """Cuts the objects of one tile in all bands, a block at a time.

    Parameters
    ----------
    tiles : sequence of Tile
        The tile in each band.
    folder : Path
        Of the dataset.
    dataset : mapping
    settings : sequence of CutoutSettings
        Of each band.
    seed : int
        Seed of the configuration.
    """

    def __init__(self, tiles: Sequence[Tile], folder: Path, dataset: Mapping, settings, seed: int):
        self.tiles, self.folder, self.settings, self.seed = tiles, folder, settings, seed
        self.off = OFF_LISTED if is_by_tile(dataset) else OFF
        self.tile, self.scale = tiles[0], dataset["pixel_scale"]

    def store(self, writer, table: pd.DataFrame, sky: np.ndarray, is_repeated) -> list:
        """Store the objects; return (path, id, reason) of those that cannot be used.

        Parameters
        ----------
        writer : artifacts.Writer
            Of the image shard, begun.
        table : DataFrame
            ``id`` of n objects and what is kept of their catalogue.
        sky : ndarray of shape (n, 2)
            Right ascension and declination (degrees, ICRS); NaN where an object has none.
        is_repeated : ndarray of bool, shape (n,)
            Whether the row before has the same identifier.
        """
        reasons, ids = {}, table["id"].to_numpy(object)
        chosen = choose_tiles([self.tile], sky)
        for row in range(len(sky)):
            if chosen[row] < 0:
                reasons[row] = off_reason(sky[row], self.off)
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
            is_on = choose_tiles([tile], places[:, :2]) == 0
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
