"""Sections of large FITS images, without the images in memory where the file allows it.

An image that is stored as plain numbers is mapped, and only the pages under a section are read. One
that is scaled or tile-compressed is read by astropy section by section, unless the sections come to
more than the image: then, and for gzip, which cannot be read from its middle, the image is read as
a whole.
"""

import mmap
import os
import warnings

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest.fits_direct import DTYPES
from lensflow.ingest.fits_images import check_sizes, choose_hdu, open_regular, unreadable
from lensflow.ingest.headers import header_of_astropy

_SCALED = ("BSCALE", "BZERO", "BLANK")


class Plane:
    """One image of a FITS file, to be read by sections.

    Parameters
    ----------
    path : str or path-like
    hdus : tuple of str, optional
        Names of HDUs in order of preference; None takes the first image.
    n_sections, size : int
        How many sections will be read, and their side in pixels.

    Attributes
    ----------
    shape : (int, int)
    header : Header
    dtype : numpy.dtype

    Raises
    ------
    CutoutError
        When the file cannot be read.
    """

    def __init__(
        self, path: str | os.PathLike, hdus: tuple[str, ...] | None, n_sections: int, size: int
    ):
        from astropy.io import fits

        self.path, self._file, self._map = path, None, None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._file = fits.open(path, memmap=False, lazy_load_hdus=True)
                hdu = choose_hdu(self._file, hdus)
                self.header = header_of_astropy(hdu.header)
                self.shape = hdu.shape
                self._pixels = self._source(hdu, n_sections * size > hdu.shape[0])
        except CutoutError:
            self.close()
            raise
        except Exception as error:  # damaged files raise almost anything
            self.close()
            raise CutoutError(unreadable(path, error)) from error
        self.dtype = np.dtype(getattr(self._pixels, "dtype", DTYPES[hdu.header["BITPIX"]]))

    def _source(self, hdu, many: bool):
        """Return what a section is a slice of."""
        is_plain = type(hdu).__name__ in ("PrimaryHDU", "ImageHDU")
        if is_plain and not any(key in hdu.header for key in _SCALED) and not _is_packed(self.path):
            return self._mapped(hdu)
        return np.asarray(hdu.data) if many or _is_packed(self.path) else hdu.section

    def _mapped(self, hdu) -> np.ndarray:
        dtype = np.dtype(DTYPES[hdu.header["BITPIX"]])
        start = hdu.fileinfo()["datLoc"]
        needed, there = start + dtype.itemsize * int(np.prod(hdu.shape)), os.path.getsize(self.path)
        if there < needed:
            raise CutoutError(f"the file is truncated: it ends after {there} bytes, in the data")
        mapped = np.memmap(self.path, dtype, "r", start, hdu.shape)
        self._map = mapped._mmap
        # The sections of a memmap are memmaps, which takes longer to make than to read them.
        return np.asarray(mapped)

    def section(self, rows: slice, columns: slice) -> np.ndarray:
        """Return the pixels of a section as stored.

        Raises
        ------
        CutoutError
            When its bytes are damaged.
        """
        try:
            return self._pixels[rows, columns]
        except Exception as error:  # a damaged compressed tile raises almost anything
            raise CutoutError(unreadable(self.path, error)) from error

    def forget(self) -> None:
        """Give back the memory of what was read; it is read again from the file when needed."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Close the file."""
        self._pixels = self._map = None
        if self._file is not None:
            self._file.close()


def read_header(path: str | os.PathLike, hdus: tuple[str, ...] | None):
    """Return the header, as astropy's and as `Header`, and the shape of an image.

    Raises
    ------
    CutoutError
        When there is no such image, or the file ends before it does.
    """
    from astropy.io import fits

    try:
        # Opened here, because astropy leaves a file open when its header is damaged.
        with warnings.catch_warnings(), open_regular(path) as stream:
            warnings.simplefilter("ignore")
            check_sizes(stream)
            hdu = choose_hdu(fits.open(stream, memmap=False), hdus)
            whole, info = hdu.header.copy(), hdu.fileinfo()
            size = os.path.getsize(path)
            if not _is_packed(path) and info["datLoc"] + info["datSpan"] > size:
                raise CutoutError(f"the file is truncated: it ends after {size} bytes, in the data")
            return whole, header_of_astropy(whole), hdu.shape
    except CutoutError:
        raise
    except Exception as error:  # damaged files raise almost anything
        raise CutoutError(unreadable(path, error)) from error


def _is_packed(path: str | os.PathLike) -> bool:
    """Say whether a file begins as gzip or bzip2 does."""
    with open(path, "rb") as file:
        start = file.read(3)
    return start[:2] == b"\x1f\x8b" or start == b"BZh"
