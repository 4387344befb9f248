"""From FITS files and a catalogue to checked image shards: list once, read in shards, index.

The manifest holds the usable files sorted by identifier, each joined with its catalogue row; shard
i of S takes rows [i n // S, (i + 1) n // S), so the images and their order do not depend on the
number of shards. Memory does not grow with the number of images: a shard needs one block of images,
the index the identifiers of one shard. Only the manifest holds all names, in some 90 bytes a file
(300 with a catalogue). Where each band has files of its own, it names those of an object together.
"""

import itertools
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError, CutoutError
from lensflow.ingest import catalogue, positions, quarantine
from lensflow.ingest.bands import read_bands, read_sources_of_bands
from lensflow.ingest.kinds import KINDS, Kind
from lensflow.ingest.listing import Layout, Listing, list_bands
from lensflow.ingest.partners import find_partners, path_key, report_alone
from lensflow.ingest.settings import CutoutSettings
from lensflow.ingest.shards import (
    BLOCK_IMAGES,
    MEASURED,
    TABLE_ROWS,
    append_objects,
    begin_images,
    begin_table,
    create_shard,
)
from lensflow.samples.bands import bands_attribute
from lensflow.samples.images import IMAGES, images_hash

MAX_QUARANTINE_FRACTION = 0.05
NO_ROW = "no row in the catalogue"
NO_IMAGE = "catalogue row without an image"
SAME_ID_ADVICE = r"; by id_pattern: '^/?(.+)\.fits' the folders become part of the ids"

logger = logging.getLogger(__name__)


def build_manifest(
    name: str,
    dataset: Mapping,
    folder: str | os.PathLike,
    manifest: str | os.PathLike,
    listing_quarantine: str | os.PathLike,
) -> None:
    """List the files of a dataset once and join them with the catalogue.

    Parameters
    ----------
    name : str
        Name of the dataset.
    dataset : mapping
        Its configuration: kind, shards, and of catalogue, pattern, id_pattern, max_objects,
        max_quarantine_fraction, allow_missing_images what its kind has.
    folder : path-like
        Where the files are, at any depth.
    manifest, listing_quarantine : path-like
        The manifest (kind "manifest") and the CSV of what has no place in it.

    Raises
    ------
    CutoutError
        When no file is found, or too many cannot be used.
    CatalogueError
        When there is no catalogue where there must be one, or it cannot be read.
    """
    kind = KINDS[dataset["kind"]]
    if kind.reader is not None:
        settings = kind.settings(dataset)
        paths = (manifest, listing_quarantine)
        return import_module(kind.reader).build_manifest(name, dataset, folder, settings, *paths)
    layouts = kind.layouts(dataset)
    settings = kind.settings(dataset)[: len(layouts)]
    listings = list_bands(folder, layouts)
    n_files = len(listings[0].ids) + len(listings[0].refused)
    table = kind.read_catalogue(dataset, Path(folder), listings[0].catalogues)
    rows, matches, problems, missing = _join(listings[0], table, "id_pattern" in dataset)
    rows, matches, incomplete = _in_all_bands(listings, layouts, settings, rows, matches)
    problems += incomplete
    left_out = [("", "", reason) for reason in catalogue.left_out(table)]
    left_out += _refused_of_others(listings, settings)
    tally = quarantine.write(listing_quarantine, [*problems, *missing, *left_out])
    quarantine.report(name, tally)
    report_alone(name, listings, settings)
    with quarantine.kept(listing_quarantine):
        _check_listing(name, dataset, n_files, problems, missing)
    count = dataset.get("max_objects") or len(matches)
    attrs = {"dataset": name, "n_shards": dataset["shards"]}
    with artifacts.create(manifest, "manifest", attrs) as writer:
        _write_manifest(writer, listings, settings, table, rows[:, :count], matches[:count])
    n_objects = len(matches[:count])
    logger.info("dataset %s: %d files, %d objects to read", name, len(listings[0].ids), n_objects)


