"""The pixels and the point-spread function through which a lensed source is seen."""

from dataclasses import dataclass

import numpy as np

from lensflow.simulate.constants import (
    FAINTEST,
    FWHM_IN_SIGMA,
    PIXEL_ARCSEC,
    PSF_SIGMA_ARCSEC,
    SIZE,
)


@dataclass(frozen=True)
class Camera:
    """Square pixels and a round Gaussian point-spread function.

    Attributes
    ----------
    pixel_arcsec : float
        Side of a pixel, arcsec.
    psf_sigma_arcsec : float
        Width of the point-spread function, arcsec.
    """

    pixel_arcsec: float
    psf_sigma_arcsec: float

    @classmethod
    def of_fwhm(cls, pixel_arcsec: float, fwhm_arcsec: float) -> "Camera":
        """Return the camera with a point-spread function of a full width at half maximum."""
        return cls(pixel_arcsec, fwhm_arcsec / FWHM_IN_SIGMA)

    @property
    def zoom(self) -> float:
        """Side of a pixel in pixels of the challenge."""
        return self.pixel_arcsec / PIXEL_ARCSEC

    @property
    def half_field(self) -> float:
        """Half of the side of a cutout, arcsec."""
        return SIZE * self.pixel_arcsec / 2.0

    @property
    def margin(self) -> int:
        """Pixels beyond each edge of a cutout whose light the point-spread function brings in."""
        return int(np.ceil(3.0 * self.psf_sigma_arcsec / self.pixel_arcsec))

    def seen(self, pixels: float, flux: float) -> tuple[float, float]:
        """Return what a lensed image of the challenge is here, of equal area on the sky and S/N.

        Parameters
        ----------
        pixels, flux : float
            Pixels above one sky sigma, and their flux in sky sigma, in the challenge's pixels.

        Returns
        -------
        tuple of float
            The same in these pixels, one pixel at least.
        """
        flux = max(flux / self.zoom, FAINTEST)
        return float(np.clip(pixels / self.zoom**2, 1.0, flux / FAINTEST)), flux


CHALLENGE = Camera(PIXEL_ARCSEC, PSF_SIGMA_ARCSEC)
"""The instrument of the challenge's space-based set."""
