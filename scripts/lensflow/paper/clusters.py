"""What kinds of clusters there are, and how many lenses the lens-like ones hold (section 4.2.1)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from lensflow.cluster import clusterers
from lensflow.cluster.makeup import describe_clusters
from lensflow.files.tables import write_csv
from lensflow.samples.runs import Run
from lensflow.samples.scores import read_scores

CLUSTER_COLUMNS = [
    *("scale", "n_features", "run", "cluster", "n_members"),
    *("lens_fraction", "non_lens_fraction", "lens_share", "kind"),
]
COUNT_COLUMNS = [
    *("scale", "n_features", "run", "n_clusters", "n_empty"),
    *("lens_60", "non_lens_60", "non_lens_70", "non_lens_90", "uncertain", "lens_share_60"),
]


def count_clusters(described: pd.DataFrame) -> dict[str, float]:
    """Return how many clusters of one run are of each kind, and the lens share of the lens-like.

    Parameters
    ----------
    described : pandas.DataFrame
        From `lensflow.cluster.makeup.describe_clusters`.

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
    runs: Iterable[Sequence],
    score_paths: Iterable,
    mixture_paths: Iterable,
    clusters_path: str | Path,
    counts_path: str | Path,
) -> None:
    """Write the make-up of the clusters of every run, and their counts.

    Parameters
    ----------
    runs : iterable of (str, int, int)
        Scale, number of features and number of each run.
    score_paths, mixture_paths : iterable of path
        Collected scores of the training sample, and the mixture, of each run.
    clusters_path, counts_path : str or Path
        Tables to write, one row a cluster and one row a run.
    """
    tables, counts = [], []
    for run, scores, mixture in zip(runs, score_paths, mixture_paths, strict=True):
        key = Run(*run)._asdict()
        rows = read_scores(scores, ["cluster", "is_lens"])
        n_clusters = clusterers.load(mixture).n_components
        described = describe_clusters(rows["cluster"], rows["is_lens"], n_clusters)
        tables.append(described.assign(**key))
        counts.append({**key, **count_clusters(described)})
    write_csv(clusters_path, pd.concat(tables)[CLUSTER_COLUMNS])
    write_csv(counts_path, pd.DataFrame(counts, columns=COUNT_COLUMNS))
