"""What kinds of clusters there are, and how many lenses the lens-like ones hold (section 4.2.1)."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.cluster.mixture.parameters import MixtureParameters
from lensflow.evaluate.runs import parse_path
from lensflow.tables import write_csv

HIGH_FRACTION = 0.6
CLUSTER_COLUMNS = [
    *("scale", "n_features", "run", "cluster", "n_members"),
    *("lens_fraction", "non_lens_fraction", "lens_share", "kind"),
]
COUNT_COLUMNS = [
    *("scale", "n_features", "run", "n_clusters", "n_empty"),
    *("lens_60", "non_lens_60", "non_lens_70", "non_lens_90", "uncertain", "lens_share_60"),
]


def describe_clusters(cluster: np.ndarray, is_lens: np.ndarray, n_clusters: int) -> pd.DataFrame:
    """Return the make-up of every cluster of one run.

    Parameters
    ----------
    cluster : array-like of int, shape (n,)
        Most probable cluster of each image.
    is_lens : array-like of shape (n,)
        1 or 0; -1 for unknown, which is left out.
    n_clusters : int

    Returns
    -------
    pandas.DataFrame
        cluster, n_members (of known class), lens_fraction and non_lens_fraction (NaN when empty),
        lens_share (of all lenses; F_len in Fig. 10), kind ("lens" where the lens fraction is at
        least 0.6, "non_lens" where the other is, else "uncertain"; "empty").
    """
    cluster, is_lens = np.asarray(cluster), np.asarray(is_lens)
    members = np.bincount(cluster[is_lens >= 0], minlength=n_clusters)
    lenses = np.bincount(cluster[is_lens == 1], minlength=n_clusters)
    fraction = _shares(lenses, members)
    # 1 - 0.4 is not 0.6 in binary, so whole numbers are compared.
    kinds = np.select(
        [members == 0, 10 * lenses >= 6 * members, 10 * (members - lenses) >= 6 * members],
        ["empty", "lens", "non_lens"],
        "uncertain",
    )
    return pd.DataFrame(
        {
            "cluster": np.arange(n_clusters),
            "n_members": members,
            "lens_fraction": fraction,
            "non_lens_fraction": _shares(members - lenses, members),
            "lens_share": _shares(lenses, np.full(n_clusters, lenses.sum())),
            "kind": kinds,
        }
    )


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where the whole is nothing."""
    return np.divide(part, whole, out=np.full(part.size, np.nan), where=whole > 0)


def count_clusters(described: pd.DataFrame) -> dict[str, float]:
    """Return how many clusters of one run are of each kind, and the lens share of the lens-like.

    Parameters
    ----------
    described : pandas.DataFrame
        From `describe_clusters`.

    Returns
    -------
    dict
        n_clusters, n_empty; lens_60 (lens fraction of at least 0.6); non_lens_60, non_lens_70 and
        non_lens_90 (non-lens fraction of at least 0.6, 0.7, 0.9); uncertain; lens_share_60 (share
        of all lenses that lie in clusters counted in lens_60).
    """
    kinds, other = described["kind"], described["non_lens_fraction"]
    return {
        "n_clusters": len(described),
        "n_empty": int((kinds == "empty").sum()),
        "lens_60": int((kinds == "lens").sum()),
        "non_lens_60": int((kinds == "non_lens").sum()),
        "non_lens_70": int((other >= 0.7).sum()),
        "non_lens_90": int((other >= 0.9).sum()),
        "uncertain": int((kinds == "uncertain").sum()),
        "lens_share_60": described.loc[kinds == "lens", "lens_share"].sum(min_count=0),
    }


def count_clusters_stage(
    score_paths: Iterable,
    mixture_paths: Iterable,
    clusters_path: str | Path,
    counts_path: str | Path,
) -> None:
    """Write the make-up of the clusters of every run, and their counts.

    Parameters
    ----------
    score_paths : iterable of path
        ``scores_train.csv`` of all runs.
    mixture_paths : iterable of path
        ``mixture.h5`` of the same runs, in the same order.
    clusters_path, counts_path : str or Path
        Tables to write, one row a cluster and one row a run.
    """
    tables, counts = [], []
    for scores, mixture in zip(score_paths, mixture_paths, strict=True):
        run, _ = parse_path(scores, "scores_")
        rows = pd.read_csv(scores, usecols=["cluster", "is_lens"])
        n_clusters = MixtureParameters.load(mixture).n_components
        described = describe_clusters(rows["cluster"], rows["is_lens"], n_clusters)
        tables.append(described.assign(**run._asdict()))
        counts.append({**run._asdict(), **count_clusters(described)})
    write_csv(clusters_path, pd.concat(tables)[CLUSTER_COLUMNS])
    write_csv(counts_path, pd.DataFrame(counts, columns=COUNT_COLUMNS))
