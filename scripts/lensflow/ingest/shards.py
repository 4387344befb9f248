"""Image shards: what they hold, and how it is written, whatever the images come from."""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.ingest import catalogue, positions, quarantine
from lensflow.ingest.settings import CutoutSettings
from lensflow.samples.bands import band_axes, bands_attribute

# A block of images that stays in a core's cache while it is swapped, measured and checked; five
# chunks of the file.
BLOCK_IMAGES = 60
TABLE_ROWS = 2048
MEASURED = ("sky_sigma", "headers", "correlation")
"""What is kept of a batch beside its flux."""

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def create_shard(
    images: str | os.PathLike,
    shard_quarantine: str | os.PathLike,
    dataset: str,
    shard: int,
    n_listed: int,
    settings: Sequence[CutoutSettings],
    **attrs: object,
) -> Iterator[tuple[artifacts.Writer, list[tuple[str, str, str]]]]:
    """Write an image shard and, when the ``with`` block ends, the list of what was left out of it.

    Parameters
    ----------
    images, shard_quarantine : path-like
        The shard (kind "images"), and the CSV of what could not be read.
    dataset : str
    shard : int
    n_listed : int
        Objects that the shard was to hold.
    settings : sequence of CutoutSettings
        Of each band.
    **attrs
        Further root attributes.

    Yields
    ------
    Writer
        Begin it by `begin_images`.
    list of (path, id, reason)
        To be filled with what is left out.
    """
    problems: list[tuple[str, str, str]] = []
    known = {"dataset": dataset, "shard": shard, "n_listed": n_listed, **attrs}
    known |= bands_attribute([each.band for each in settings])
    with artifacts.create(images, "images", known) as writer:
        yield writer, problems
        kept = len(writer.file["id"])
    quarantine.report(dataset, quarantine.write(shard_quarantine, problems))
    logger.info("dataset %s shard %d: %d of %d images stored", dataset, shard, kept, n_listed)


def begin_images(
    writer, columns: pd.DataFrame, settings: Sequence[CutoutSettings], sources: bool
) -> None:
    """Begin the datasets of an image shard.

    Parameters
    ----------
    writer : lensflow.artifacts.Writer
    columns : DataFrame
        The catalogue without rows, nor identifiers.
    settings : sequence of CutoutSettings
        Of each band.
    sources : bool
        Whether images of the lensed sources alone are kept too.
    """
    first = settings[0]
    # The vaguest of the bands' units.
    unit = max((each.unit for each in settings), key=len)
    bands = [each.band for each in settings]
    begin_pixels(writer, first.size, unit, sources, first.correlated, bands)
    begin_table(writer, columns)


def begin_pixels(
    writer,
    size: int,
    unit: str,
    sources: bool,
    correlated: bool = False,
    bands: Sequence[str] = (),
) -> None:
    """Begin the datasets of an image shard but for its catalogue.

    Parameters
    ----------
    writer : lensflow.artifacts.Writer
    size : int
        Side of the images (pixels).
    unit : str
        Unit of their flux.
    sources : bool
        Whether images of the lensed sources alone are kept too.
    correlated : bool
        Whether it is known how much noise neighbouring pixels share.
    bands : sequence of str
        Of several bands their names.
    """
    each = band_axes(bands)
    axes, shape = "[image, band, y, x]" if each else "[image, y, x]", (0, *each, size, size)
    writer.growable("flux", shape, np.float32, unit, f"cutouts {axes}", compress=False)
    if sources:
        text = f"noise-free images of the lensed source alone {axes}"
        writer.growable("source_flux", shape, np.float32, unit, text, compress=False)
    writer.growable("sky_sigma", (0, *each), np.float32, unit, "sky noise of a pixel")
    if correlated:
        text = "correlation of the noise of neighbouring pixels"
        writer.growable("sky_correlation", (0, *each), np.float32, "1", text)
    writer.growable("id", (0,), str, description="identifier of the object")


def append_objects(
    writer, ids: np.ndarray, measured: Mapping[str, np.ndarray], place, table: pd.DataFrame
) -> None:
    """Add what is known of some images to a shard, beside their flux.

    Parameters
    ----------
    writer : lensflow.artifacts.Writer
    ids : ndarray of str
    measured : mapping
        ``sky_sigma`` and ``correlation``.
    place : lensflow.ingest.positions.Positions
    table : DataFrame
        Catalogue.
    """
    n_before = len(writer.file["id"])
    writer.append("sky_sigma", measured["sky_sigma"])
    if "sky_correlation" in writer.file:
        writer.append("sky_correlation", measured["correlation"])
    writer.append("id", ids)
    positions.append(writer, n_before, place)
    artifacts.append_table(writer, "catalogue", table)


def begin_table(writer, table: pd.DataFrame) -> None:
    """Begin the catalogue of a file; ``table`` gives its columns."""
    units, descriptions = catalogue.UNITS, catalogue.DESCRIPTIONS
    artifacts.grow_table(writer, "catalogue", table, units, descriptions)
