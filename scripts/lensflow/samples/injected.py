"""Injected sources: lensed sources that were put into images of a dataset, and what they are.

They are image shards (`lensflow.samples.images`) whose catalogue has other columns.
"""

from collections.abc import Iterable

import pandas as pd

from lensflow import artifacts
from lensflow.samples.images import open_images
from lensflow.samples.rows import MEASURES, RADIUS, Path

GALAXY, SOURCE_FLUX, MAGNITUDE = "galaxy", "source_flux_in_sigma", "source_magnitude"
COLUMNS = {
    "is_lens": ("1", "1 lens, 0 non-lens, -1 unknown"),
    GALAXY: ("1", "identifier of the object whose image it is"),
    RADIUS: ("arcsec", "Einstein radius"),
    **MEASURES,
    SOURCE_FLUX: ("sky sigma", "flux of the source without the lens"),
    MAGNITUDE: ("mag", "the same, AB; NaN where the unit of the images is not known"),
}
"""Their catalogue: unit and description by column."""


def read_injected(paths: Iterable[Path]) -> pd.DataFrame:
    """Return id and `COLUMNS` of the sources in some image shards, in order."""
    paths, tables = list(paths), []
    artifacts.expect_order(paths)
    for path in paths:
        with open_images(path) as images:
            tables.append(images.rows()[["id", *COLUMNS]])
    return pd.concat(tables, ignore_index=True)
