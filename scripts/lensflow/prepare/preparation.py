"""From flux and a split to the stacks that the networks see."""

import logging
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.prepare.augmentation import add_noise, rotate
from lensflow.prepare.scaling import bin_images, binned_noise, scale
from lensflow.prepare.splits import make_split

CHUNK = 512  # images in memory at a time

logger = logging.getLogger(__name__)


def write_split(
    index: str | PathLike,
    output: str | PathLike,
    protocol: str,
    fraction: float,
    seed: int,
) -> None:
    """Write which objects of a dataset are in which sample, rotated how.

    Parameters
    ----------
    index : path-like
        ``index.h5`` of the dataset.
    output : path-like
        CSV with the columns id, sample, rotation, noise, is_lens.
    protocol, fraction, seed
        As in `lensflow.prepare.splits.make_split`.
    """
    with artifacts.open(index, "index") as file:
        ids = artifacts.read_strings(file, "id")
        is_lens = artifacts.read(file, "catalogue/is_lens")
    split = make_split(pd.DataFrame({"id": ids, "is_lens": is_lens}), protocol, fraction, seed)
    counts = split.groupby(["sample", "is_lens"]).size().to_dict()
    logger.info("images by (sample, is_lens): %s", counts)
    split.to_csv(output, index=False)


def read_split(path: str | PathLike, sample: str) -> pd.DataFrame:
    """Return the rows of one sample of a split, in their order."""
    split = pd.read_csv(path, dtype={"id": str, "sample": str})
    return split[split["sample"] == sample].reset_index(drop=True)