def ingest_shard(
    name: str,
    dataset: Mapping,
    folder: str | os.PathLike,
    shard: int,
    manifest: str | os.PathLike,
    images: str | os.PathLike,
    shard_quarantine: str | os.PathLike,
    seed: int,
) -> None:
    """Read, check and store the cutouts of one shard; a bad file is listed and passed over.

    Parameters
    ----------
    name, dataset, folder : str, mapping, path-like
        As in `build_manifest`, and of hdus, zero_point, state and source_images what the kind has.
    shard : int
        Which shard of the manifest.
    manifest : path-like
        The manifest of the dataset.
    images, shard_quarantine : path-like
        The shard to write (kind "images") and the CSV of what could not be read.
    seed : int
        Seed of the configuration; the noise in place of missing pixels depends on (seed, id).
    """
    kind = KINDS[dataset["kind"]]
    settings = kind.settings(dataset)
    if kind.reader is not None:
        paths = (manifest, images, shard_quarantine)
        reader = import_module(kind.reader)
        return reader.ingest_shard(name, dataset, folder, settings, shard, *paths, seed)
    state = "denoised" if settings[0].denoised else "raw"
    with artifacts.open(manifest, "manifest") as file:
        artifacts.expect(file, dataset=name)
        rows = _shard_rows(file, shard)
        parts = (images, shard_quarantine, name, shard, len(rows), settings)
        with create_shard(*parts, state=state) as (writer, problems):
            columns = artifacts.read_table(file, "catalogue", slice(0, 0))
            begin_images(writer, columns, settings, bool(dataset.get("source_images")))
            problems += _ingest_rows(file, rows, writer, Path(folder), dataset, settings, seed)


def build_index(
    name: str,
    dataset: Mapping,
    images: Sequence[str | os.PathLike],
    quarantines: Sequence[str | os.PathLike],
    index: str | os.PathLike,
    merged_quarantine: str | os.PathLike,
) -> None:
    """List the objects of all shards, and everything that was left out in one CSV.

    Parameters
    ----------
    name, dataset : str, mapping
        As in `build_manifest`.
    images : sequence of path-like
        All shards in order.
    quarantines : sequence of path-like
        The listing's CSV, then each shard's in order.
    index, merged_quarantine : path-like
        The index (kind "index") and the CSV to write.

    Raises
    ------
    ArtifactError
        When a shard is out of place, lacks rows, or repeats an identifier.
    CutoutError
        When too many files could not be used.
    """
    listing, *parts = quarantines
    merged = (row for part in [listing, *parts] for row in quarantine.read(part))
    quarantine.write(merged_quarantine, merged)
    tally, n_listed, last_id, seen = quarantine.Tally(), 0, "", _Seen()
    bands = bands_attribute(KINDS[dataset["kind"]].bands(dataset))
    attrs = {"dataset": name, IMAGES: images_hash(images), **bands}
    with artifacts.create(index, "index", attrs) as writer:
        for shard, (path, part) in enumerate(zip(images, parts, strict=True)):
            bad = list(quarantine.read(part))
            for row in bad:
                tally.add(*row)
            with artifacts.open(path, "images") as file:
                artifacts.expect(file, dataset=name)
                n_listed += _check_shard(file, shard, len(bad))
                last_id = _append_index(writer, file, shard, last_id)
                if not file.attrs.get("sorted", 1):
                    seen.add(artifacts.read_strings(file, "id"))
        seen.check(name, images)
        n_kept = len(writer.file["id"])
        limit = dataset.get("max_quarantine_fraction", MAX_QUARANTINE_FRACTION)
        with quarantine.kept(merged_quarantine):
            quarantine.check_fraction(name, tally, n_listed, limit)
    logger.info("dataset %s: %d images, %d files unusable", name, n_kept, tally.total)


def _join(listing: Listing, table: pd.DataFrame | None, has_id_pattern: bool):
    """Match files with catalogue rows by identifier.

    Returns
    -------
    rows, matches : ndarray of int
        Usable files, sorted by identifier, and the catalogue row of each (-1 without a catalogue).
    problems, missing : list of (path, id, reason)
        Files that cannot be used, and catalogue rows without a file.
    """
    problems = list(listing.refused)
    ids, advice = listing.ids, SAME_ID_ADVICE if has_id_pattern else ""
    is_first = np.append(True, ids[1:] != ids[:-1])[: len(ids)]
    rows, repeated = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    for row, path in zip(repeated, listing.paths(repeated), strict=True):
        first = listing.paths(rows[[np.searchsorted(rows, row) - 1]])[0]
        problems.append((path, ids[row].decode(), f"another file has its id: {first}{advice}"))
    if table is None:
        return rows, np.full(len(rows), -1), problems, []
    matches = _match(ids[rows], table["id"])
    lost = rows[matches < 0]
    names = zip(listing.paths(lost), ids[lost], strict=True)
    problems += [(path, identifier.decode(), NO_ROW) for path, identifier in names]
    used = np.zeros(len(table), bool)
    used[matches[matches >= 0]] = True
    missing = [("", identifier, NO_IMAGE) for identifier in table["id"][~used]]
    return rows[matches >= 0], matches[matches >= 0], problems, missing


