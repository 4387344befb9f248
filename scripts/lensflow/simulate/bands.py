"""Euclid's bands beside VIS: how red what stands in a cutout is, and how each band sees it.

VIS is the challenge's image. In another band the same light is blurred by that band's broader
point-spread function and has another brightness, by the age of its stars. The pixels are the same.

Measured on the four Euclid Q1 lens stamps that have these bands: the point-spread functions, the
noise of independent pixels in VIS's (medians of the RMS maps), and the colours of the lens galaxies
within 0.8 arcsec, which are those of old stars here. Those of young stars are typical of
star-forming galaxies at redshift 2. A galaxy in front is of any age, so that blue light alone says
nothing of a source.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from lensflow.simulate.camera import CHALLENGE, Camera
from lensflow.simulate.constants import PIXEL_ARCSEC, SIZE, SKY_SIGMA_MAGGIES
from lensflow.simulate.light import add_rows


@dataclass(frozen=True)
class Band:
    """One band.

    Attributes
    ----------
    name : str
    camera : Camera
        Its point-spread function is no narrower than VIS's.
    noise : float
        Sky noise of a pixel, in VIS's.
    young, old : float
        AB magnitudes in VIS less those in the band, of the youngest and the oldest stars.
    """

    name: str
    camera: Camera
    noise: float
    young: float
    old: float

    @property
    def sky_sigma(self) -> float:
        """Sky noise of a pixel, AB maggies."""
        return self.noise * SKY_SIGMA_MAGGIES

    def colour(self, age: float) -> float:
        """Return the AB magnitude in VIS less that in the band, of stars of an age as below."""
        return self.young + age * (self.old - self.young)

    def brightness(self, age: float) -> float:
        """Return the flux in the band's sky sigma of what has one sky sigma in VIS.

        Parameters
        ----------
        age : float
            From 0, the youngest stars, to 1, the oldest.
        """
        return 10.0 ** (0.4 * self.colour(age)) / self.noise

    def seen(self, image: np.ndarray) -> np.ndarray:
        """Return light that VIS sees as ``image`` through the band's point-spread function."""
        more = self.camera.psf_sigma_arcsec**2 - CHALLENGE.psf_sigma_arcsec**2
        return gaussian_filter(image, np.sqrt(more) / PIXEL_ARCSEC, mode="nearest")


BANDS = {
    band.name: band
    for band in (
        Band("VIS", CHALLENGE, 1.0, 0.0, 0.0),
        Band("Y", Camera.of_fwhm(PIXEL_ARCSEC, 0.40), 5.0, 0.15, 1.15),
        Band("J", Camera.of_fwhm(PIXEL_ARCSEC, 0.44), 4.4, 0.30, 1.50),
        Band("H", Camera.of_fwhm(PIXEL_ARCSEC, 0.46), 4.5, 0.40, 1.85),
    )
}

AGES = {
    "bulge": (0.95, 0.1),
    "disc": (0.6, 0.25),
    "member": (0.9, 0.1),
    "look_alike": (0.6, 0.3),
    "field": (0.5, 0.35),
    "impostor": (0.5, 0.35),
    "source": (0.1, 0.15),
}
"""Mean and scatter of the age of each kind of light, cut at 0 and 1."""


class Part(NamedTuple):
    """Some light of one age.

    Attributes
    ----------
    kind : str
        Which of `AGES`.
    light : ndarray
        Gaussians, rows (k, 6), or an image (101, 101) in VIS's sky sigma.
    """

    kind: str
    light: np.ndarray


def in_bands(
    parts: Sequence[Part], bands: Sequence[str], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the noise-free images of some light in bands.

    Parameters
    ----------
    parts : sequence of Part
    bands : sequence of str
        Which of `BANDS`.
    random : numpy.random.Generator
        Draws the age of each part, whatever the bands.

    Returns
    -------
    dict of str to ndarray of shape (101, 101), float32
        By band, in its sky sigma.
    """
    ages = [_draw_age(part.kind, random) for part in parts]
    return {name: _in_band(parts, ages, BANDS[name]) for name in bands}


def draw_colours(kind: str, bands: Sequence[str], random: np.random.Generator) -> dict[str, float]:
    """Return the colours of some light of one age.

    Parameters
    ----------
    kind : str
        Which of `AGES`.
    bands : sequence of str
        Which of `BANDS`, one at least.
    random : numpy.random.Generator
        Draws the age, whatever the bands.

    Returns
    -------
    dict of str to float
        By band, the AB magnitude in the first of the bands less that in the band.
    """
    age = _draw_age(kind, random)
    first = BANDS[bands[0]].colour(age)
    return {name: BANDS[name].colour(age) - first for name in bands}


def _draw_age(kind: str, random: np.random.Generator) -> float:
    return float(np.clip(random.normal(*AGES[kind]), 0.0, 1.0))


def _in_band(parts: Sequence[Part], ages: Sequence[float], band: Band) -> np.ndarray:
    image, rows = np.zeros((SIZE, SIZE), "f4"), [np.zeros((0, 6))]
    for part, age in zip(parts, ages, strict=True):
        brightness = band.brightness(age)
        if part.light.shape == image.shape:
            image += np.float32(brightness) * part.light
        else:
            rows.append(part.light * [1, 1, brightness, 1, 1, 1])
    add_rows(image, np.concatenate(rows))
    return band.seen(image)
