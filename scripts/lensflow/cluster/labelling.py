"""Stage: judge the clusters of one run by true labels (paper section 3.3)."""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.judgements import UNDECIDED, judged_by_rule
from lensflow.samples.embeddings import read_embeddings

logger = logging.getLogger(__name__)


def label_clusters_stage(
    mixture_path: str | Path,
    embedding_paths: Iterable,
    labels_path: str | Path,
    judgement: str,
    seed: int,
    injected_paths: Iterable = (),
) -> None:
    """Write the table of cluster labels of one run.

    Parameters
    ----------
    mixture_path : str or Path
    embedding_paths : iterable of path
        Shards of the training sample's embeddings, in order.
    labels_path : str or Path
        The CSV to write.
    judgement : str
        A key of `lensflow.cluster.judgements.JUDGEMENTS` that a rule makes.
    seed : int
        Chooses the representatives; the cluster sheets take the same.
    injected_paths : iterable of path
        Embeddings of a simulated dataset, of which the lenses are injected; for a judgement that
        is made by these.

    Raises
    ------
    ConfigError
        When the judgement is unknown, or comes from outside.
    LabelError
        When there are no true labels.
    ArtifactError
        When the embeddings are of another encoder than those that the mixture was fitted to.
    """
    chosen = judged_by_rule(judgement)
    embedding_paths = list(embedding_paths)
    artifacts.ancestors(mixture_path, *embedding_paths)
    mixture = clusterers.load(mixture_path)
    embeddings, rows = read_embeddings(embedding_paths)
    clusters, n_components = mixture.labels(embeddings), mixture.n_components
    ids, is_lens = rows["id"].to_numpy(), rows["is_lens"].to_numpy()
    members = np.bincount(clusters, minlength=n_components)
    if chosen.is_injected:
        lenses = _lenses(injected_paths)
        is_lens = np.repeat([0, 1], [len(clusters), len(lenses)])
        clusters = np.concatenate([clusters, *([mixture.labels(lenses)] if len(lenses) else [])])
    verdicts = chosen.judge(clusters, ids, is_lens, n_components, seed)
    cluster_labels.write(
        labels_path,
        verdicts.probability,
        mixture.hash,
        n_members=members,
        n_inspected=verdicts.n_inspected,
        n_lenses=verdicts.n_lenses,
        who=f"lensflow {judgement}",
        note=chosen.note,
    )
    logger.info(
        "%d clusters: %d more likely lenses than not, %d undecided",
        n_components,
        np.sum(verdicts.lens_fraction > UNDECIDED),
        np.sum(verdicts.lens_fraction == UNDECIDED),
    )


def _lenses(paths: Iterable) -> np.ndarray:
    """Return the embeddings of the lenses of a simulated dataset (n, d)."""
    embeddings, rows = read_embeddings(paths)
    return embeddings[rows["is_lens"].to_numpy() == 1]