def _match(ids: np.ndarray, wanted: pd.Series) -> np.ndarray:
    """Return the place in ``wanted`` of each of the sorted ``ids``, or -1."""
    keys = np.array([identifier.encode() for identifier in wanted], dtype="S")
    order = np.argsort(keys, kind="stable")
    places = np.minimum(np.searchsorted(keys[order], ids), len(keys) - 1)
    return np.where(keys[order][places] == ids, order[places], -1)


def _in_all_bands(
    listings: Sequence[Listing],
    layouts: Sequence[Layout],
    settings: Sequence[CutoutSettings],
    rows: np.ndarray,
    matches: np.ndarray,
):
    """Keep the objects that have a file in each listing.

    Returns
    -------
    rows : ndarray of shape (listing, n), int
        Their files.
    matches : ndarray of shape (n,), int
        Their catalogue rows.
    problems : list of (path, id, reason)
        The other objects.
    """
    if len(listings) == 1:
        return rows[None], matches, []
    partners, reasons = find_partners(listings, layouts, settings, rows)
    lost = sorted(reasons)
    names = zip(listings[0].paths(rows[lost]), listings[0].ids[rows[lost]], lost, strict=True)
    problems = [(path, identifier.decode(), reasons[place]) for path, identifier, place in names]
    every = np.delete(np.vstack([rows, partners]), lost, axis=1)
    return every, np.delete(matches, lost), problems


def _refused_of_others(
    listings: Sequence[Listing], settings: Sequence[CutoutSettings]
) -> Iterator[tuple[str, str, str]]:
    """Yield what cannot be used in the bands after the first, whose files make no object."""
    for listing, each in zip(listings[1:], settings[1:], strict=True):
        for path, identifier, reason in listing.refused:
            yield path, identifier, f"in band {each.band}, {reason}"


def _check_listing(name: str, dataset: Mapping, n_files: int, problems, missing) -> None:
    """Stop when too many files, or catalogue rows if they count, have no partner."""
    counted = problems if dataset.get("allow_missing_images") else [*problems, *missing]
    tally = quarantine.Tally()
    for row in counted:
        tally.add(*row)
    total = n_files + len(counted) - len(problems)
    limit = dataset.get("max_quarantine_fraction", MAX_QUARANTINE_FRACTION)
    try:
        quarantine.check_fraction(name, tally, total, limit)
    except CutoutError as error:
        advice = " Set allow_missing_images: true when a catalogue may list more than is there."
        advice = advice if NO_IMAGE in tally.reasons else ""
        raise CutoutError(f"{error}{advice}{_id_advice(problems, missing)}") from None
    if n_files == len(problems):
        raise CutoutError(f"dataset {name}: none of its {n_files} files can be used: {problems[0]}")


def _id_advice(problems, missing) -> str:
    """Show an id of a file and one of a row that have no partner: they may be written apart."""
    alone = next((identifier for _, identifier, reason in problems if reason == NO_ROW), None)
    if alone is None or not missing:
        return ""
    return (
        f" A file without a row has the id {alone!r}, a row without a file {missing[0][1]!r}: if "
        "they are written apart, id_pattern says which part of a file's name is the id."
    )


