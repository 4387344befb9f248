"""From images to embeddings: the encoder over a stack, or denoiser and encoder over a dataset."""

import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.prepare.augmentation import mean_over_views
from lensflow.prepare.preparation import describe_rows, prepare_images
from lensflow.prepare.scaling import min_max

CHUNK = 1024  # images in memory at a time
MEASURES = ("numb_pix_lensed_image", "flux_lensed_image_in_sigma")

logger = logging.getLogger(__name__)


def embed_stack(
    stack: str | PathLike,
    index: str | PathLike,
    weights: str | PathLike,
    preset: dict,
    n_features: int,
    output: str | PathLike,
) -> None:
    """Embed one shard of a denoised sample.

    Parameters
    ----------
    stack : path-like
        Denoised stack (kind "stack").
    index : path-like
        ``index.h5`` of the dataset, for the lensed pixels and flux of each object.
    weights : path-like
        Weights of the feature autoencoder.
    preset : dict
        The preset it was built from.
    n_features : int
        Size of its embedding.
    output : path-like
        Embeddings to write (kind "embeddings"), one row an image of the stack.
    """
    encode = _load_encoder(weights, preset, n_features)
    with artifacts.open(stack, "stack") as file:
        rows = pd.DataFrame(
            {
                "id": artifacts.read_strings(file, "id"),
                "rotation": artifacts.read(file, "rotation"),
                "is_lens": artifacts.read(file, "is_lens"),
            }
        )
        chunks = (
            artifacts.read(file, "image", slice(start, start + CHUNK))
            for start in range(0, len(rows), CHUNK)
        )
        rows = rows.merge(_measures(index), on="id", how="left", validate="many_to_one")
        _write(output, rows, (encode(chunk) for chunk in chunks), n_features)


def embed_images(
    images: str | PathLike,
    denoiser_weights: str | PathLike | None,
    weights: str | PathLike,
    preset: dict,
    n_features: int,
    method: str,
    output: str | PathLike,
    denoised_output: str | PathLike | None = None,
    layer: str = "flux",
) -> None:
    """Prepare, denoise and embed one shard of a dataset, in bounded memory.

    Parameters
    ----------
    images : path-like
        Image shard of the dataset (kind "images").
    denoiser_weights : path-like or None
        Weights of the denoiser; None for images without noise, which are taken as they are.
        Ignored for a dataset whose images are denoised already.
    weights, preset, n_features
        As in `embed_stack`.
    method : {"linear", "log"}
        The scale.
    output : path-like
        Embeddings to write.
    denoised_output : path-like, optional
        Where to keep the denoised stack; by default it is not kept.
    layer : {"flux", "source_flux"}
        Which images of the shard: the cutouts, or the lensed sources alone (appendix A).
    """
    encode = _load_encoder(weights, preset, n_features)
    with artifacts.open(images, "images") as file:
        denoise = _load_denoiser(denoiser_weights, preset, file.attrs["state"])
        rows = artifacts.read_table(file, "catalogue").assign(
            id=artifacts.read_strings(file, "id"), rotation=0
        )
        prepared = _prepared_chunks(file, layer, len(rows), method, preset["image_size"])
        chunks = (denoise(chunk) for chunk in prepared)
        if denoised_output is not None:
            chunks = _kept(chunks, denoised_output, rows, method, preset["image_size"])
        _write(output, rows, (encode(chunk) for chunk in chunks), n_features)


def merge_embeddings(shards: Sequence[str | PathLike], output: str | PathLike) -> None:
    """Concatenate embeddings, a shard at a time.

    Parameters
    ----------
    shards : sequence of path-like
        Embeddings of the shards, in order.
    output : path-like
        The embeddings of the whole sample.
    """
    n_features = _n_features(shards)
    with artifacts.create(output, "embeddings", {"n_features": n_features}) as writer:
        for shard in shards:
            with artifacts.open(shard, "embeddings") as file:
                for key in _keys(file):
                    _append(writer, file, key)
    logger.info("merged %d shards into %s", len(shards), output)


def merge_scores(shards: Sequence[str | PathLike], output: str | PathLike) -> None:
    """Concatenate score tables of shards, line by line, under one header.

    Parameters
    ----------
    shards : sequence of path-like
        CSV files with the same columns, in order.
    output : path-like
        The table of the whole sample.

    Raises
    ------
    ArtifactError
        If the columns differ.
    """
    with Path(output).open("w") as merged:
        for number, shard in enumerate(shards):
            with Path(shard).open() as lines:
                columns = next(lines)
                header = columns if number == 0 else header
                if columns != header:
                    raise ArtifactError(
                        f"{shard} has the columns {columns.strip()!r}, the shards before it "
                        f"{header.strip()!r}. Delete the shards and run again."
                    )
                merged.write(columns if number == 0 else "")
                shutil.copyfileobj(lines, merged)


