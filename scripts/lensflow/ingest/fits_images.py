"""The image and the zero point of a FITS file: fast where it is plain, by astropy elsewhere."""

import contextlib
import functools
import gzip
import io
import math
import os
import re
import stat
import warnings
import zlib
from typing import BinaryIO

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest.fits_checksums import mismatch
from lensflow.ingest.fits_direct import CARD, MAX_BYTES, ZERO_POINT_KEYWORDS, read_direct
from lensflow.ingest.units import preferred

LOWEST_ZERO_POINT, HIGHEST_ZERO_POINT = -10.0, 60.0
"""AB magnitudes of one count that a calibrated image may have; sentinels such as 99 lie outside."""

GZIP = b"\x1f\x8b"
LARGEST_UNPACKED = 1 << 30
HEADERS_BYTES = 1 << 20
"""Bytes of a file in which headers are looked at before astropy reads them."""

_IMPOSSIBLE = re.compile(rb"NAXIS   = +\d{4,} |(?:NAXIS[ \d]{3}|[PG]COUNT  )= +-\d+ ")


def read_pixels(
    path: str | os.PathLike, hdus: tuple[str, ...] | None = None
) -> tuple[np.ndarray, float | None]:
    """Read the image of a FITS file as stored, and the zero point of its header (or None)."""
    direct = read_direct(path, hdus)
    return direct if direct is not None else read_with_astropy(path, hdus)


def read_with_astropy(
    path: str | os.PathLike, hdus: tuple[str, ...] | None = None
) -> tuple[np.ndarray, float | None]:
    """Do what `read_pixels` does for any FITS file that astropy understands."""
    with open_hdus(path) as file:
        hdu = choose_hdu(file, hdus)
        check_bytes(hdu)
        return np.asarray(hdu.data), header_zero_point(hdu.header)


@contextlib.contextmanager
def open_hdus(path: str | os.PathLike):
    """Open a FITS file by astropy, which compares its checksums; yield the list of its HDUs.

    Raises
    ------
    CutoutError
        When it cannot be read, then or in the ``with`` block.
    """
    # Imported when needed: a million plain files are read without it.
    from astropy.io import fits

    try:
        # Opened here, because astropy leaves a file open when its header is damaged.
        with warnings.catch_warnings(), open_regular(path) as stream:
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", "(Checksum|Datasum) verification failed")
            whole = unpacked(stream)
            check_sizes(whole)
            yield fits.open(whole, memmap=False, checksum=True)
    except CutoutError:
        raise
    except Exception as error:  # damaged files raise almost anything
        raise CutoutError(unreadable(path, error)) from error


def check_sizes(stream: BinaryIO) -> None:
    """Refuse headers with sizes that astropy would look for without end."""
    raw = stream.read(HEADERS_BYTES)
    stream.seek(0)
    for found in _IMPOSSIBLE.finditer(raw):
        if found.start() % CARD == 0:
            card = b" ".join(found[0].split()).decode()
            raise CutoutError(
                f"its header is damaged: {card}; at most 999 axes and no negative sizes were "
                "expected"
            )


