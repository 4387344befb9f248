"""What passes between stages: images, stacks, embeddings and scores, each declared once.

*Images* are cutouts as they were ingested, listed in an *index*. A *stack* holds images as the
networks see them, *embeddings* what an encoder makes of them, and *scores* the lens probabilities
of the rows of a sample. The last three have one row an image: the object's ``id``, its ``rotation``
in quarter turns, and ``is_lens``. Stages read and write them by the functions here and name no
key, unit or column of their own.
"""

import contextlib
import pathlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.artifacts import ALL_ROWS
from lensflow.errors import ArtifactError, LabelError

Path = str | PathLike

MEASURES = {
    "numb_pix_lensed_image": ("pix", "lensed pixels above 1 sigma"),
    "flux_lensed_image_in_sigma": ("sky sigma", "flux of those pixels"),
}
"""Columns of the catalogue that embeddings carry along, with units and descriptions."""

BLOCK = 1024
"""Images that are in memory together where a stage goes through all of them."""

PROBABILITY = "p_lens_"
"""Columns of lens probabilities are called ``p_lens_<judgement>``."""


class Run(NamedTuple):
    """One trained and clustered encoder of an experiment."""

    scale: str
    n_features: int
    run: int


# --- rows -----------------------------------------------------------------------------------------


def _write_rows(writer: artifacts.Writer, rows: pd.DataFrame) -> None:
    writer.strings("id", rows["id"], "identifier of the object")
    writer.dataset("rotation", rows["rotation"].to_numpy(np.int8), description="quarter turns")
    text = "1 lens, 0 non-lens, -1 unknown"
    writer.dataset("is_lens", rows["is_lens"].to_numpy(np.int8), description=text)


def _read_rows(file: h5py.File, rows: slice = ALL_ROWS) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": artifacts.read_strings(file, "id", rows),
            "rotation": artifacts.read(file, "rotation", rows),
            "is_lens": artifacts.read(file, "is_lens", rows),
        }
    )


# --- images and their index -----------------------------------------------------------------------


@dataclass(frozen=True)
class Images:
    """An open image shard of a dataset.

    Attributes
    ----------
    file : h5py.File
    """

    file: h5py.File

    def __len__(self) -> int:
        return self.file["id"].shape[0]

    @property
    def are_denoised(self) -> bool:
        """Whether the images came denoised, and so carry no sky noise."""
        return self.file.attrs["state"] == "denoised"

    def rows(self) -> pd.DataFrame:
        """Return id, rotation (0: as ingested), and the catalogue's columns, of every image."""
        table = artifacts.read_table(self.file, "catalogue")
        return table.assign(id=artifacts.read_strings(self.file, "id"), rotation=0)

    def flux(self, rows: slice | int = ALL_ROWS, layer: str = "flux") -> np.ndarray:
        """Return images (n, side, side) float32, [y, x], or one of them (side, side).

        Parameters
        ----------
        rows : slice or int
        layer : {"flux", "source_flux"}
            The cutouts, or the lensed sources alone where they are kept.
        """
        return artifacts.read(self.file, layer, rows)

    def sky_sigma(self, rows: slice = ALL_ROWS) -> np.ndarray:
        """Return the noise of the sky (n,) in the unit of the flux."""
        return artifacts.read(self.file, "sky_sigma", rows)


@contextlib.contextmanager
def open_images(path: Path) -> Iterator[Images]:
    """Open an image shard for reading; see `lensflow.artifacts.open` for what it raises."""
    with artifacts.open(path, "images") as file:
        yield Images(file)


def read_index(
    path: Path, columns: Iterable[str] = (), catalogue: Iterable[str] | None = ()
) -> pd.DataFrame:
    """Return id and some columns of a dataset's index, one row an object.

    Parameters
    ----------
    path : path-like
    columns : iterable of {"shard", "row", "sky_sigma"}
        Where the image is, and the noise of its sky.
    catalogue : iterable of str, optional
        Columns of the catalogue; None takes all of them.

    Raises
    ------
    ArtifactError
        When a column is missing; see `lensflow.artifacts.open` for the rest.
    """
    with artifacts.open(path, "index") as file:
        found = {"id": artifacts.read_strings(file, "id")}
        found |= {name: artifacts.read(file, name) for name in columns}
        if catalogue is None:
            return pd.DataFrame(found).join(artifacts.read_table(file, "catalogue"))
        found |= {name: artifacts.read(file, f"catalogue/{name}") for name in catalogue}
    return pd.DataFrame(found)


