"""Stage: turn memberships and judgements into the lens probability of each image (equation 7)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.posterior import JEFFREYS, probability_interval, probability_variance
from lensflow.cluster.probability import lens_probability
from lensflow.samples.embeddings import Embeddings, open_embeddings
from lensflow.samples.scores import scores_table, write_scores


def score_stage(
    mixture_path: str | Path,
    embeddings_path: str | Path,
    label_paths: Mapping[str, str | Path],
    scores_path: str | Path,
    prior: tuple[float, float] = JEFFREYS,
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
    prior : pair of float
        Of the lens fraction of a cluster whose lenses were counted.

    Raises
    ------
    LabelError
        When a table does not fit the mixture.
    ArtifactError
        When the embeddings are of another encoder than those that the mixture was fitted to.
    """
    artifacts.ancestors(mixture_path, embeddings_path)
    mixture = clusterers.load(mixture_path)
    tables = {
        judgement: cluster_labels.read(path, mixture.hash, mixture.n_components, prior)
        for judgement, path in label_paths.items()
    }
    with open_embeddings(embeddings_path) as embeddings:
        write_scores(scores_path, _scores(embeddings, mixture, tables))


def _scores(
    embeddings: Embeddings, mixture: Clustering, tables: Mapping[str, pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    """Yield the scores of chunks of rows."""
    for rows, clusters, responsibilities, log_density in mixture.iterate(embeddings.features):
        judged = {name: _judged(responsibilities, table) for name, table in tables.items()}
        probabilities = {name: p_lens for name, (p_lens, _) in judged.items()}
        intervals = {name: ends for name, (_, ends) in judged.items() if ends is not None}
        shown = embeddings.rows(rows), clusters, probabilities, log_density, intervals
        yield scores_table(*shown)


def _judged(
    responsibilities: np.ndarray, table: pd.DataFrame
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """Return the lens probability of some images, and its interval where lenses were counted."""
    lens, nonlens = (table[n].to_numpy() for n in ("probability", "non_lens_probability"))
    p_lens = lens_probability(responsibilities, lens, nonlens)
    variance = table["variance"].to_numpy()
    if not variance.any():
        return p_lens, None
    spread = probability_variance(responsibilities, variance, lens, nonlens)
    return p_lens, probability_interval(p_lens, spread)
