"""The instrument of the challenge's space-based set (Metcalf et al. 2019, section 3).

Inside the package lengths are arcsec from the central pixel's centre (x along columns, y along
rows), angles are radians from the x axis towards the y axis, and fluxes are in units of the sky
noise of one pixel; only the files on disk are in AB maggies.
"""

SIZE = 101
"""Side of a cutout in pixels."""

PIXEL_ARCSEC = 0.1
"""Side of a pixel in arcsec."""

SKY_SIGMA_MAGGIES = 7.77e-13
"""Standard deviation of the white sky noise of one pixel, in AB maggies."""

FWHM_IN_SIGMA = 2.3548200450309493
"""Full width at half maximum of a Gaussian in standard deviations."""

PSF_SIGMA_ARCSEC = 0.18 / FWHM_IN_SIGMA
"""Width of the Gaussian point-spread function (FWHM 0.18 arcsec)."""

FAINTEST = 1.0005
"""Least mean brightness of the pixels above one sky sigma, in sky sigma."""

ARCSEC_IN_RADIANS = 4.84813681109536e-06
