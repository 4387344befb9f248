"""Images for the pages: few enough bytes to be mailed, pixel values enough to be stretched.

A pixel is one byte, a level on an arcsinh scale of its flux in units of the sky noise; the level's
flux is what the browser stretches. Steps are 0.7 sigma in the sky, which adds 2 % to its noise, and
3.5 % of the flux where it is bright. The bytes are deflated and written in base64.
"""

import base64
import zlib
from collections.abc import Sequence

import numpy as np

from lensflow.prepare.symmetric import symmetric_light

SOFTENING = 20.0
"""Flux (sky sigma) up to which the steps stay nearly alike."""

STEP = 0.7
"""Flux of one level in the sky (sky sigma)."""

ZERO = 12
"""Level of no flux: what is fainter than -8 sigma is shown like that."""

ENCODING = {"softening": SOFTENING, "step": STEP, "zero": ZERO}
"""What the browser needs to turn levels into flux."""

COLOURS = ("grey", "hot", "viridis")
"""Colour maps to choose from, dark to bright; those of the tools that lens hunters use."""

BRIGHT = 500.0
"""The brightest pixel of an image without sky noise is shown like this (sky sigma)."""


def in_sigma(flux: np.ndarray, sky_sigma: np.ndarray) -> np.ndarray:
    """Return images (n, side, side) in units of their sky noise; without noise, of their peak."""
    sky_sigma = np.asarray(sky_sigma, float)
    peak = np.abs(flux).max(axis=(1, 2))
    unit = np.where(sky_sigma > 0, sky_sigma, np.where(peak > 0, peak, 1) / BRIGHT)
    return flux / unit[:, None, None]


def levels(images: np.ndarray) -> np.ndarray:
    """Return the levels (uint8) of fluxes in units of the sky noise."""
    steps = np.arcsinh(images / SOFTENING) * (SOFTENING / STEP)
    return np.clip(np.rint(steps) + ZERO, 0, 255).astype(np.uint8)


def pack(values: np.ndarray) -> str:
    """Return the bytes of an array, deflated (zlib), as base64."""
    data = np.ascontiguousarray(values).tobytes()
    # Noise has no strings that repeat, and looking for them makes it longer.
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE)
    return base64.b64encode(min((_deflated(data, s) for s in strategies), key=len)).decode()


def _deflated(data: bytes, strategy: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    return deflate.compress(data) + deflate.flush()


def packed_images(images: np.ndarray) -> str:
    """Return packed levels of images (n, side, side) in units of their sky noise."""
    return pack(levels(images))


def packed_pictures(images: np.ndarray) -> str:
    """Return packed images (n, side, side) whose values in [0, 1] are shown as they are."""
    return pack(np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8))


def packed_light(images: Sequence[np.ndarray]) -> str:
    """Return packed symmetric models: float32 x, y, axis ratio, angle and profile of each image."""
    models = [symmetric_light(image) for image in images]
    rows = [[m.x, m.y, m.axis_ratio, m.angle, *m.profile] for m in models]
    return pack(np.array(rows, "<f4"))


def colour_tables() -> dict[str, str]:
    """Return the 256 colours of each of `COLOURS`, red, green and blue, in hexadecimal digits."""
    import matplotlib

    tables = {name: matplotlib.colormaps[name](np.arange(256), bytes=True) for name in COLOURS}
    return {name: table[:, :3].tobytes().hex() for name, table in tables.items()}
