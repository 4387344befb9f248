"""From cluster responsibilities to a lens probability for each image (paper equation 7)."""

import numpy as np

MANTISSA_BITS = 40
"""Probabilities that differ only by rounding error in a sum become equal, and so are ties."""


def lens_probability(
    responsibilities: np.ndarray,
    cluster_lens: np.ndarray,
    cluster_nonlens: np.ndarray | None = None,
) -> np.ndarray:
    """Return the normalised lens probability P'_len of each image (paper section 3.3).

    ``P_len = sum_k P_len^k P^kn`` and ``P_non = sum_k P_non^k P^kn`` (equation 7), then
    ``P'_len = P_len / (P_len + P_non)``. Where both are zero nothing is said of the image, and it
    gets 0.5, the paper's value for undecided.

    Parameters
    ----------
    responsibilities : numpy.ndarray of shape (n, K)
        Probability of each cluster given each image.
    cluster_lens : numpy.ndarray of shape (K,)
        Lens probability of each cluster, in [0, 1].
    cluster_nonlens : numpy.ndarray of shape (K,), optional
        Non-lens probability of each cluster, in [0, 1]; ``1 - cluster_lens`` when not given.

    Returns
    -------
    numpy.ndarray of shape (n,)
        In [0, 1], rounded to 40 bits of mantissa (a relative step of 1e-12).

    Raises
    ------
    ValueError
        When the shapes do not fit.
    """
    lens = np.asarray(cluster_lens, dtype=np.float64)
    nonlens = 1.0 - lens if cluster_nonlens is None else np.asarray(cluster_nonlens, np.float64)
    if responsibilities.ndim != 2 or not (
        lens.shape == nonlens.shape == responsibilities.shape[1:]
    ):
        raise ValueError(
            f"responsibilities (n, K) and probabilities (K,) expected, received "
            f"{responsibilities.shape}, {lens.shape} and {nonlens.shape}"
        )
    p_lens = responsibilities @ lens
    total = p_lens + responsibilities @ nonlens
    normalised = np.divide(p_lens, total, out=np.full_like(total, 0.5), where=total > 0)
    mantissa, exponent = np.frexp(normalised)
    return np.ldexp(np.round(np.ldexp(mantissa, MANTISSA_BITS)), exponent - MANTISSA_BITS)