def _append(writer, file, key: str) -> None:
    """Append one column of a shard; the first shard sets its type and description."""
    is_text = file[key].dtype == object
    values = artifacts.read_strings(file, key) if is_text else artifacts.read(file, key)
    if key not in writer.file:
        described = {name: file[key].attrs[name] for name in ("units", "description")}
        kind = str if is_text else values.dtype
        writer.growable(key, (0, *values.shape[1:]), kind, **described)
    writer.append(key, values)


def _keys(file) -> list[str]:
    return ["embedding", "id", "rotation", "is_lens", *(f"catalogue/{m}" for m in MEASURES)]


def _n_features(shards: Sequence[str | PathLike]) -> int:
    widths = {}
    for shard in shards:
        with artifacts.open(shard, "embeddings") as file:
            widths[str(shard)] = file["embedding"].shape[1]
    if len(set(widths.values())) != 1:
        raise ArtifactError(
            f"Embeddings of different sizes cannot be merged: {widths}. Delete them and run again."
        )
    return next(iter(widths.values()))


def _load_encoder(weights: str | PathLike, preset: dict, n_features: int):
    """Return a function from images (n, size, size) to embeddings (n, n_features)."""
    from lensflow.networks.inference import embed

    model = _load(preset, weights, n_features)
    batch = preset["training"]["autoencoder"]["batch_size"]
    if preset["autoencoder"].get("embedding_pooling", "none") == "none":
        return lambda images: embed(model, images, batch)
    return lambda images: mean_over_views(lambda view: embed(model, view, batch), images)


def _load_denoiser(weights: str | PathLike | None, preset: dict, state: str):
    """Return a function from images to denoised images, both stretched to [0, 1]."""
    if state == "denoised" or weights is None:
        return lambda images: images
    from lensflow.networks.inference import reconstruct

    model = _load(preset, weights)
    batch = preset["training"]["denoiser"]["batch_size"]
    return lambda images: min_max(reconstruct(model, images, batch))


def _load(preset: dict, weights: str | PathLike, n_features: int | None = None):
    from lensflow.networks.inference import load_network

    try:
        with warnings.catch_warnings():
            # Keras only warns when a layer finds no weights in the file.
            warnings.filterwarnings("error", "Skipping", UserWarning)
            return load_network(preset, weights, n_features)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise ArtifactError(
            f"{weights} does not hold weights of the network that the preset describes "
            f"({type(error).__name__}: {error}). Train it again, or restore the preset it was "
            "trained with."
        ) from error


def _prepared_chunks(
    file, layer: str, n_rows: int, method: str, image_size: int
) -> Iterator[np.ndarray]:
    for start in range(0, n_rows, CHUNK):
        rows = slice(start, start + CHUNK)
        flux = artifacts.read(file, layer, rows)
        sigma = artifacts.read(file, "sky_sigma", rows)
        yield prepare_images(flux, sigma, method, image_size)


def _measures(index: str | PathLike) -> pd.DataFrame:
    with artifacts.open(index, "index") as file:
        columns = {name: artifacts.read(file, f"catalogue/{name}") for name in MEASURES}
        return pd.DataFrame({"id": artifacts.read_strings(file, "id"), **columns})


def _write(
    output: str | PathLike, rows: pd.DataFrame, chunks: Iterator[np.ndarray], n_features: int
) -> None:
    with artifacts.create(output, "embeddings", {"n_features": n_features}) as writer:
        dataset = writer.fixed(
            "embedding", (len(rows), n_features), "f4", description="units of the embedded layer"
        )
        start = 0
        for chunk in chunks:
            dataset[start : start + len(chunk)] = chunk
            start += len(chunk)
        describe_rows(writer, rows["id"], rows["rotation"], rows["is_lens"])
        texts = ("lensed pixels above 1 sigma", "flux of those pixels")
        for name, unit, text in zip(MEASURES, ("pix", "sky sigma"), texts, strict=True):
            writer.dataset(f"catalogue/{name}", rows[name].to_numpy(float), unit, text)
    logger.info("embedded %d images", len(rows))


def _kept(
    chunks: Iterator[np.ndarray],
    output: str | PathLike,
    rows: pd.DataFrame,
    method: str,
    image_size: int,
) -> Iterator[np.ndarray]:
    """Pass chunks of denoised images on while writing them to a stack."""
    with artifacts.create(output, "stack", {"scale": method}) as writer:
        shape = (len(rows), image_size, image_size)
        text = "denoised image, stretched to [0, 1]"
        stack = writer.fixed("image", shape, "f4", description=text, compress=False)
        start = 0
        for chunk in chunks:
            stack[start : start + len(chunk)] = chunk
            start += len(chunk)
            yield chunk
        describe_rows(writer, rows["id"], rows["rotation"], rows["is_lens"])
