"""Read the image of a plain primary HDU straight from its bytes, where the header proves it safe.

A survey is millions of small files, and opening one with astropy costs ten times what reading its
bytes costs. The header is checked card by card for what would change the meaning of the pixels
(scaling, blanks, extensions, names); on any doubt `read_direct` returns None and the caller asks
astropy, so that both ways give the same bits for every file.
"""

import functools
import math
import os
import re

import numpy as np

from lensflow.ingest.fits_checksums import check_sums

CARD, BLOCK = 80, 2880
FIRST_READ = 64 * 1024
MAX_BYTES = 256 * 1024 * 1024
DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
ZERO_POINT_KEYWORDS = ("MAGZERO", "MAGZPT", "ZEROPNT")

_STRUCTURE = re.compile(
    rb"SIMPLE  = {20}T[ /].{49}"
    rb"BITPIX  = (.{20})[ /].{49}NAXIS   = {20}2[ /].{49}"
    rb"NAXIS1  = (.{20})[ /].{49}NAXIS2  = (.{20})[ /].{49}",
    re.DOTALL,
)
_INTEGER = re.compile(rb" *-?\d+")
_HEADER = re.compile(rb"(?:.{80}){5,}?(?=END)", re.DOTALL)
_NUMBER_CARD = re.compile(rb".{8}= +([+-]?\d+\.?\d*(?:E[+-]?\d+)?) *(?:/.*)?", re.DOTALL)
_END_CARD = b"END" + b" " * (CARD - 3)
_NEXT = b"XTENSION"
_IDENTITY = {b"BSCALE": 1.0, b"BZERO": 0.0, b"PCOUNT": 0.0, b"GCOUNT": 1.0}
_ZERO_POINTS = [name.encode() for name in ZERO_POINT_KEYWORDS]
_REPEATED = {b"SIMPLE", b"BITPIX", b"NAXIS", b"NAXIS1", b"NAXIS2"}
_UNSAFE = {*_REPEATED, b"BLANK", b"GROUPS", b"XTENSION", b"ZIMAGE"}
_SPECIAL = [*_IDENTITY, *_ZERO_POINTS, *_UNSAFE, b"EXTNAME"]
# What differs between the headers of one dataset: numbers, and the blanks that align them.
_VARYING = b" +-.0123456789"
_SPECIAL_LETTERS = {name.translate(None, _VARYING) for name in _SPECIAL}


def read_direct(
    path: str | os.PathLike, hdus: tuple[str, ...] | None = None
) -> tuple[np.ndarray, float | None] | None:
    """Read the primary image of a plain FITS file.

    Parameters
    ----------
    path : str or path-like
        The file.
    hdus : tuple of str, optional
        Names of the HDUs wanted, in order of preference; the primary is taken for them only when
        it is listed as PRIMARY and the file has no other HDU.

    Returns
    -------
    (pixels, zero_point) or None
        The pixels as stored, (NAXIS2, NAXIS1), in the file's byte order and read-only, and the
        zero point of the header or None. None when the file is not provably plain.

    Raises
    ------
    CutoutError
        When a checksum in the header does not fit.
    """
    if hdus is not None and "PRIMARY" not in hdus:
        return None
    raw, layout = _read_bytes(path)
    if layout is None:
        return None
    dtype, shape, header_bytes, data_start, data_end = layout
    follows = raw[data_end : data_end + len(_NEXT)]
    # What is no HDU says that the header is wrong, or the file.
    ends_well = len(raw) >= data_end and (not follows or (hdus is None and follows == _NEXT))
    proof = _prove(raw[5 * CARD : header_bytes], named_is_safe=hdus is None)
    if not ends_well or proof is None:
        return None
    check_sums(raw, header_bytes, data_start, data_end)
    pixels = np.frombuffer(raw, dtype, math.prod(shape), data_start)
    return pixels.reshape(shape), proof[0]