# --- stacks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stack:
    """An open stack.

    Attributes
    ----------
    file : h5py.File
    """

    file: h5py.File

    def __len__(self) -> int:
        return self.file["image"].shape[0]

    @property
    def size(self) -> int:
        """Side of the images (pixels)."""
        return self.file["image"].shape[1]

    def rows(self) -> pd.DataFrame:
        """Return id, rotation and is_lens of every image."""
        return _read_rows(self.file)

    def images(self, rows: slice | np.ndarray = ALL_ROWS) -> np.ndarray:
        """Return images (n, size, size) float32 in [0, 1], [y, x], of a slice or ascending rows."""
        return artifacts.read(self.file, "image", rows)

    def blocks(self, length: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield all images in blocks of at most ``length``."""
        for start in range(0, len(self), length):
            yield self.images(slice(start, start + length))


@contextlib.contextmanager
def open_stack(path: Path) -> Iterator[Stack]:
    """Open a stack for reading; see `lensflow.artifacts.open` for what it raises."""
    with artifacts.open(path, "stack") as file:
        yield Stack(file)


def write_stack(
    path: Path,
    rows: pd.DataFrame,
    blocks: Iterable[np.ndarray],
    size: int,
    description: str,
    attrs: Mapping[str, object] | None = None,
) -> None:
    """Write a stack block by block, so that its images are never in memory together.

    Parameters
    ----------
    path : path-like
    rows : DataFrame of n rows
        Columns id, rotation, is_lens.
    blocks : iterable of ndarray of shape (m, size, size)
        Images in [0, 1], n together, in the order of the rows.
    size : int
        Side of the images (pixels).
    description : str
        What the images are.
    attrs : mapping, optional
        Root attributes.

    Raises
    ------
    ArtifactError
        When there are more or fewer images than rows.
    """
    with artifacts.create(path, "stack", attrs) as writer:
        shape = (len(rows), size, size)
        dataset = writer.fixed("image", shape, np.float32, description=description, compress=False)
        _fill(dataset, blocks, path)
        _write_rows(writer, rows)


def _fill(dataset: h5py.Dataset, blocks: Iterable[np.ndarray], path: Path) -> None:
    """Put blocks into a dataset one after the other; they must fill it exactly."""
    start = 0
    for block in blocks:
        if start + len(block) <= len(dataset):
            dataset[start : start + len(block)] = block
        start += len(block)
    if start != len(dataset):
        raise ArtifactError(
            f"{path}: {start} rows came for {len(dataset)} expected. This is a mistake of the "
            "code that made them; nothing was written."
        )


# --- embeddings -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Embeddings:
    """Open embeddings.

    Attributes
    ----------
    file : h5py.File
    """

    file: h5py.File

    def __len__(self) -> int:
        return self.file["embedding"].shape[0]

    @property
    def features(self) -> h5py.Dataset:
        """Features (n, d) float32, to be read in blocks."""
        return self.file["embedding"]

    def rows(self, rows: slice = ALL_ROWS) -> pd.DataFrame:
        """Return id, rotation and is_lens."""
        return _read_rows(self.file, rows)

    def measures(self, rows: slice = ALL_ROWS) -> pd.DataFrame:
        """Return the columns of `MEASURES`; NaN (pixels also -1) where unknown."""
        columns = {name: artifacts.read(self.file, f"catalogue/{name}", rows) for name in MEASURES}
        return pd.DataFrame(columns)


@contextlib.contextmanager
def open_embeddings(path: Path) -> Iterator[Embeddings]:
    """Open embeddings for reading; see `lensflow.artifacts.open` for what it raises."""
    with artifacts.open(path, "embeddings") as file:
        yield Embeddings(file)


def read_embeddings(paths: Iterable[Path]) -> tuple[np.ndarray, pd.DataFrame]:
    """Return features (n, d) float32, and id, rotation, is_lens, of all shards in order."""
    features, tables = [], []
    for path in paths:
        with open_embeddings(path) as embeddings:
            features.append(artifacts.read(embeddings.file, "embedding"))
            tables.append(embeddings.rows())
    return np.concatenate(features), pd.concat(tables, ignore_index=True)


def write_embeddings(
    path: Path, rows: pd.DataFrame, blocks: Iterable[np.ndarray], n_features: int
) -> None:
    """Write embeddings block by block.

    Parameters
    ----------
    path : path-like
    rows : DataFrame of n rows
        Columns id, rotation, is_lens and those of `MEASURES`.
    blocks : iterable of ndarray of shape (m, n_features)
        Features, n together, in the order of the rows.
    n_features : int

    Raises
    ------
    ArtifactError
        When there are more or fewer features than rows.
    """
    with artifacts.create(path, "embeddings", {"n_features": n_features}) as writer:
        text = "units of the embedded layer"
        dataset = writer.fixed("embedding", (len(rows), n_features), "f4", description=text)
        _fill(dataset, blocks, path)
        _write_rows(writer, rows)
        for name, (unit, text) in MEASURES.items():
            writer.dataset(f"catalogue/{name}", rows[name].to_numpy(float), unit, text)


def merge_embeddings(shards: Iterable[Path], output: Path) -> None:
    """Concatenate embeddings, a shard at a time.

    Parameters
    ----------
    shards : iterable of path-like
        Embeddings of the shards, in order.
    output : path-like
        The embeddings of the whole sample.

    Raises
    ------
    ArtifactError
        When their numbers of features differ.
    """
    shards = list(shards)
    with artifacts.create(output, "embeddings", {"n_features": _n_features(shards)}) as writer:
        for shard in shards:
            with artifacts.open(shard, "embeddings") as file:
                for key in ("embedding", "id", "rotation", "is_lens"):
                    _append(writer, file, key)
                for name in MEASURES:
                    _append(writer, file, f"catalogue/{name}")


def _append(writer: artifacts.Writer, file: h5py.File, key: str) -> None:
    """Append one column of a shard; the first shard sets its type and description."""
    is_text = file[key].dtype == object
    values = artifacts.read_strings(file, key) if is_text else artifacts.read(file, key)
    if key not in writer.file:
        described = {name: file[key].attrs[name] for name in ("units", "description")}
        kind = str if is_text else values.dtype
        writer.growable(key, (0, *values.shape[1:]), kind, **described)
    writer.append(key, values)


def _n_features(shards: Iterable[Path]) -> int:
    widths = {}
    for shard in shards:
        with open_embeddings(shard) as embeddings:
            widths[str(shard)] = embeddings.features.shape[1]
    if len(set(widths.values())) != 1:
        raise ArtifactError(
            f"Embeddings of different sizes cannot be merged: {widths}. Delete them and run again."
        )
    return next(iter(widths.values()))


# --- scores ---------------------------------------------------------------------------------------


def probability_column(judgement: str) -> str:
    """Return the column of scores that holds the lens probability by a judgement."""
    return f"{PROBABILITY}{judgement}"


def judgements_of(columns: Iterable[str]) -> list[str]:
    """Return the judgements whose probabilities are among the columns of scores, in order."""
    return [name.removeprefix(PROBABILITY) for name in columns if name.startswith(PROBABILITY)]


def scores_table(
    rows: pd.DataFrame,
    clusters: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
    log_density: np.ndarray,
) -> pd.DataFrame:
    """Return scores: id, rotation, is_lens, weight, cluster, p_lens_<judgement>..., log_density.

    Parameters
    ----------
    rows : DataFrame of n rows
        Columns id, rotation, is_lens.
    clusters : ndarray of int, shape (n,)
        Most probable cluster.
    probabilities : mapping of str to ndarray of shape (n,)
        Lens probability by judgement.
    log_density : ndarray of shape (n,)
        Natural logarithm of the density under the mixture; low values are unusual objects.
    """
    columns = {probability_column(name): values for name, values in probabilities.items()}
    return rows.assign(weight=1, cluster=clusters, **columns, log_density=log_density)


def write_scores(path: Path, blocks: Iterable[pd.DataFrame]) -> None:
    """Write scores as CSV, block by block, under one header."""
    path = _made(path)
    with path.open("w", newline="", encoding="utf-8") as out:
        for number, block in enumerate(blocks):
            block.to_csv(out, index=False, header=number == 0, lineterminator="\n")


def read_scores(path: Path, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Return scores, whole or some columns of them; an identifier is text whatever it looks like.

    Raises
    ------
    LabelError
        When a column is missing.
    """
    wanted = _checked(path, columns)
    return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, usecols=wanted)


