"""The few cards of a FITS header that say where an image is on the sky and in which unit it is.

A plain file's header is read from its bytes, card by card; astropy is asked where it opened the
file anyway. Only `KEYWORDS` are kept; the whole header is there for what needs all of it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astropy.io import fits

CARD, BLOCK = 80, 2880
MAX_BLOCKS = 100
AXES = ("1", "2")
MATRIX = tuple(f"{i}_{j}" for i in AXES for j in AXES)
TARGET_CARDS = (("RA_TARG", "DEC_TARG"), ("OBJRA", "OBJDEC"), ("RA_OBJ", "DEC_OBJ"), ("RA", "DEC"))
"""Cards of the target's position, in order of preference."""

KEYWORDS = frozenset(
    [
        *(name + axis for name in ("CTYPE", "CUNIT", "CRPIX", "CRVAL", "CDELT") for axis in AXES),
        *(name + pair for name in ("CD", "PC") for pair in MATRIX),
        *("CROTA1", "CROTA2", "LONPOLE", "RADESYS", "RADECSYS", "EQUINOX"),
        # What makes a projection another one than its name says.
        *("A_ORDER", "B_ORDER", "CPDIS1", "CPDIS2", "PV1_1", "PV2_1", "PV2_2"),
        *("TARGETX", "TARGETY"),
        *(name for pair in TARGET_CARDS for name in pair),
        *("BUNIT", "FLUXMAG0", "MAGZERO", "MAGZPT", "ZEROPNT", "STRETCH"),
    ]
)

_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^/]*?))\s*(?:/(.*))?$", re.DOTALL)


@dataclass(frozen=True)
class Header:
    """What is known of a header.

    Attributes
    ----------
    values : mapping of str to str, float or None
        Of the `KEYWORDS` that it has; None for a card without a value.
    comments : mapping of str to str
        What stands beside the values.
    whole : bytes or astropy.io.fits.Header
        All of it.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    whole: "bytes | fits.Header" = b""

    def number(self, keyword: str) -> float | None:
        """Return the number of a card; None where there is none."""
        value = self.values.get(keyword)
        return float(value) if isinstance(value, int | float) else None

    def text(self, keyword: str) -> str:
        """Return the text of a card without blanks around it; "" where there is none."""
        value = self.values.get(keyword)
        return value.strip() if isinstance(value, str) else ""

    def as_astropy(self) -> "fits.Header":
        """Return the whole header as astropy's."""
        from astropy.io import fits

        if isinstance(self.whole, bytes):
            return fits.Header.fromstring(self.whole)
        return self.whole


def read_first_header(path: str | os.PathLike) -> Header:
    """Read the header of the first HDU of a plain FITS file from its bytes.

    Parameters
    ----------
    path : str or path-like
        A file that `lensflow.ingest.fits_direct.read_direct` read.
    """
    raw = b""
    with open(path, "rb", buffering=BLOCK) as file:
        for _ in range(MAX_BLOCKS):
            raw += file.read(BLOCK)
            end = _end(raw)
            if end >= 0:
                return header_of_bytes(raw[:end])
    return Header()


def header_of_bytes(raw: bytes) -> Header:
    """Return the header whose cards, without END, are ``raw``."""
    values, comments = {}, {}
    for start in range(0, len(raw), CARD):
        keyword = raw[start : start + 8].rstrip().decode("ascii", "replace")
        if keyword in KEYWORDS and raw[start + 8 : start + 9] == b"=":
            card = raw[start + 9 : start + CARD].decode("ascii", "replace")
            values[keyword], comments[keyword] = _parse(card)
    return Header(values, comments, raw)


def header_of_astropy(header: "fits.Header") -> Header:
    """Return what is known of a header that astropy read; of a card twice, the first counts."""
    kept = [keyword for keyword in KEYWORDS if keyword in header]
    values = {keyword: _plain(header[keyword, 0]) for keyword in kept}
    comments = {keyword: header.comments[keyword, 0] for keyword in kept}
    return Header(values, comments, header)


def _plain(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None if value is None or type(value).__name__ == "Undefined" else str(value)
    return value


def _end(raw: bytes) -> int:
    """Return where the END card begins in the last block; -1 where it is not there."""
    for start in range(max(0, len(raw) - BLOCK), len(raw), CARD):
        if raw[start : start + CARD].rstrip() == b"END":
            return start
    return -1


def _parse(card: str) -> tuple[object, str]:
    """Return the value and the comment of a card after its value indicator."""
    match = _VALUE.match(card)
    text, bare, comment = match.groups()
    if text is not None:
        return text.replace("''", "'").rstrip(), (comment or "").strip()
    try:
        return float(bare.replace("D", "E")), (comment or "").strip()
    except ValueError:
        return bare or None, (comment or "").strip()
