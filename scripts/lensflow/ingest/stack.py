"""Stacks: many images in one array, HDF5 or Zarr, with a table of what they show.

The array is called ``images`` or ``image_array`` and is (image, y, x), (image, band, y, x) or
(image, y, x, band). Which axis is that of the bands follows from how many bands are declared, or is
said; where both could be, it is asked for and not guessed. Of bands that are listed by name one is
read; where something is said of each (a mapping), all of them are. In HDF5 the table are the
datasets of one value an image beside the array; beside a Zarr array it is a Parquet file, as Cutana
and images_to_zarr write it. Images are read in blocks, the table of a stack as a whole.
"""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError, CatalogueError, CutoutError
from lensflow.ingest import catalogue, positions, quarantine, units
from lensflow.ingest.bands import check_bands
from lensflow.ingest.frames import Frames, empty_frames, put_image
from lensflow.ingest.listing import Layout
from lensflow.ingest.names import refused_columns, refused_id
from lensflow.ingest.objects import object_columns, read_columns
from lensflow.ingest.settings import CutoutSettings
from lensflow.ingest.shards import (
    BLOCK_IMAGES,
    MEASURED,
    append_objects,
    begin_images,
    create_shard,
)

ARRAYS = ("images", "image_array")
"""Names of the array, in order of preference."""

IDS = ("object_id", "id", "source_id", "sourceid", "filenames", "inds")
"""Names of the column of identifiers, in lower case."""

ROW = "idx_in_zarr"
"""Column of a Parquet table that says which image a row is about."""

AXES = {"NYX": (3, None), "NBYX": (4, 1), "NYXB": (4, 3)}
"""Number of axes, and which is that of the bands."""

SUFFIXES = (".h5", ".hdf5", ".zarr")

logger = logging.getLogger(__name__)


# --- files ----------------------------------------------------------------------------------------


def find_stacks(folder: Path, pattern: str | None) -> list[str]:
    """Return the stacks below a folder, relative to it and sorted.

    Raises
    ------
    CutoutError
        When there is none.
    """
    found, waiting = [], [folder]
    while waiting:
        for entry in sorted(waiting.pop().iterdir()):
            fits = entry.match(pattern) if pattern else entry.suffix in SUFFIXES
            if fits and not entry.name.startswith("."):
                found.append(entry.relative_to(folder).as_posix())
            elif entry.is_dir():
                waiting.append(entry)
    if not found:
        wanted = pattern or ", ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise CutoutError(f"no stack below {folder} fits {wanted}; check path and pattern")
    return sorted(found)


@dataclass(frozen=True)
class Stack:
    """One open stack.

    Attributes
    ----------
    array : h5py.Dataset or zarr.Array
    axis : int, optional
        That of the bands.
    bands : tuple of int
        Places of the wanted ones on it.
    unit : lensflow.ingest.headers.Header
        What the attributes say of unit and zero point.
    table : callable
        From nothing to the table (DataFrame) of one row an image.
    """

    array: object
    axis: int | None
    bands: tuple[int, ...]
    unit: object
    table: object

    def __len__(self) -> int:
        return self.array.shape[0]

    def read(self, rows: slice) -> list[np.ndarray]:
        """Return images (n, height, width) of each wanted band, as stored."""
        if self.axis is None:
            return [np.asarray(self.array[rows])]
        if self.axis == 1:
            return [np.asarray(self.array[rows, band]) for band in self.bands]
        return [np.asarray(self.array[rows, :, :, band]) for band in self.bands]


@contextlib.contextmanager
def open_stack(path: Path, dataset: Mapping) -> Iterator[Stack]:
    """Open a stack.

    Raises
    ------
    CutoutError
        When it has no such array, or its axes are not those of the declared bands.
    """
    opener = _open_zarr if path.suffix == ".zarr" else _open_hdf5
    with opener(path) as (group, attributes, table):
        name = next((name for name in ARRAYS if name in group), None)
        if name is None:
            raise CutoutError(f"it has no array {' or '.join(ARRAYS)}; it has {sorted(group)}")
        array = group[name]
        if np.dtype(array.dtype).kind not in "biuf":
            raise CutoutError(
                f"its array {name} holds {array.dtype}, not numbers: pictures such as JPEG have no "
                "flux; give the pixels themselves"
            )
        axis = band_axis(array.shape, [*dataset["bands"]], dataset["axes"])
        unit = units.header_of_attributes({**attributes, **dict(array.attrs)})
        yield Stack(array, axis, _places(dataset), unit, table)


