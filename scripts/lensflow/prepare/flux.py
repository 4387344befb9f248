"""The flux of objects that a table names, wherever in a dataset's shards it lies."""

from collections.abc import Iterator, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.samples.images import Images, open_images, read_index

CHUNK = 512  # images in memory at a time


def locate(rows: pd.DataFrame, index_path: str | PathLike) -> pd.DataFrame:
    """Add where each object's image is, and its sky noise.

    Parameters
    ----------
    rows : DataFrame
        Column ``id``; an object may come more than once.
    index_path : path-like
        ``index.h5`` of the dataset.

    Returns
    -------
    DataFrame
        The rows with the columns shard, row and sky_sigma; sky_correlation too, where it is
        measured. Of several bands those are columns as `lensflow.samples.bands.spread` makes them.

    Raises
    ------
    ArtifactError
        When an object is not in the dataset.
    """
    places = read_index(index_path, ["shard", "row", "sky_sigma"], optional=["sky_correlation"])
    located = rows.merge(places, on="id", how="left", validate="many_to_one")
    if lost := located["shard"].isna().sum():
        raise ArtifactError(
            f"{lost} objects of the split are not in {index_path}, for example "
            f"{located.loc[located['shard'].isna(), 'id'].iloc[0]!r}. The split belongs to "
            "another version of the dataset: delete it and run again."
        )
    return located.astype({"shard": int, "row": int})


def flux_blocks(
    rows: pd.DataFrame, image_paths: Sequence[str | PathLike]
) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """Yield rows and their flux, `CHUNK` at a time.

    Parameters
    ----------
    rows : DataFrame
        From `locate`.
    image_paths : sequence of path-like
        All image shards of the dataset, in order.

    Yields
    ------
    DataFrame of n rows, ndarray of shape (n, side, side)
        A part of the rows, in order; flux in float32, (n, band, side, side) of several bands.
    """
    for start in range(0, len(rows), CHUNK):
        chunk = rows.iloc[start : start + CHUNK]
        yield chunk, _read_flux(chunk.reset_index(drop=True), image_paths)


def _read_flux(rows: pd.DataFrame, image_paths: Sequence[str | PathLike]) -> np.ndarray:
    flux = None
    for shard, part in rows.groupby("shard"):
        with open_images(image_paths[shard]) as images:
            _check_ids(images, part)
            for place, row in part["row"].items():
                image = images.flux(row)
                flux = np.empty((len(rows), *image.shape), "f4") if flux is None else flux
                flux[place] = image
    return flux


def _check_ids(images: Images, part: pd.DataFrame) -> None:
    """Refuse a shard that holds other objects than the index says."""
    artifacts.expect(images.file, shard=int(part["shard"].iloc[0]))
    ids, wanted = images.ids(), part["id"].to_numpy()
    rows = part["row"].to_numpy()
    if rows.max() >= len(ids) or not np.array_equal(ids[rows], wanted):
        raise ArtifactError(
            f"{images.file.filename} does not hold {wanted[0]!r} where the dataset's index says. "
            "The shard and the index belong to different versions of the dataset: delete both and "
            "run again."
        )
