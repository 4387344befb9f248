"""The layers of a FITS cutout: its image, and the maps of noise and of flags that lie beside it."""

import os
from dataclasses import dataclass

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest.fits_direct import read_direct
from lensflow.ingest.fits_images import check_bytes, choose_hdu, open_hdus
from lensflow.ingest.headers import Header, header_of_astropy, read_first_header

BAD_RMS = 1e15
"""Noise from which on a pixel has no value: SExtractor and Euclid write 1e16 or more there."""


@dataclass(frozen=True)
class Layers:
    """What was read of one file.

    Attributes
    ----------
    pixels : ndarray of shape (height, width)
        As stored.
    header : Header
        Of the HDU of the pixels.
    rms, flags : ndarray of shape (height, width), optional
        Noise of each pixel in the unit of the pixels, and bits that say what is wrong with it.
    """

    pixels: np.ndarray
    header: Header
    rms: np.ndarray | None = None
    flags: np.ndarray | None = None


def read_layers(
    path: str | os.PathLike,
    hdus: tuple[str, ...] | None,
    rms_hdus: tuple[str, ...] | None = None,
    flag_hdus: tuple[str, ...] | None = None,
) -> Layers:
    """Read the layers of a file.

    Parameters
    ----------
    path : str or path-like
    hdus, rms_hdus, flag_hdus : tuple of str, optional
        Names of the HDUs of each layer, in order of preference. None takes the first image for the
        pixels, and nothing for the other two.

    Raises
    ------
    CutoutError
        When the file cannot be read, or lacks a layer that is named.
    """
    if rms_hdus is None and flag_hdus is None:
        direct = read_direct(path, hdus)
        if direct is not None:
            return Layers(direct[0], read_first_header(path))
    with open_hdus(path) as file:
        chosen = choose_hdu(file, hdus)
        check_bytes(chosen)
        pixels = np.asarray(chosen.data)
        maps = [_map(file, names, pixels.shape) for names in (rms_hdus, flag_hdus)]
        return Layers(pixels, header_of_astropy(chosen.header), *maps)


def _map(file, names: tuple[str, ...] | None, shape: tuple[int, int]) -> np.ndarray | None:
    if names is None:
        return None
    found = np.asarray(choose_hdu(file, names).data)
    if found.shape != shape:
        raise CutoutError(
            f"the map {names} has shape {found.shape} and the image {shape}; expected the same"
        )
    return found


def is_missing(rms: np.ndarray | None, flags: np.ndarray | None, bits: int | None) -> np.ndarray:
    """Say which pixels have no value, by their noise or their flags.

    Parameters
    ----------
    rms : ndarray, optional
        Noise; not positive, not finite or from `BAD_RMS` on, the pixel has no value.
    flags : ndarray of int, optional
        Flags of the same shape.
    bits : int, optional
        The bits of the flags that count; None: all.

    Returns
    -------
    ndarray of bool, or a single False where there is no map.
    """
    missing = np.zeros((), bool)
    if rms is not None:
        missing = ~((rms > 0) & (rms < BAD_RMS))
    if flags is not None:
        values = flags.astype(np.int64)
        missing = missing | ((values != 0) if bits is None else (values & bits != 0))
    return missing
