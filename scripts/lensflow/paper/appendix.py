"""Appendix A: clusters of the images of the lensed sources alone, without their lens galaxies."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.cluster import clusterers
from lensflow.cluster.makeup import describe_clusters
from lensflow.files.tables import write_csv
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.runs import Run

COLUMNS = [
    *("scale", "n_features", "run", "n_images", "n_clusters", "n_empty", "purity"),
    *("non_lenses_together", "lenses_among_them"),
]


def separation(clusters: np.ndarray, is_lens: np.ndarray, n_clusters: int) -> dict[str, float]:
    """Return how well clusters separate lenses from non-lenses.

    Parameters
    ----------
    clusters : array-like of int, shape (n,)
        Most probable cluster of each image.
    is_lens : array-like of shape (n,)
        1 or 0; -1 for unknown, which is left out.
    n_clusters : int

    Returns
    -------
    dict
        n_images, n_clusters, n_empty; purity, the share of images whose class is the majority of
        their cluster; non_lenses_together, the largest share of all non-lenses (blank images here)
        in one cluster; lenses_among_them, the lens fraction of that cluster. NaN without
        non-lenses.
    """
    table = describe_clusters(clusters, is_lens, n_clusters)
    members, lenses = table["n_members"].to_numpy(), table["n_lenses"].to_numpy()
    others = members - lenses
    most = int(others.argmax())
    any_others = others.sum() > 0
    return {
        "n_images": int(members.sum()),
        "n_clusters": n_clusters,
        "n_empty": int((members == 0).sum()),
        "purity": np.maximum(lenses, others).sum() / members.sum(),
        "non_lenses_together": others[most] / others.sum() if any_others else np.nan,
        "lenses_among_them": lenses[most] / members[most] if any_others else np.nan,
    }


def measure_stage(
    runs: Iterable[Sequence],
    embedding_paths: Iterable[Sequence],
    mixture_paths: Iterable,
    output: str | Path,
) -> None:
    """Write the separation of every run, one row each.

    Parameters
    ----------
    runs : iterable of (str, int, int)
        Scale, number of features and number of each run.
    embedding_paths : iterable of lists of path
        Shards of the sources' embeddings, for each run.
    mixture_paths : iterable of path
        The mixture refitted to them, for each run.
    output : str or Path
        CSV.
    """
    rows = []
    for run, shards, path in zip(runs, embedding_paths, mixture_paths, strict=True):
        artifacts.ancestors(path, *shards)
        mixture = clusterers.load(path)
        embeddings, table = read_embeddings(shards)
        clusters = mixture.labels(embeddings)
        found = separation(clusters, table["is_lens"], mixture.n_components)
        rows.append({**Run(*run)._asdict(), **found})
    write_csv(output, pd.DataFrame(rows, columns=COLUMNS))
