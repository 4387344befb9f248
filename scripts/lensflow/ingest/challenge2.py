"""The Lens Finding Challenge 2.0: where each band of an object is, and its catalogue.

Images of the bands lie in folders ``EUC_VIS``, ``EUC_Y``, ``EUC_J`` and ``EUC_H``, or ``Band1`` and
so on as simulated datasets of several bands have them, under names that say band and identifier.
VIS has pixels of 0.1 arcsec, the others of 0.3 (200 and 66 pixels a side).
"""

import os

from lensflow.ingest.listing import Layout

FIRST = "VIS"
SCALES = {"VIS": 0.1, "Y": 0.3, "J": 0.3, "H": 0.3}
"""Pixel scale (arcsec) of each band."""

LAYOUT = Layout(
    f"Public/*/imageEUC_{FIRST}-*.fits",
    rf"^imageEUC_{FIRST}-(.+)\.fits$",
    frozenset({"Private"}),
)

COLUMNS = {
    "ID": "id",
    "ein_area": "einstein_area_sr",
    "n_pix_source": "numb_pix_lensed_image",
}
"""Names here of columns of the catalogue (areas in square radians)."""

LEAST_MAGNIFICATION, LEAST_PIXELS = 1.6, 20
"""A lens has a source image, and more than both of these."""


def band_file(path: str, band: str) -> str:
    """Return where a band of an object is, from where its first band is.

    Where there is none, the name that it has in the challenge.
    """
    folder, name = os.path.split(path)
    above = os.path.dirname(folder)
    name = name.replace(f"EUC_{FIRST}-", f"EUC_{band}-", 1)
    folders = [f"EUC_{band}", *(f"Band{number}" for number in range(1, len(SCALES) + 1))]
    places = [os.path.join(above, folder, name) for folder in folders]
    return next((place for place in places if os.path.exists(place)), places[0])


def read_catalogue(path: str | os.PathLike):
    """Read the challenge's catalogue into the workflow's own columns.

    A lens has a source image, a magnification above 1.6 and more than 20 pixels, as the challenge
    scored it; an object that is listed twice counts once.

    Parameters
    ----------
    path : path-like
        CSV with comments behind ``#`` (``image_catalog2.0train.csv``).

    Returns
    -------
    pandas.DataFrame
        Columns as `lensflow.ingest.catalogue.read_catalogue` returns them.

    Raises
    ------
    CatalogueError
        When it cannot be read, or lacks a column.
    """
    import pandas as pd

    from lensflow.ingest import catalogue
    from lensflow.ingest.objects import read_columns

    judged = ("n_source_im", "mag_eff", "n_pix_source")
    table = read_columns(path, [*COLUMNS, *(name for name in judged if name not in COLUMNS)])
    table = table.drop_duplicates("ID", ignore_index=True)
    images, magnification, pixels = (pd.to_numeric(table[name], "coerce") for name in judged)
    # Without a magnification, as the catalogue has it for many objects, it is no lens.
    is_lens = (images > 0) & (magnification > LEAST_MAGNIFICATION) & (pixels > LEAST_PIXELS)
    table = table[[*COLUMNS]].rename(columns=COLUMNS).assign(is_lens=is_lens.astype("int8"))
    table["id"] = catalogue.clean_ids(path, table["id"])
    return catalogue.complete(table)