@contextlib.contextmanager
def _open_hdf5(path: Path):
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise CutoutError(f"it cannot be opened as HDF5: {error}") from error
    with file:
        yield file, dict(file.attrs), lambda: _hdf5_table(file)


@contextlib.contextmanager
def _open_zarr(path: Path):
    import zarr

    try:
        store = zarr.open(path, mode="r")
    except Exception as error:  # a damaged store raises almost anything
        raise CutoutError(f"it cannot be opened as Zarr: {error}") from error
    group = store if hasattr(store, "keys") else {ARRAYS[0]: store}
    yield {name: group[name] for name in group}, dict(store.attrs), lambda: _zarr_table(path)


def band_axis(shape: Sequence[int], bands: Sequence[str], axes: str | None) -> int | None:
    """Return which axis of an array is that of the bands; None where it has one band and no axis.

    Parameters
    ----------
    shape : sequence of int
    bands : sequence of str
        The declared bands, in the array's order.
    axes : str, optional
        One of `AXES`; None tells by the number of bands, where only one can be.

    Raises
    ------
    CutoutError
        When the shape is not that of so many bands, or could be so in two ways.
    """
    n = len(bands)
    possible = [
        name
        for name, (n_axes, axis) in AXES.items()
        if len(shape) == n_axes and (n == 1 if axis is None else shape[axis] == n)
    ]
    if axes is not None and axes not in possible:
        raise CutoutError(
            f"its array has the shape {tuple(shape)}, which is not {axes} with the {n} bands "
            f"{list(bands)}; declare the bands that it has, in its order, or correct axes"
        )
    if axes is None and len(possible) != 1:
        ways = f"it could be {' or '.join(possible)}; say axes" if possible else "it fits no axes"
        raise CutoutError(
            f"its array has the shape {tuple(shape)} and {n} bands {list(bands)} are declared: "
            f"{ways}. Declare the bands that it has, in its order"
        )
    return AXES[axes or possible[0]][1]


def _places(dataset: Mapping) -> tuple[int, ...]:
    """Return the places of the bands that are read: all of which something is said, else one."""
    bands = dataset["bands"]
    if isinstance(bands, Mapping):
        return tuple(range(len(bands)))
    return (bands.index(dataset["band"] or bands[0]),)


def _hdf5_table(file) -> pd.DataFrame:
    """Return what has one value an image."""
    n = next(file[name].shape[0] for name in ARRAYS if name in file)
    columns = {}
    for name, item in file.items():
        if getattr(item, "shape", None) == (n,):
            values = item[()]
            is_text = values.dtype.kind in "OS"
            columns[name] = [_text(value) for value in values] if is_text else values
    return pd.DataFrame(columns, index=range(n))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _zarr_table(path: Path) -> pd.DataFrame:
    """Return the Parquet table beside a Zarr array, a row an image, in the array's order."""
    beside = path.with_name(f"{path.stem}_metadata.parquet")
    if not beside.is_file():
        raise CutoutError(f"the table {beside.name} is not beside it")
    table = read_columns(beside)
    return _in_order(table, beside.name) if ROW in table else table


