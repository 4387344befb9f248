"""Denoised stacks of the samples, which the encoder is trained on."""

import logging
from collections.abc import Mapping
from os import PathLike

from lensflow import artifacts
from lensflow.networks.denoising import DESCRIPTION, load_denoiser
from lensflow.samples.stacks import DENOISED, PREPARED, open_stack, write_stack

logger = logging.getLogger(__name__)


def denoise_stack(
    stack_path: str | PathLike,
    denoiser_path: str | PathLike,
    preset: Mapping,
    output_path: str | PathLike,
) -> None:
    """Denoise one shard of a sample.

    Parameters
    ----------
    stack_path : path-like
        The prepared stack.
    denoiser_path : path-like
        The denoiser's weights.
    preset : mapping
        The preset it was trained with.
    output_path : path-like
        The stack to write; it has the same rows.
    """
    denoise = load_denoiser(denoiser_path, preset)
    with (
        open_stack(stack_path, PREPARED) as stack,
        artifacts.descending(stack_path, denoiser_path, denoiser=denoiser_path),
    ):
        blocks = (denoise(images) for images in stack.blocks())
        attrs = {**artifacts.identity(stack.file), "stage": DENOISED}
        write_stack(output_path, stack.rows(), blocks, stack.size, stack.scale, DESCRIPTION, attrs)
        logger.info("denoised %d images", len(stack))
