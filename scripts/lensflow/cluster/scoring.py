"""Stage: turn memberships and judgements into the lens probability of each image (equation 7)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.probability import lens_probability
from lensflow.samples.embeddings import Embeddings, open_embeddings
from lensflow.samples.scores import scores_table, write_scores


def score_stage(
    mixture_path: str | Path,
    embeddings_path: str | Path,
    label_paths: Mapping[str, str | Path],
    scores_path: str | Path,
) -> None:
    """Write the lens probability of every row of a sample, by every table of cluster labels.

    Parameters
    ----------
    mixture_path, embeddings_path : str or Path
    label_paths : mapping of str to path
        Table of cluster labels of each judgement.
    scores_path : str or Path
        CSV, see `lensflow.samples.scores.scores_table`. Written by chunks of rows: memory does
        not grow with the sample.

    Raises
    ------
    LabelError
        When a table does not fit the mixture.
    """
    mixture = clusterers.load(mixture_path)
    tables = {
        judgement: cluster_labels.read(path, mixture.hash, mixture.n_components)
        for judgement, path in label_paths.items()
    }
    with open_embeddings(embeddings_path) as embeddings:
        write_scores(scores_path, _scores(embeddings, mixture, tables))


def _scores(
    embeddings: Embeddings, mixture: Clustering, tables: Mapping[str, pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    """Yield the scores of chunks of rows."""
    for rows, clusters, responsibilities, log_density in mixture.iterate(embeddings.features):
        probabilities = {
            judgement: lens_probability(
                responsibilities,
                table["probability"].to_numpy(),
                table["non_lens_probability"].to_numpy(),
            )
            for judgement, table in tables.items()
        }
        yield scores_table(embeddings.rows(rows), clusters, probabilities, log_density)
