"""Bands: what a file says of them, and how tables carry one number a band.

Images of one band are (n, y, x) and have one sky noise each; of several they are (n, band, y, x),
with (n, band), in the order that the file's attribute `BANDS` names. A file of one band lacks it.
"""

from collections.abc import Mapping, Sequence
from os import PathLike

import h5py
import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError

BANDS = "bands"
"""Root attribute with the names of several bands, in order, separated by blanks."""


def bands_attribute(bands: Sequence[str]) -> dict[str, str]:
    """Return what a file says of its bands: nothing of a single one."""
    return {BANDS: " ".join(bands)} if len(bands) > 1 else {}


def bands_of(attrs: Mapping[str, object] | h5py.AttributeManager) -> tuple[str, ...]:
    """Return the bands that attributes of a file name; none where it has a single one."""
    return tuple(str(attrs.get(BANDS, "")).split())


def expect_bands(file: h5py.File, model_path: str | PathLike) -> None:
    """Refuse an open artifact of images that are of other bands than what a model was made from.

    Parameters
    ----------
    file : h5py.File
    model_path : path-like
        An encoder or weights; one that names no bands, or is no HDF5, says nothing.

    Raises
    ------
    ArtifactError
        When it names other bands, or the same in another order.
    """
    if not h5py.is_hdf5(model_path):
        return
    with artifacts.peek(model_path) as model:
        wanted = bands_of(model.attrs)
    received = bands_of(file.attrs)
    if wanted and received != wanted:
        raise ArtifactError(
            f"{file.filename} has images of {' '.join(received) or 'one band'}, and {model_path} "
            f"was made from images of {' '.join(wanted)}; expected the same bands in the same "
            "order. Write the bands of the dataset in that order and run again."
        )


def band_axes(bands: Sequence[str]) -> tuple[int, ...]:
    """Return the shape of one number a band: of a single band a number by itself."""
    return (len(bands),) if len(bands) > 1 else ()


def first_band(images: np.ndarray) -> np.ndarray:
    """Return images (n, y, x) of the first band of images (n, y, x) or (n, band, y, x)."""
    return images if images.ndim == 3 else images[:, 0]


def first_of_bands(values: np.ndarray) -> np.ndarray:
    """Return the numbers (n,) of the first band of (n,) or (n, band)."""
    return values if values.ndim == 1 else values[:, 0]


def spread(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of a table that hold one number (n,), or one a band (n, band).

    The first band's has the plain name, so that whoever looks at one band finds it there.
    """
    if values.ndim == 1:
        return {name: values}
    return {_column(name, band): values[:, band] for band in range(values.shape[1])}


def gathered(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return what `spread` made columns of: (n,), or (n, band)."""
    columns = [name]
    while (column := _column(name, len(columns))) in table:
        columns.append(column)
    return table[name].to_numpy() if len(columns) == 1 else table[columns].to_numpy()


def _column(name: str, band: int) -> str:
    return f"{name}_{band + 1}" if band else name
