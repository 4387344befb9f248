"""Images for the pages: few enough bytes to be mailed, pixel values enough to be stretched.

A pixel is one byte, a level on an arcsinh scale of its flux in units of the sky noise; the level's
flux is what the browser stretches. Steps are 0.7 sigma in the sky, which adds 2 % to its noise, and
3.5 % of the flux where it is bright. The bytes are deflated and written in base64.
"""

import base64
import zlib
from collections.abc import Sequence

import numpy as np

from lensflow.figures.colour import colour_images
from lensflow.prepare.binning import bin_images, binned_noise
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

COLOUR_SIDE = 51
"""Side of colour pictures (pixels): bands beside the first are rarely as sharp as its pixels."""


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
    """Return packed images (n, side, side), or with three colours, that are shown as they are.

    Their values are in [0, 1].
    """
    return pack(np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8))


def packed_colour(flux: np.ndarray, sky_sigma: np.ndarray) -> dict[str, object]:
    """Return packed colour pictures, smaller than the images, and their side.

    Parameters
    ----------
    flux : ndarray of shape (n, n_bands, side, side)
    sky_sigma : ndarray of shape (n, n_bands)
    """
    side = min(COLOUR_SIDE, flux.shape[-1])
    noise = binned_noise(sky_sigma, flux.shape[-1], side)
    return {
        "colour": packed_pictures(colour_images(bin_images(flux, side), noise)),
        "colour_side": side,
    }


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
