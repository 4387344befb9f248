"""The cut on signal-to-noise ratio and number of lensed pixels (paper section 4.2.3, figure 15)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

# The rules read this module whenever Snakemake starts: what is slow to import comes later.
if TYPE_CHECKING:
    import pandas as pd

MIN_PIXELS = 100
MIN_SNR = 50
UNCUT = "none"
CUT = f"n{MIN_PIXELS}_snr{MIN_SNR}"
"""Values of the column ``cut`` in tables: before and after it."""


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


def with_snr(table: "pd.DataFrame") -> "pd.DataFrame":
    """Add the column snr to a table that holds what the catalogue says of lensed images.

    Parameters
    ----------
    table : DataFrame
        Columns ``flux_lensed_image_in_sigma`` and ``numb_pix_lensed_image``.
    """
    measures = table["flux_lensed_image_in_sigma"], table["numb_pix_lensed_image"]
    return table.assign(snr=snr(*measures))


def passes_cut(flux_in_sigma: np.ndarray, n_pixels: np.ndarray) -> np.ndarray:
    """Return where N > `MIN_PIXELS` and SNR > `MIN_SNR`; unknown values do not pass.

    Parameters
    ----------
    flux_in_sigma, n_pixels : array-like
        As in `snr`.

    Returns
    -------
    numpy.ndarray of bool
    """
    n = np.asarray(n_pixels, dtype=np.float64)
    return (n > MIN_PIXELS) & (snr(flux_in_sigma, n) > MIN_SNR)


def passing_lenses(is_lens: np.ndarray, measures: "pd.DataFrame") -> np.ndarray | None:
    """Return which rows pass the cut, or None when nothing is known of any lens.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        1 for a lens.
    measures : pandas.DataFrame of n rows
        The columns of `lensflow.samples.rows.MEASURES`.

    Returns
    -------
    numpy.ndarray of bool, shape (n,), or None
    """
    flux = measures["flux_lensed_image_in_sigma"].to_numpy()
    n_pixels = measures["numb_pix_lensed_image"].to_numpy()
    # Catalogues mark an unknown count of pixels by -1.
    if not ((np.asarray(is_lens) == 1) & np.isfinite(flux) & (n_pixels >= 0)).any():
        return None
    return passes_cut(flux, n_pixels)


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


def cuts(is_lens: np.ndarray, passes: np.ndarray | None) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each cut that can be made, and which rows stay: (n,) bool.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
    passes : array-like of bool, shape (n,), or None
        From `passing_lenses`.
    """
    yield UNCUT, np.ones(len(is_lens), dtype=bool)
    if passes is not None:
        yield CUT, apply_cut(is_lens, passes)