def _read_bytes(path: str | os.PathLike) -> tuple[bytes, tuple | None]:
    """Read up to the end of the primary HDU, and how the next one begins."""
    try:
        # Of a pipe this reads nothing instead of waiting, and what is not FITS goes to astropy.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return b"", None
    try:
        raw = os.read(descriptor, FIRST_READ)
        layout = _layout(raw)
        if layout is not None:
            raw = _read_more(descriptor, raw, layout[-1] + len(_NEXT))
    except OSError:
        return b"", None
    finally:
        os.close(descriptor)
    return raw, layout


def _read_more(descriptor: int, raw: bytes, wanted: int) -> bytes:
    # A short read of a regular file is its end; only files larger than FIRST_READ come here twice.
    if len(raw) < FIRST_READ or len(raw) >= wanted:
        return raw
    parts = [raw]
    missing = wanted - len(raw)
    while missing > 0 and (part := os.read(descriptor, missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _layout(raw: bytes) -> tuple | None:
    """Where things lie: dtype, shape, bytes of header cards, first and last byte of the data."""
    structure = _structure(raw[: 5 * CARD])
    header = _HEADER.match(raw)
    if structure is None or header is None:
        return None
    end = header.end()
    if raw[end : end + CARD] != _END_CARD:
        return None
    dtype, shape, n_bytes = structure
    data_start = -(-(end + CARD) // BLOCK) * BLOCK
    return dtype, shape, end, data_start, data_start + -(-n_bytes // BLOCK) * BLOCK


@functools.lru_cache(maxsize=64)
def _structure(cards: bytes) -> tuple[str, tuple[int, int], int] | None:
    """Read the five mandatory cards; one dataset repeats them byte for byte, hence the cache."""
    match = _STRUCTURE.fullmatch(cards)
    if match is None or not all(_INTEGER.fullmatch(field) for field in match.groups()):
        return None
    bitpix, width, height = (int(field) for field in match.groups())
    n_bytes = abs(bitpix) // 8 * width * height
    if bitpix not in DTYPES or width < 1 or height < 1 or n_bytes > MAX_BYTES:
        return None
    return DTYPES[bitpix], (height, width), n_bytes


def _prove(cards: bytes, named_is_safe: bool) -> tuple[float | None] | None:
    """Return (zero point,) when no card changes what the pixels mean, else None."""
    letters = cards.translate(None, _VARYING)
    if not letters.isascii():
        return None
    if not _may_be_special(letters):
        return (None,)
    values = _special_values(cards.upper())
    if values is None or (b"EXTNAME" in values and not named_is_safe):
        return None
    if any(values.get(keyword, same) != same for keyword, same in _IDENTITY.items()):
        return None
    present = [values[keyword] for keyword in _ZERO_POINTS if keyword in values]
    if not _UNSAFE.isdisjoint(values) or None in present:
        return None
    return (present[0],) if present else (None,)


@functools.lru_cache(maxsize=1024)
def _may_be_special(letters: bytes) -> bool:
    """Say whether special keywords may be in cards, from the letters left of them.

    Taking out characters leaves a keyword's own letters together, so none is overlooked; and what
    is left is the same for most files of a dataset, hence the cache.
    """
    letters = letters.upper()
    return any(name in letters for name in _SPECIAL_LETTERS)


def _special_values(cards: bytes) -> dict[bytes, float | None] | None:
    """Return the numbers (or None) of the special keywords; None when that is not certain."""
    if b"CONTINUE" in cards:
        return None
    values: dict[bytes, float | None] = {}
    for start in range(0, len(cards), CARD):
        card = cards[start : start + CARD]
        # As astropy does: the value indicator may stand before its column.
        keyword = card[:9].partition(b"=")[0].strip()
        if keyword.startswith(b"HIERARCH") and any(name in card for name in _SPECIAL):
            return None
        if keyword in values:
            return None
        if keyword in _SPECIAL:
            match = _NUMBER_CARD.fullmatch(card)
            values[keyword] = float(match.group(1)) if match else None
    return values