def _write_manifest(
    writer,
    listings: Sequence[Listing],
    settings: Sequence[CutoutSettings],
    table,
    rows: np.ndarray,
    matches: np.ndarray,
) -> None:
    keys = ["path", *(path_key(each.band) for each in settings[1:])]
    for key in keys:
        writer.growable(key, (0,), str, description="file, relative to the dataset's folder")
    writer.growable("id", (0,), str, description="identifier of the object")
    columns = catalogue.unknown([]) if table is None else table.iloc[:0]
    begin_table(writer, columns.drop(columns="id"))
    for start in range(0, len(matches), TABLE_ROWS):
        block = slice(start, start + TABLE_ROWS)
        found = listings[0].ids[rows[0, block]]
        ids = np.array([identifier.decode() for identifier in found], object)
        known = catalogue.unknown(ids) if table is None else table.iloc[matches[block]]
        for key, listing, own in zip(keys, listings, rows, strict=True):
            writer.append(key, np.array(listing.paths(own[block]), dtype=object))
        writer.append("id", ids)
        artifacts.append_table(writer, "catalogue", known.drop(columns="id"))


def _shard_rows(manifest, shard: int) -> range:
    n_rows, n_shards = len(manifest["id"]), int(manifest.attrs["n_shards"])
    if not 0 <= shard < n_shards:
        raise ArtifactError(f"{manifest.filename} is cut in {n_shards} shards; asked for {shard}.")
    return range(shard * n_rows // n_shards, (shard + 1) * n_rows // n_shards)


def _ingest_rows(
    manifest, rows: range, writer, folder: Path, dataset: Mapping, settings, seed: int
) -> Iterator[tuple[str, str, str]]:
    """Store the images of some rows; yield (path, id, reason) of those that cannot be used."""
    for start in range(rows.start, rows.stop, TABLE_ROWS):
        part = slice(start, min(start + TABLE_ROWS, rows.stop))
        table = artifacts.read_table(manifest, "catalogue", part)
        names, ids = (artifacts.read_strings(manifest, key, part) for key in ("path", "id"))
        paths = _band_paths(manifest, part, folder, KINDS[dataset["kind"]], settings)
        kept, measured, problems = [], [], []
        for first in range(0, len(ids), BLOCK_IMAGES):
            block = slice(first, first + BLOCK_IMAGES)
            files = [band[block] for band in paths]
            arrays, good, reasons = _read_block(files, ids[block], dataset, settings, seed)
            measured.append({name: arrays.pop(name) for name in MEASURED})
            for key, array in arrays.items():
                writer.append(key, array)
            kept.append(first + good)
            problems += [(first + row, reasons[row]) for row in sorted(reasons)]
        rows_kept = np.concatenate(kept)
        known = table.iloc[rows_kept]
        found = {name: np.concatenate([part[name] for part in measured]) for name in MEASURED}
        place = positions.choose(found["headers"], settings[0].positions, known)
        append_objects(writer, ids[rows_kept], found, place, known)
        for row, reason in problems:
            yield names[row], ids[row], reason


def _band_paths(
    manifest, part: slice, folder: Path, kind: Kind, settings: Sequence[CutoutSettings]
) -> list[list[str]]:
    """Return the files of some objects in each band: as listed, or where the kind has them."""

    def listed(key: str) -> list[str]:
        return [f"{folder}/{name}" for name in artifacts.read_strings(manifest, key, part)]

    first, keys = listed("path"), [path_key(each.band) for each in settings[1:]]
    others = [
        listed(key) if key in manifest else [kind.band_file(path, each.band) for path in first]
        for key, each in zip(keys, settings[1:], strict=True)
    ]
    return [first, *others]


def _read_block(
    paths: list[list[str]],
    ids: list[str],
    dataset: Mapping,
    settings: Sequence[CutoutSettings],
    seed: int,
) -> tuple[dict[str, np.ndarray], np.ndarray, dict[int, str]]:
    """Return arrays of the usable images of a block, their rows in it, and the others' reasons."""
    batch = read_bands(paths, ids, settings, seed)
    arrays = {"flux": batch.flux, **{name: getattr(batch, name) for name in MEASURED}}
    if not dataset.get("source_images"):
        return arrays, batch.rows, batch.problems
    sources = [[_source_path(band[row]) for row in batch.rows] for band in paths]
    arrays["source_flux"], bad = read_sources_of_bands(sources, settings)
    good = np.array([place not in bad for place in range(len(batch.rows))], dtype=bool)
    problems = {int(batch.rows[place]): reason for place, reason in bad.items()}
    arrays = {key: array[good] for key, array in arrays.items()}
    return arrays, batch.rows[good], batch.problems | problems


def _source_path(path: str) -> str:
    """Return where the challenge keeps the noise-free source of an image in ``Public/Band<n>``."""
    folder, name = os.path.split(path)
    return os.path.join(folder, "../../Private", os.path.basename(folder), "NoLensImage", name)


def _check_shard(file, shard: int, n_bad: int) -> int:
    """Return the number of files listed for a shard, when all are accounted for."""
    n_listed, n_kept = int(file.attrs["n_listed"]), len(artifacts.read_strings(file, "id"))
    if int(file.attrs["shard"]) != shard or n_kept + n_bad != n_listed:
        raise ArtifactError(
            f"{file.filename} is shard {file.attrs['shard']} with {n_kept} images and {n_bad} in "
            f"quarantine; expected shard {shard} with {n_listed} together. Delete the dataset's "
            "shards and run the workflow again."
        )
    return n_listed


def _append_index(writer, file, shard: int, last_id: str) -> str:
    """Add the objects of one shard; identifiers ascend over all shards, so none comes twice."""
    ids = artifacts.read_strings(file, "id")
    table = artifacts.read_table(file, "catalogue")
    if "id" not in writer.file:
        writer.growable("id", (0,), str, description="identifier of the object")
        writer.growable("shard", (0,), np.int32, description="image shard that holds the object")
        writer.growable("row", (0,), np.int32, description="its row in that shard")
        unit, each = file["sky_sigma"].attrs["units"], file["sky_sigma"].shape[1:]
        writer.growable("sky_sigma", (0, *each), np.float32, unit, "sky noise of a pixel")
        if "sky_correlation" in file:
            text = file["sky_correlation"].attrs["description"]
            writer.growable("sky_correlation", (0, *each), np.float32, "1", text)
        begin_table(writer, table)
    for before, after in itertools.pairwise([last_id, *ids] if file.attrs.get("sorted", 1) else ()):
        if before >= after and before:
            raise ArtifactError(f"{file.filename}: id {after} comes after {before}, or twice.")
    if "ra" in file or "ra" in writer.file:
        positions.append_sky(writer, len(writer.file["id"]), _sky(file, len(ids)))
    writer.append("id", ids)
    writer.append("shard", np.full(len(ids), shard, np.int32))
    writer.append("row", np.arange(len(ids), dtype=np.int32))
    writer.append("sky_sigma", artifacts.read(file, "sky_sigma"))
    if "sky_correlation" in file:
        writer.append("sky_correlation", artifacts.read(file, "sky_correlation"))
    artifacts.append_table(writer, "catalogue", table)
    return ids[-1] if len(ids) else last_id


def _sky(file, n: int) -> np.ndarray:
    """Return the positions (n, 2) in an image shard, NaN where it has none."""
    if "ra" not in file:
        return np.full((n, 2), np.nan)
    return np.stack([artifacts.read(file, name) for name in ("ra", "dec")], axis=1)


class _Seen:
    """Which identifiers came already, in 8 bytes each, where they do not come in order."""

    def __init__(self):
        self.keys: list[np.ndarray] = []

    def add(self, ids: np.ndarray) -> None:
        """Note the identifiers of a shard."""
        self.keys.append(pd.util.hash_array(ids, categorize=False))

    def check(self, name: str, images: Sequence[str | os.PathLike]) -> None:
        """Refuse an identifier that came twice, from two tiles.

        Raises
        ------
        CutoutError
        """
        keys = np.sort(np.concatenate(self.keys)) if self.keys else np.zeros(0, np.uint64)
        repeated = np.unique(keys[1:][keys[1:] == keys[:-1]])
        counts: dict[str, int] = {}
        for path in images if len(repeated) else ():
            with artifacts.open(path, "images") as file:
                ids = artifacts.read_strings(file, "id")
            for identifier in ids[np.isin(pd.util.hash_array(ids, categorize=False), repeated)]:
                counts[identifier] = counts.get(identifier, 0) + 1
        twice = [identifier for identifier, count in counts.items() if count > 1]
        if twice:
            raise CutoutError(
                f"dataset {name}: {len(twice)} identifiers come twice, {twice[0]!r} first; "
                "expected each once. Their catalogues place an object on either side of the line "
                "between the tiles, or call two objects alike: give one catalogue for all tiles, "
                "or a column of identifiers that differ."
            )