def shard_rows(n_rows: int, shard: int, n_shards: int) -> slice:
    """Return the rows of one of ``n_shards`` nearly equal, consecutive parts."""
    return slice(shard * n_rows // n_shards, (shard + 1) * n_rows // n_shards)


def prepare_stack(
    split: str | PathLike,
    index: str | PathLike,
    images: Sequence[str | PathLike],
    output: str | PathLike,
    sample: str,
    shard: int,
    n_shards: int,
    method: str,
    image_size: int,
    noise_fraction: float,
    seed: int,
) -> None:
    """Write one shard of a sample as the networks see it: noise, quarter turns, bins, scale.

    Parameters
    ----------
    split, index : path-like
        The experiment's ``split.csv`` and the dataset's ``index.h5``.
    images : sequence of path-like
        All image shards of the dataset, in order.
    output : path-like
        The stack to write (kind "stack"): /image, /id, /rotation, /is_lens.
    sample : str
        "train" or "test".
    shard, n_shards : int
        Which of how many consecutive parts of the sample.
    method : {"linear", "log"}
        The scale.
    image_size : int
        Side of the images for the networks, in pixels.
    noise_fraction : float
        Size of the added noise in sky sigmas, for the rows that the split gives noise.
    seed : int
        Seed of the configuration.
    """
    rows = read_split(split, sample)
    rows = _located(rows[shard_rows(len(rows), shard, n_shards)], index)
    attrs = {"sample": sample, "scale": method, "shard": shard, "n_shards": n_shards}
    with artifacts.create(output, "stack", attrs) as writer:
        stack = writer.fixed(
            "image",
            (len(rows), image_size, image_size),
            np.float32,
            description=f"{method} image, stretched to [0, 1]",
            compress=False,
        )
        describe_rows(writer, rows["id"], rows["rotation"], rows["is_lens"])
        for start, chunk, flux in _flux_chunks(rows, images):
            stack[start : start + len(chunk)] = _prepare_rows(
                chunk, flux, method, image_size, noise_fraction, seed
            )
    logger.info("prepared %d images of %s", len(rows), sample)


def flux_of_sample(
    split: str | PathLike, dataset: str | PathLike, sample: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a whole sample in memory, turned but without noise, to try things on.

    Parameters
    ----------
    split : path-like
        An experiment's ``split.csv``.
    dataset : path-like
        Folder of the dataset it splits: ``index.h5`` and ``images/``.
    sample : str
        "train" or "test".

    Returns
    -------
    DataFrame
        The split's columns with sky_sigma and the catalogue's measures of the lensed image.
    ndarray of shape (n_images, side, side), float32
        Flux, turned as the split says.
    """
    dataset = Path(dataset)
    images = sorted(dataset.glob("images/shard_*.h5"), key=lambda path: int(path.stem[6:]))
    rows = _located(read_split(split, sample), dataset / "index.h5")
    with artifacts.open(dataset / "index.h5", "index") as file:
        table = artifacts.read_table(file, "catalogue").drop(columns="is_lens")
        table["id"] = artifacts.read_strings(file, "id")
    rows = rows.merge(table, on="id", how="left", validate="many_to_one")
    flux = np.concatenate([flux for _, _, flux in _flux_chunks(rows, images)])
    return rows, rotate(flux, rows["rotation"].to_numpy())


def describe_rows(writer, ids, rotations, is_lens) -> None:
    """Write the columns that name the rows of a stack or of embeddings."""
    writer.strings("id", ids, "identifier of the object")
    writer.dataset("rotation", np.asarray(rotations, np.int8), description="quarter turns")
    text = "1 lens, 0 non-lens, -1 unknown"
    writer.dataset("is_lens", np.asarray(is_lens, np.int8), description=text)


def prepare_images(
    flux: np.ndarray, sky_sigma: np.ndarray, method: str, image_size: int
) -> np.ndarray:
    """Bin and scale images that are not augmented, as a dataset is prepared to be scored.

    Parameters
    ----------
    flux : ndarray of shape (n_images, side, side)
        Flux.
    sky_sigma : ndarray of shape (n_images,)
        Noise of the sky in the unit of ``flux``.
    method : {"linear", "log"}
        The scale.
    image_size : int
        Side of the result, in pixels.

    Returns
    -------
    ndarray of shape (n_images, image_size, image_size), float32
        Images in [0, 1].
    """
    sigma = binned_noise(sky_sigma, flux.shape[-1], image_size)
    return scale(bin_images(flux, image_size), sigma, method)


def _located(rows: pd.DataFrame, index: str | PathLike) -> pd.DataFrame:
    """Add where each object's image is, and its sky noise."""
    with artifacts.open(index, "index") as file:
        places = pd.DataFrame(
            {
                "id": artifacts.read_strings(file, "id"),
                "shard": artifacts.read(file, "shard"),
                "row": artifacts.read(file, "row"),
                "sky_sigma": artifacts.read(file, "sky_sigma"),
            }
        )
    located = rows.merge(places, on="id", how="left", validate="many_to_one")
    if lost := located["shard"].isna().sum():
        raise ArtifactError(
            f"{lost} objects of the split are not in {index}, for example "
            f"{located.loc[located['shard'].isna(), 'id'].iloc[0]!r}. The split belongs to "
            "another version of the dataset: delete it and run again."
        )
    return located.astype({"shard": int, "row": int})


def _flux_chunks(
    rows: pd.DataFrame, images: Sequence[str | PathLike]
) -> Iterator[tuple[int, pd.DataFrame, np.ndarray]]:
    """Yield (first row, rows, flux) a chunk at a time."""
    for start in range(0, len(rows), CHUNK):
        chunk = rows.iloc[start : start + CHUNK]
        flux = None
        for shard, part in chunk.groupby("shard"):
            with artifacts.open(images[shard], "images") as file:
                for place, row in zip(part.index - chunk.index[0], part["row"], strict=True):
                    image = artifacts.read(file, "flux", row)
                    flux = np.empty((len(chunk), *image.shape), "f4") if flux is None else flux
                    flux[place] = image
        yield start, chunk, flux


def _prepare_rows(
    rows: pd.DataFrame,
    flux: np.ndarray,
    method: str,
    image_size: int,
    noise_fraction: float,
    seed: int,
) -> np.ndarray:
    sigma = rows["sky_sigma"].to_numpy()
    noisy = np.where((rows["noise"] == 1) & np.isfinite(sigma), noise_fraction * sigma, 0)
    flux = add_noise(flux, noisy, rows["id"], rows["rotation"], seed)
    turned = rotate(flux, rows["rotation"].to_numpy())
    return prepare_images(turned, sigma, method, image_size)
