"""Pictures inside a page: small enough to be read there, the full size is linked.

Pictures are WebP in data addresses, so that a page is one file. Plots are narrowed to the width of
a page first; a sheet of hundreds of noisy cutouts is narrowed further, until it is small enough.
"""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

MAX_BYTES = 140_000
"""Of one picture in the report: fifty of them in base64 stay under 10 MB."""

WIDTHS = (1200, 1000, 800, 600, 440, 320)
"""Pixels; the page is 960 wide."""

QUALITIES = (80, 45, 25)
"""Of lossy WebP, which are tried before the picture is made narrower still."""

CUTOUT_QUALITY = 80
CUTOUT_SIZE = 202
"""Pixels a side of a single cutout: twice the usual one."""

THUMBNAIL_QUALITY = 60
THUMBNAIL_SIZE = 72
"""Pixels a side where there are a thousand cutouts on a page."""


def figure_picture(path: Path | str) -> dict[str, object]:
    """Return a figure for a page.

    Parameters
    ----------
    path : path-like
        Its PNG.

    Returns
    -------
    dict
        ``address`` (a data address), ``width`` and ``height`` in pixels.
    """
    with Image.open(path) as image:
        original = image.convert("RGB")
    for width in WIDTHS:
        narrow = _narrowed(original, width)
        for quality in QUALITIES:
            data = _webp(narrow, quality)
            if len(data) <= MAX_BYTES:
                return _as_content(narrow, data)
    return _as_content(narrow, data)


def cutout_picture(image: np.ndarray) -> dict[str, object]:
    """Return one cutout for a page, as the sky is drawn: first row at the bottom, dark on white.

    Parameters
    ----------
    image : ndarray of shape (size, size), or (size, size, 3) in colour
        In [0, 1]; colours are shown as they are.

    Returns
    -------
    dict
        As `figure_picture`.
    """
    drawn = _as_sky(image, CUTOUT_SIZE)
    return _as_content(drawn, _webp(drawn, CUTOUT_QUALITY))


def thumbnail(image: np.ndarray) -> str:
    """Return the address of a small picture of one cutout, in [0, 1], as the sky is drawn."""
    drawn = _as_sky(image, THUMBNAIL_SIZE)
    return _as_content(drawn, _webp(drawn, THUMBNAIL_QUALITY))["address"]


def _as_sky(image: np.ndarray, side: int) -> Image.Image:
    shares = np.clip(image, 0, 1)
    shown = 1 - shares if image.ndim == 2 else shares
    levels = np.rint(255 * shown).astype(np.uint8)[::-1]
    return Image.fromarray(levels).resize((side, side), Image.Resampling.BICUBIC)


def _narrowed(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _webp(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _as_content(image: Image.Image, data: bytes) -> dict[str, object]:
    address = "data:image/webp;base64," + base64.b64encode(data).decode("ascii")
    return {"address": address, "width": image.width, "height": image.height}
