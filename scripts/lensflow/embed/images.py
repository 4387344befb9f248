"""Datasets that models are applied to: prepared, denoised and embedded a shard at a time.

Nothing between the images and their embeddings is kept; `denoise_images` writes the denoised images
for whoever wants to look at them.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from os import PathLike

import numpy as np

from lensflow import artifacts
from lensflow.embed.encoders import ENCODERS
from lensflow.networks.denoising import DESCRIPTION, load_denoiser
from lensflow.prepare.inputs import prepare_images
from lensflow.samples.bands import expect_bands
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.images import Images, open_images
from lensflow.samples.rows import BLOCK
from lensflow.samples.stacks import DENOISED, write_stack

logger = logging.getLogger(__name__)


def embed_images(
    images_path: str | PathLike,
    denoiser_path: str | PathLike | None,
    encoder: str,
    encoder_path: str | PathLike,
    preset: Mapping,
    n_features: int,
    scale: str,
    output_path: str | PathLike,
    layer: str = "flux",
) -> None:
    """Embed one shard of a dataset, in bounded memory.

    Parameters
    ----------
    images_path : path-like
        Image shard of the dataset.
    denoiser_path : path-like or None
        Weights of the denoiser; None where the encoder sees images as they are prepared, or the
        images have no noise. Not used for a dataset whose images are denoised already.
    encoder, encoder_path, preset, n_features
        As in `lensflow.embed.stacks.embed_stack`.
    scale : str
        Which of `lensflow.prepare.scaling.SCALES`.
    output_path : path-like
        Embeddings to write.
    layer : {"flux", "source_flux"}
        Which images of the shard: the cutouts, or the lensed sources alone (appendix A).
    """
    encode = ENCODERS[encoder].load(encoder_path, preset, n_features)
    with (
        open_images(images_path) as images,
        artifacts.descending(encoder_path, **_parents(images, denoiser_path, encoder_path)),
    ):
        expect_bands(images.file, encoder_path)
        denoise = _denoiser(images, denoiser_path, preset)
        prepared = prepared_blocks(images, layer, scale, preset["image_size"])
        blocks = (encode(denoise(block)) for block in prepared)
        attrs = {**artifacts.identity(images.file), "scale": scale, "layer": layer}
        write_embeddings(output_path, images.rows(), blocks, n_features, attrs)
        logger.info("embedded %d images", len(images))


def denoise_images(
    images_path: str | PathLike,
    denoiser_path: str | PathLike,
    preset: Mapping,
    scale: str,
    output_path: str | PathLike,
) -> None:
    """Denoise one shard of a dataset: the images that its embeddings are made of.

    Parameters
    ----------
    images_path, denoiser_path, preset, scale
        As in `embed_images`.
    output_path : path-like
        Stack to write.
    """
    size = preset["image_size"]
    with open_images(images_path) as images:
        denoise = _denoiser(images, denoiser_path, preset)
        blocks = (denoise(block) for block in prepared_blocks(images, "flux", scale, size))
        attrs = {**artifacts.identity(images.file), "stage": DENOISED}
        with artifacts.descending(denoiser=denoiser_path):
            write_stack(output_path, images.rows(), blocks, size, scale, DESCRIPTION, attrs)
        logger.info("denoised %d images", len(images))


def _parents(
    images: Images, denoiser_path: str | PathLike | None, encoder_path: str | PathLike
) -> dict[str, str | PathLike]:
    """Return what the embeddings of images descend from."""
    unused = images.are_denoised or denoiser_path is None
    return {"encoder": encoder_path, **({} if unused else {"denoiser": denoiser_path})}


def _denoiser(
    images: Images, denoiser_path: str | PathLike | None, preset: Mapping
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the denoiser, or what leaves images as they are where there is nothing to denoise."""
    if images.are_denoised or denoiser_path is None:
        return lambda block: block
    return load_denoiser(denoiser_path, preset)


def prepared_blocks(
    images: Images, layer: str, scale: str, image_size: int
) -> Iterator[np.ndarray]:
    """Yield the images of a shard as an encoder without a denoiser sees them, block by block."""
    for start in range(0, len(images), BLOCK):
        rows = slice(start, start + BLOCK)
        flux, sky_sigma = images.flux(rows, layer), images.sky_sigma(rows)
        yield prepare_images(flux, sky_sigma, scale, image_size)
