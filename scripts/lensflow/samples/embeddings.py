"""Embeddings: what an encoder makes of the images of a sample."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.artifacts import ALL_ROWS
from lensflow.errors import ArtifactError
from lensflow.samples.rows import MEASURES, Path, fill, read_rows, write_rows


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
    def features(self) -> artifacts.Rows:
        """Features (n, d) float32, to be read in blocks."""
        return artifacts.Rows(self.file, "embedding")

    def rows(self, rows: slice = ALL_ROWS) -> pd.DataFrame:
        """Return id, rotation and is_lens."""
        return read_rows(self.file, rows)

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
    paths = list(paths)
    artifacts.expect_order(paths)
    features, tables = [], []
    for path in paths:
        with open_embeddings(path) as embeddings:
            features.append(artifacts.read(embeddings.file, "embedding"))
            tables.append(embeddings.rows())
    return np.concatenate(features), pd.concat(tables, ignore_index=True)


def write_embeddings(
    path: Path,
    rows: pd.DataFrame,
    blocks: Iterable[np.ndarray],
    n_features: int,
    attrs: Mapping[str, object] | None = None,
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
    attrs : mapping, optional
        Root attributes beside ``n_features``: of which images they are.

    Raises
    ------
    ArtifactError
        When there are more or fewer features than rows, or one is not finite.
    """
    attrs = {**(attrs or {}), "n_features": n_features}
    with artifacts.create(path, "embeddings", attrs) as writer:
        text = "units of the embedded layer"
        dataset = writer.fixed("embedding", (len(rows), n_features), "f4", description=text)
        fill(dataset, blocks, rows["id"], path)
        write_rows(writer, rows)
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
        When their numbers of features differ, or they are not the shards of one run in order.
    """
    shards = list(shards)
    artifacts.expect_order(shards)
    attrs = {**_whole(shards[0]), "n_features": _n_features(shards)}
    with (
        artifacts.descending(*shards),
        artifacts.create(output, "embeddings", attrs) as writer,
    ):
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


def _whole(shard: Path) -> dict[str, object]:
    """Return what a shard and the whole sample have in common."""
    with artifacts.peek(shard) as file:
        known = artifacts.identity(file)
    return {name: value for name, value in known.items() if "shard" not in name}


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
