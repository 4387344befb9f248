"""Embeddings of two separate classes, clustered and judged by both rules."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from lensflow.cluster.fitting import fit_mixture_stage
from lensflow.cluster.labelling import label_clusters_stage
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.rows import MEASURES

N = 60
JUDGED = ("known", "stand_in")


def write_classes(path, rows=slice(None), known=True):
    """Write some of 60 embeddings: the first half are lenses, far from the others."""
    x = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    x[: N // 2] += 6.0
    is_lens = np.repeat([1, 0], N // 2) if known else np.full(N, -1)
    columns = {"id": [f"{i:03d}" for i in range(N)], "rotation": 0, "is_lens": is_lens}
    table = pd.DataFrame(columns).assign(**dict.fromkeys(MEASURES, np.nan))
    write_embeddings(path, table.iloc[rows], [x[rows]], 2)


def fit_classes(shards, folder, mixture="mixture.h5", template="template.csv"):
    """Fit two components; so few images need not converge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        paths = folder / mixture, folder / template
        return fit_mixture_stage(shards, *paths, "scikit-learn", n_components=2, seed=0)


@pytest.fixture
def folder(tmp_path):
    """Two shards of embeddings, the mixture fitted to them, and labels by both rules."""
    shards = [tmp_path / "shard_0.h5", tmp_path / "shard_1.h5"]
    write_classes(shards[0], slice(0, 25))
    write_classes(shards[1], slice(25, N))
    fit_classes(shards, tmp_path)
    for name in JUDGED:
        label_clusters_stage(tmp_path / "mixture.h5", shards, tmp_path / f"{name}.csv", name, 0)
    return tmp_path
