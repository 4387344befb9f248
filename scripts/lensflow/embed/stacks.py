"""Embeddings of the samples that an experiment's own dataset is split into."""

import logging
from collections.abc import Mapping
from os import PathLike

import pandas as pd

from lensflow import artifacts
from lensflow.embed.encoders import ENCODERS
from lensflow.errors import ArtifactError
from lensflow.samples.bands import expect_bands
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.images import read_index
from lensflow.samples.rows import MEASURES
from lensflow.samples.stacks import open_stack

logger = logging.getLogger(__name__)


def embed_stack(
    stack_path: str | PathLike,
    index_path: str | PathLike,
    encoder: str,
    encoder_path: str | PathLike,
    preset: Mapping,
    n_features: int,
    output_path: str | PathLike,
) -> None:
    """Embed one shard of a sample.

    Parameters
    ----------
    stack_path : path-like
        Stack of the encoder's input stage.
    index_path : path-like
        ``index.h5`` of the dataset, for the lensed pixels and flux of each object.
    encoder : str
        Which of `lensflow.embed.encoders.ENCODERS`.
    encoder_path : path-like
        Its artifact.
    preset : mapping
        The preset it was made with.
    n_features : int
        Number of features.
    output_path : path-like
        Embeddings to write, one row an image of the stack.
    """
    encode = ENCODERS[encoder].load(encoder_path, preset, n_features)
    measures = read_index(index_path, catalogue=MEASURES)
    with (
        open_stack(stack_path, ENCODERS[encoder].input_stage) as stack,
        artifacts.descending(stack_path, encoder_path, encoder=encoder_path, index=index_path),
    ):
        expect_bands(stack.file, encoder_path)
        rows = stack.rows().merge(measures, on="id", how="left", validate="many_to_one")
        _check_listed(rows["id"], measures["id"], index_path)
        blocks = (encode(images) for images in stack.blocks())
        write_embeddings(output_path, rows, blocks, n_features, artifacts.identity(stack.file))
    logger.info("embedded %d images", len(rows))


def _check_listed(ids: pd.Series, listed: pd.Series, index_path: str | PathLike) -> None:
    lost = ids[~ids.isin(listed)]
    if len(lost):
        raise ArtifactError(
            f"{len(lost)} images of the stack are not in {index_path}, {lost.iloc[0]!r} first. "
            "The stack belongs to another version of the dataset: delete it and run again."
        )