@contextlib.contextmanager
def open_regular(path: str | os.PathLike):
    """Open a file for reading; a pipe would wait for ever, and a device never end."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise CutoutError("the file cannot be read: it is no regular file but a pipe or device")
        yield file


def unpacked(stream: BinaryIO) -> BinaryIO:
    """Return a file; a gzipped one unpacked to its end, where its own checksum stands."""
    is_packed = stream.read(2) == GZIP
    stream.seek(0)
    if not is_packed:
        return stream
    with gzip.open(stream) as packed:
        unpacked = packed.read(LARGEST_UNPACKED + 1)
    if len(unpacked) > LARGEST_UNPACKED:
        raise CutoutError(f"it unpacks to more than {LARGEST_UNPACKED >> 20} MiB")
    return io.BytesIO(unpacked)


def check_bytes(hdu) -> None:
    """Refuse an image by what its header promises, before memory is taken for it."""
    n_bytes = math.prod(hdu.shape) * abs(int(hdu.header["BITPIX"])) // 8
    if n_bytes > MAX_BYTES:
        raise CutoutError(
            f"the image has shape {hdu.shape}, {n_bytes / 1e6:.0f} MB; a cutout of at most "
            f"{MAX_BYTES / 1e6:.0f} MB was expected"
        )


def maggies_per_count(own: float | None, configured: float | None) -> np.float32:
    """Return the flux of one count from the header's ``own`` zero point, else the configured one.

    Raises
    ------
    CutoutError
        When neither is known.
    """
    if own is None and configured is None:
        names = " or ".join(ZERO_POINT_KEYWORDS)
        raise CutoutError(
            f"no zero point is known: the header has no {names} and the configuration no "
            "zero_point; give zero_point (AB mag, 0 when the pixels are maggies)"
        )
    return flux_factor(own, configured)


def flux_factor(own: float | None, configured: float | None) -> np.float32:
    """Return what counts are multiplied by: to AB maggies, or 1 where no zero point is known.

    Images are brought to units of their sky noise or stretched, so that the unit is a convenience.

    Raises
    ------
    CutoutError
        When the zero point is no magnitude that one count can have.
    """
    zero_point = preferred(own, configured)
    if zero_point is None:
        return np.float32(1)
    if not LOWEST_ZERO_POINT <= zero_point <= HIGHEST_ZERO_POINT:
        raise CutoutError(
            f"its zero point is no magnitude of one count: received {zero_point}, expected "
            f"{LOWEST_ZERO_POINT:.0f} to {HIGHEST_ZERO_POINT:.0f}; mend or remove the header's "
            f"{' or '.join(ZERO_POINT_KEYWORDS)}"
        )
    return _factor(zero_point)


@functools.lru_cache(maxsize=1024)
def _factor(zero_point: float) -> np.float32:
    return np.float32(10.0 ** (-0.4 * zero_point))


def choose_hdu(file, hdus: tuple[str, ...] | None):
    if hdus is None:
        return _first_image(file)
    by_name = {
        hdu.name.upper(): hdu for hdu in reversed([*file]) if hdu.is_image and _has_data(hdu)
    }
    if file[0].is_image and _has_data(file[0]):
        by_name.setdefault("PRIMARY", file[0])
    for name in hdus:
        if name in by_name:
            return _of_two_dimensions(by_name[name])
    raise CutoutError(f"none of the HDUs {list(hdus)} has an image; it has {sorted(by_name)}")


def _first_image(file):
    for hdu in file:
        if hdu.is_image and len(hdu.shape) == 2 and _has_data(hdu):
            return hdu
    raise CutoutError(f"no HDU has an image of two dimensions; {[hdu.shape for hdu in file]}")


def _has_data(hdu) -> bool:
    return len(hdu.shape) > 0 and 0 not in hdu.shape


def _of_two_dimensions(hdu):
    if len(hdu.shape) != 2:
        raise CutoutError(f"HDU {hdu.name} has shape {hdu.shape}; two dimensions were expected")
    return hdu


def header_zero_point(header) -> float | None:
    for name in ZERO_POINT_KEYWORDS:
        value = header.get(name)
        # A card without a value is of the class Undefined, and says that nothing is known.
        if value is None or type(value).__name__ == "Undefined":
            continue
        try:
            if not isinstance(value, bool):
                return float(value)
        except (TypeError, ValueError):
            pass
        raise CutoutError(
            f"its zero point is no number: {name} = {value!r}; mend or remove that card"
        )
    return None


def unreadable(path: str | os.PathLike, error: Exception) -> str:
    if found := re.match(r"(Checksum|Datasum) verification failed", str(error)):
        return mismatch(found[1].upper())
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return f"its gzip is damaged: {error}; get it again"
    if isinstance(error, OSError) and error.errno:
        return f"the file cannot be read: {error.strerror}"
    if "buffer is too small" in str(error) or "cannot reshape array" in str(error):
        return f"the file is truncated: it ends after {os.path.getsize(path)} bytes, in the data"
    return f"astropy cannot read it: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
