"""From cluster responsibilities to a lens probability for each image (paper equation 7)."""

import numpy as np

from lensflow.errors import LabelError

MANTISSA_BITS = 40
"""Probabilities that differ only by rounding error in a sum become equal, and so are ties."""

ROUNDING = 1e-6

TINY = 1e-300
"""Least sum whose logarithm is taken."""


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
    LabelError
        When the shapes do not fit, or a number is missing or no probability.
    """
    p_lens, p_nonlens = _sums(responsibilities, cluster_lens, cluster_nonlens)
    total = p_lens + p_nonlens
    normalised = np.divide(p_lens, total, out=np.full_like(total, 0.5), where=total > 0)
    mantissa, exponent = np.frexp(normalised)
    return np.ldexp(np.round(np.ldexp(mantissa, MANTISSA_BITS)), exponent - MANTISSA_BITS)


def log_odds(
    responsibilities: np.ndarray,
    cluster_lens: np.ndarray,
    cluster_nonlens: np.ndarray | None = None,
) -> np.ndarray:
    """Return log(P_len / P_non) of each image: what still differs where P'_len is 0 or 1.

    Among the members of clusters that are all lenses it says how far each is from being a member
    of any other, down to what `TINY` leaves. The parameters are those of `lens_probability`.

    Returns
    -------
    numpy.ndarray of shape (n,)
        Natural logarithm, rounded to 0.0001; 0 where nothing is said.
    """
    sums = _sums(responsibilities, cluster_lens, cluster_nonlens)
    lens, nonlens = (np.log(np.maximum(one, TINY)) for one in sums)
    return np.round(lens - nonlens, 4)


def _sums(
    responsibilities: np.ndarray, cluster_lens: np.ndarray, cluster_nonlens: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return P_len and P_non of each image (equation 7)."""
    lens = np.asarray(cluster_lens, dtype=np.float64)
    nonlens = 1.0 - lens if cluster_nonlens is None else np.asarray(cluster_nonlens, np.float64)
    if responsibilities.ndim != 2 or not (
        lens.shape == nonlens.shape == responsibilities.shape[1:]
    ):
        raise LabelError(
            f"responsibilities (n, K) and probabilities (K,) expected, received "
            f"{responsibilities.shape}, {lens.shape} and {nonlens.shape}"
        )
    _check_probabilities("lens probabilities of the clusters", lens)
    _check_probabilities("non-lens probabilities of the clusters", nonlens)
    _check_probabilities("responsibilities", responsibilities)
    return responsibilities @ lens, responsibilities @ nonlens


def _check_probabilities(what: str, values: np.ndarray) -> None:
    """Refuse what is no probability, up to rounding: a NaN would become 0.5 for every image."""
    if values.size and not (values.min() >= -ROUNDING and values.max() <= 1 + ROUNDING):
        raise LabelError(
            f"{what} must lie in [0, 1], received {values.min():g} to {values.max():g}; read "
            "tables of labels by `lensflow.cluster.labels.read`, which fills what is left empty"
        )