def _in_order(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table in the order of the images, each of which has one row."""
    table = table.sort_values(ROW, kind="stable").reset_index(drop=True)
    found = pd.to_numeric(table[ROW], errors="coerce")
    if len(wrong := np.flatnonzero(found != table.index)):
        raise CutoutError(
            f"the column {ROW} of {name} does not count its {len(table)} images: place {wrong[0]} "
            f"in order is {table[ROW].iloc[wrong[0]]}; expected each whole number from 0 to "
            f"{len(table) - 1} once. Write the table again, or remove the column where the rows "
            "are in the order of the images"
        )
    return table


def count_objects(dataset: Mapping, layout: Layout) -> int:
    """Return how many images the stacks of a dataset have; of one that cannot be opened none.

    Parameters are those of `lensflow.ingest.kinds.Kind.count`.

    Raises
    ------
    CutoutError
        When there is no stack.
    """
    folder, count = Path(dataset["path"]), 0
    for path in find_stacks(folder, layout.pattern):
        with contextlib.suppress(CutoutError), open_stack(folder / path, dataset) as stack:
            count += len(stack)
    return count


# --- stages ---------------------------------------------------------------------------------------


def build_manifest(
    name: str,
    dataset: Mapping,
    folder: str | os.PathLike,
    settings: Sequence[CutoutSettings],
    manifest: str | os.PathLike,
    listing_quarantine: str | os.PathLike,
) -> None:
    """List the stacks of a dataset, and how many images each has.

    Parameters are those of `lensflow.ingest.mosaic.build_manifest`.

    Raises
    ------
    CutoutError
        When there is no stack that can be used.
    """
    paths, counts, problems, left_out = [], [], [], {}
    for path in find_stacks(Path(folder), dataset["pattern"]):
        try:
            with open_stack(Path(folder) / path, dataset) as stack:
                table = _checked_table(stack, dataset, settings)
                counts.append(len(stack))
                left_out |= dict.fromkeys(_left_out(table, dataset))
            paths.append(path)
        except (CutoutError, CatalogueError) as error:
            problems.append((path, "", str(error)))
    unkept = [("", "", sentence) for sentence in left_out]
    quarantine.report(name, quarantine.write(listing_quarantine, [*problems, *unkept]))
    if not paths:
        with quarantine.kept(listing_quarantine):
            raise CutoutError(
                f"dataset {name}: no stack can be used; {problems[0][0]}: {problems[0][2]}"
            )
    with artifacts.create(
        manifest, "manifest", {"dataset": name, "n_shards": dataset["shards"]}
    ) as w:
        w.strings("stack/path", paths, "stack, relative to the dataset's folder")
        w.dataset("stack/count", np.array(counts, np.int64), description="images in it")
    logger.info("dataset %s: %d stacks, %d images", name, len(paths), sum(counts))


def _checked_table(
    stack: Stack, dataset: Mapping, settings: Sequence[CutoutSettings]
) -> pd.DataFrame:
    """Return the table of a stack, or refuse it by what can be known before images are read."""
    for band in settings:
        if not band.normalised:
            units.check_not_normalised(stack.unit, stack.array.dtype)
            units.zero_point(stack.unit, band.zero_point)
    table = stack.table()
    if len(table) != len(stack):
        raise CutoutError(f"it has {len(stack)} images and a table of {len(table)} rows")
    objects(table, dataset)
    return table


def objects(table: pd.DataFrame, dataset: Mapping) -> tuple[pd.DataFrame, np.ndarray]:
    """Return id and what is kept of a stack's table, and positions (n, 2).

    Raises
    ------
    CatalogueError
        When there is no column of identifiers, or one that is named is missing.
    """
    label, place, others = _columns(table, dataset)
    refused = {name for name, _ in refused_columns(others)}
    kept = {name: table[name] for name in others if name not in refused}
    ids = catalogue.clean_ids(Path("the stack's table"), table[label])
    sky = positions.of_table(table, place if None not in place else None)
    return catalogue.complete(pd.DataFrame({"id": ids, **kept})), sky


def _left_out(table: pd.DataFrame, dataset: Mapping) -> list[str]:
    """Return a sentence for each column of a stack's table that cannot be kept."""
    refused = refused_columns(_columns(table, dataset)[2])
    return [f"column {name!a} of the table is left out: {why}" for name, why in refused]


def _columns(table: pd.DataFrame, dataset: Mapping) -> tuple[str, tuple, list[str]]:
    """Return the columns of identifier and of position (None where unknown), and the kept ones."""
    names = object_columns(table.columns, dataset["columns"], IDS)
    label, place = names["id"], (names["ra"], names["dec"])
    own = {label, *place, ROW}
    keep = dataset["keep"]
    others = [name for name in table if name not in own] if keep is None else keep
    missing = [name for name in (label, *place, *(keep or ())) if name and name not in table]
    if label is None or missing:
        raise CatalogueError(
            f"its table lacks {missing or 'a column of identifiers'}; it has {list(table)}. Name "
            "the right ones under the dataset's columns"
        )
    return label, place, others


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
    """Read, check and store the images of one shard: an equal share of all, in order.

    Parameters are those of `lensflow.ingest.mosaic.ingest_shard`.
    """
    with artifacts.open(manifest, "manifest") as file:
        parts = stack_parts(file, shard)
    n_listed = sum(rows.stop - rows.start for _, rows in parts)
    shard_parts = (images, shard_quarantine, name, shard, n_listed, settings)
    with create_shard(*shard_parts, state="raw", sorted=0) as (writer, problems):
        for path, rows in parts:
            with open_stack(Path(folder) / path, dataset) as stack:
                table, sky = objects(stack.table(), dataset)
                if "flux" not in writer.file:
                    columns = table.iloc[:0].drop(columns="id").assign(path="")
                    begin_images(writer, columns, settings, False)
                args = (writer, path, stack, settings, seed)
                for start in range(rows.start, rows.stop, BLOCK_IMAGES):
                    block = slice(start, min(start + BLOCK_IMAGES, rows.stop))
                    problems += _store(*args, block, table.iloc[block], sky[block])


def stack_parts(file, shard: int) -> list[tuple[str, slice]]:
    """Return the stacks of a shard, each with its rows.

    Raises
    ------
    ArtifactError
        When there is no such shard.
    """
    paths, counts = artifacts.read_strings(file, "stack/path"), artifacts.read(file, "stack/count")
    n_shards, ends = int(file.attrs["n_shards"]), np.cumsum(counts)
    if not 0 <= shard < n_shards:
        raise ArtifactError(f"{file.filename} is cut in {n_shards} shards; asked for {shard}.")
    start, stop = (int(ends[-1]) * end // n_shards for end in (shard, shard + 1))
    if start == stop:
        # An empty shard begins its file all the same, by the columns of the first stack.
        return [(paths[0], slice(0, 0))]
    parts = []
    for path, count, end in zip(paths, counts.tolist(), ends.tolist(), strict=True):
        first = end - count
        rows = slice(max(start - first, 0), min(stop - first, count))
        if rows.start < rows.stop:
            parts.append((path, rows))
    return parts


def _store(writer, path, stack, settings, seed, rows, table, sky) -> list[tuple[str, str, str]]:
    """Store one block; return (path, id, reason) of what cannot be used."""
    ids, pixels = table["id"].to_numpy(object), stack.read(rows)
    bands = zip(pixels, settings, strict=True)
    frames = [_frames(images, ids, stack.unit, each) for images, each in bands]
    frames[0].headers[:, :2] = sky
    batch = check_bands(frames, ids, settings, seed)
    known = table.iloc[batch.rows].drop(columns="id").assign(path=path)
    place = positions.Positions(batch.headers[:, :2], batch.headers[:, 2:])
    writer.append("flux", batch.flux)
    measured = {key: getattr(batch, key) for key in MEASURED}
    append_objects(writer, ids[batch.rows], measured, place, known)
    return [(path, ids[row], batch.problems[row]) for row in sorted(batch.problems)]


def _frames(images: np.ndarray, ids: np.ndarray, unit, settings: CutoutSettings) -> Frames:
    """Return the images of one band, in maggies where a zero point is known."""
    frames = empty_frames(len(images), settings.size)
    zero_point = None if settings.normalised else units.zero_point(unit, settings.zero_point)
    factor = np.float32(1 if zero_point is None else 10.0 ** (-0.4 * zero_point))
    for row, image in enumerate(images):
        try:
            if reason := refused_id(ids[row]):
                raise CutoutError(reason)
            if not settings.normalised and (reason := units.normalised_values(image)):
                frames.doubts[row] = reason
            put_image(frames, row, image, factor)
        except CutoutError as error:
            frames.problems[row], frames.flux[row] = str(error), 0
    return frames
