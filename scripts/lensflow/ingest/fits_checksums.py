"""Checksums that FITS files carry: DATASUM over the data of an HDU, CHECKSUM over all of it.

Both are ones' complement sums of 32-bit words (FITS standard 4.0, appendix J). Those of the whole
HDU add up to minus zero, all bits set, where CHECKSUM is right.
"""

import numpy as np

from lensflow.errors import CutoutError

CARD = 80
ALL_BITS = 0xFFFFFFFF
_KEYWORDS = (b"CHECKSUM", b"DATASUM ")


def check_sums(raw: bytes, header_bytes: int, data_start: int, data_end: int) -> None:
    """Compare the first HDU of a file with the checksums in its header, where it has them.

    Parameters
    ----------
    raw : bytes
        The file, at least to the end of that HDU.
    header_bytes : int
        Length of its cards up to END.
    data_start, data_end : int
        Where its data begin and end, in whole blocks.

    Raises
    ------
    CutoutError
        When one of them does not fit.
    """
    header = raw[:header_bytes]
    # Most files state none, and nothing of them is copied.
    if b"CHECKSUM" not in header and b"DATASUM" not in header:
        return
    stated = _stated(header)
    data = ones_complement_sum(raw[data_start:data_end]) if stated else 0
    if stated.get(b"DATASUM ", str(data).encode()) != str(data).encode():
        raise CutoutError(mismatch("DATASUM"))
    if b"CHECKSUM" in stated:
        total = _folded(ones_complement_sum(raw[:data_start]) + data)
        if total not in (ALL_BITS, 0):
            raise CutoutError(mismatch("CHECKSUM"))


def mismatch(keyword: str) -> str:
    """Return the reason for which a file is left out."""
    return (
        f"its {keyword} does not fit its bytes: the file is damaged, or was changed by a program "
        f"that left the keyword as it was; get it again, or write {keyword} anew (fitscheck -w)"
    )


def ones_complement_sum(data: bytes) -> int:
    """Return the ones' complement sum of the big-endian 32-bit words of whole blocks."""
    return _folded(int(np.frombuffer(data, ">u4").sum(dtype=np.uint64)))


def _folded(total: int) -> int:
    while total > ALL_BITS:
        total = (total & ALL_BITS) + (total >> 32)
    return total


def _stated(header: bytes) -> dict[bytes, bytes]:
    """Return the checksums that a header states; an empty one says that it is not known."""
    cards = [header[start : start + CARD] for start in range(0, len(header), CARD)]
    found = {card[:8]: card for card in cards if card[:8] in _KEYWORDS and card[8:9] == b"="}
    values = {name: _text(card[9:]) for name, card in found.items()}
    return {name: value for name, value in values.items() if value}


def _text(field: bytes) -> bytes:
    return field.partition(b"'")[2].partition(b"'")[0].strip()