def iterate_scores(path: Path, columns: Iterable[str], length: int) -> Iterator[pd.DataFrame]:
    """Yield some columns of scores in blocks of ``length`` rows; raises as `read_scores`."""
    options = {"dtype": {"id": str}, "keep_default_na": False, "usecols": _checked(path, columns)}
    with pd.read_csv(path, chunksize=length, **options) as blocks:
        yield from blocks


def _checked(path: Path, columns: Iterable[str] | None) -> list[str] | None:
    if columns is None:
        return None
    columns, present = list(columns), list(pd.read_csv(path, nrows=0))
    if missing := [name for name in columns if name not in present]:
        raise LabelError(
            f"{path} has no column {missing[0]!r}; it has the judgements {judgements_of(present)}. "
            "Add the judgement to the experiment's labels in config.yaml."
        )
    return columns


def merge_scores(shards: Iterable[Path], output: Path) -> None:
    """Concatenate the scores of shards, line by line, under one header.

    Raises
    ------
    ArtifactError
        When their columns differ.
    """
    header = None
    with _made(output).open("w", encoding="utf-8") as merged:
        for shard in shards:
            with open(shard, encoding="utf-8") as lines:
                columns = next(lines)
                if header is not None and columns != header:
                    raise ArtifactError(
                        f"{shard} has the columns {columns.strip()!r}, the shards before it "
                        f"{header.strip()!r}. Delete the shards and run again."
                    )
                merged.write(columns if header is None else "")
                header = columns
                shutil.copyfileobj(lines, merged)


def _made(path: Path) -> pathlib.Path:
    """Return a path whose folder exists."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
