"""Stage: fit an encoder that is no network to the training sample."""

import logging
from collections.abc import Mapping, Sequence
from os import PathLike

from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.embed.encoders import ENCODERS
from lensflow.samples.stacks import open_stack

logger = logging.getLogger(__name__)


def fit_encoder(
    encoder: str,
    stack_paths: Sequence[str | PathLike],
    preset: Mapping,
    n_features: int,
    seed: int,
    output_path: str | PathLike,
    n_threads: int | None = None,
) -> None:
    """Fit an encoder and write its artifact.

    Parameters
    ----------
    encoder : str
        Which of `lensflow.embed.encoders.ENCODERS`; not a network.
    stack_paths : sequence of path-like
        The training sample's stacks of its input stage.
    preset : mapping
        The preset that names it.
    n_features : int
        Number of features.
    seed : int
        Of everything that is drawn.
    output_path : path-like
        The artifact to write (kind "encoder").
    n_threads : int, optional
        Most threads of linear algebra.
    """
    stack_paths = list(stack_paths)
    artifacts.expect_order(stack_paths, stage=ENCODERS[encoder].input_stage)
    with open_stack(stack_paths[0]) as stack:
        bands = stack.bands
    with threadpool_limits(limits=n_threads), artifacts.descending(*stack_paths):
        ENCODERS[encoder].fit(stack_paths, preset, n_features, seed).save(output_path, bands)
    logger.info("fitted the encoder %s: %d features", encoder, n_features)
