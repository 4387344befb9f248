"""What clusters hold: members, lenses, and of which kind each cluster is (section 4.2.1)."""

import numpy as np
import pandas as pd

HIGH_PERCENT = 60
"""From this share on a cluster belongs to a class: Figs. 10 and 11 of the paper."""


def describe_clusters(clusters: np.ndarray, is_lens: np.ndarray, n_clusters: int) -> pd.DataFrame:
    """Return the make-up of every cluster of one run.

    Parameters
    ----------
    clusters : array-like of int, shape (n,)
        Most probable cluster of each image.
    is_lens : array-like of shape (n,)
        1 or 0; -1 for unknown.
    n_clusters : int

    Returns
    -------
    pandas.DataFrame
        A row a cluster, in order: cluster, n_images (all), n_members (of known class), n_lenses,
        lens_fraction and non_lens_fraction (of the members; NaN without any), lens_share (of all
        lenses; F_len in Fig. 10), kind ("lens" where the lens fraction is at least 0.6, "non_lens"
        where the other is, else "uncertain"; "empty" without members of known class).
    """
    clusters, is_lens = np.asarray(clusters), np.asarray(is_lens)
    members = np.bincount(clusters[is_lens >= 0], minlength=n_clusters)
    lenses = np.bincount(clusters[is_lens == 1], minlength=n_clusters)
    return pd.DataFrame(
        {
            "cluster": np.arange(n_clusters),
            "n_images": np.bincount(clusters, minlength=n_clusters),
            "n_members": members,
            "n_lenses": lenses,
            "lens_fraction": _shares(lenses, members),
            "non_lens_fraction": _shares(members - lenses, members),
            "lens_share": _shares(lenses, np.full(n_clusters, lenses.sum())),
            "kind": _kinds(members, lenses),
        }
    )


def _kinds(members: np.ndarray, lenses: np.ndarray) -> np.ndarray:
    # 1 - 0.4 is not 0.6 in binary, so whole numbers are compared.
    limit = HIGH_PERCENT * members
    conditions = [members == 0, 100 * lenses >= limit, 100 * (members - lenses) >= limit]
    return np.select(conditions, ["empty", "lens", "non_lens"], "uncertain")


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where the whole is nothing."""
    return np.divide(part, whole, out=np.full(part.size, np.nan), where=whole > 0)
