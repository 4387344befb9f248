"""The cut on signal-to-noise ratio and number of lensed pixels (paper section 4.2.3, figure 15)."""

import numpy as np

MIN_PIXELS = 100
MIN_SNR = 50.0


def snr(flux_in_sigma: np.ndarray, n_pixels: np.ndarray) -> np.ndarray:
    """Return the signal-to-noise ratio of lensed images, S / (sigma sqrt(N)).

    Parameters
    ----------
    flux_in_sigma : array-like
        Flux of the lensed source in units of one pixel's noise (``flux_lensed_image_in_sigma``).
    n_pixels : array-like
        Lensed pixels above one sigma (``numb_pix_lensed_image``).

    Returns
    -------
    numpy.ndarray
        0 where no pixel is lensed, NaN where a value is unknown.
    """
    flux = np.asarray(flux_in_sigma, dtype=np.float64)
    n = np.asarray(n_pixels, dtype=np.float64)
    ratio = np.divide(flux, np.sqrt(n, where=n > 0, out=np.ones_like(n)))
    return np.where(n > 0, ratio, np.where(np.isnan(n), np.nan, 0.0))


def passes_cut(
    flux_in_sigma: np.ndarray,
    n_pixels: np.ndarray,
    min_pixels: float = MIN_PIXELS,
    min_snr: float = MIN_SNR,
) -> np.ndarray:
    """Return where N > ``min_pixels`` and SNR > ``min_snr``; unknown values do not pass.

    Parameters
    ----------
    flux_in_sigma, n_pixels : array-like
        As in ``snr``.
    min_pixels, min_snr : float
        Both comparisons are strict.

    Returns
    -------
    numpy.ndarray of bool
    """
    n = np.asarray(n_pixels, dtype=np.float64)
    return (n > min_pixels) & (snr(flux_in_sigma, n) > min_snr)


def apply_cut(is_lens: np.ndarray, passes: np.ndarray) -> np.ndarray:
    """Return which images stay: lenses that pass, and every non-lens (Metcalf et al. 2019).

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        1 for a lens.
    passes : array-like of bool, shape (n,)

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    return (np.asarray(is_lens) != 1) | np.asarray(passes, dtype=bool)
