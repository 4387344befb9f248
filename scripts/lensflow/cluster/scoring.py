"""Stage: turn memberships and judgements into the lens probability of each image (equation 7)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.combination import mean_probability
from lensflow.cluster.posterior import JEFFREYS, probability_interval, probability_variance
from lensflow.cluster.probability import lens_probability, log_odds
from lensflow.cluster.spread import read_shares
from lensflow.samples.embeddings import Embeddings, open_embeddings
from lensflow.samples.scores import Chances, scores_table, write_scores


class Mixtures(NamedTuple):
    """The mixture of a run that is judged, and the further ones over which that is spread.

    Attributes
    ----------
    judged : Clustering
        K clusters.
    further : sequence of (Clustering, numpy.ndarray of shape (J, K))
        Each with what the judged clusters say of its own.
    """

    judged: Clustering
    further: Sequence[tuple[Clustering, np.ndarray]]


def score_stage(
    mixture_path: str | Path,
    embeddings_path: str | Path,
    label_paths: Mapping[str, str | Path],
    scores_path: str | Path,
    prior: tuple[float, float] = JEFFREYS,
    further_paths: Sequence[tuple[str | Path, str | Path]] = (),
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
    further_paths : sequence of (path, path)
        Further mixtures and their shares, see `lensflow.cluster.spread`. The probability is that
        at the mean logit over all mixtures then, and the judged one's by itself stands beside it.

    Raises
    ------
    LabelError
        When a table does not fit the mixture.
    ArtifactError
        When the embeddings are of another encoder than those that the mixture was fitted to, or
        shares are of other mixtures.
    """
    artifacts.ancestors(mixture_path, embeddings_path, *(path for path, _ in further_paths))
    mixtures = load_mixtures(mixture_path, further_paths)
    mixture = mixtures.judged
    tables = {
        judgement: cluster_labels.read(path, mixture.hash, mixture.n_components, prior)
        for judgement, path in label_paths.items()
    }
    with open_embeddings(embeddings_path) as embeddings:
        write_scores(scores_path, _scores(embeddings, mixtures, tables))


def load_mixtures(
    mixture_path: str | Path, further_paths: Sequence[tuple[str | Path, str | Path]] = ()
) -> Mixtures:
    """Read the mixtures of a run; parameters and errors are those of `score_stage`."""
    judged = clusterers.load(mixture_path)
    further = [(clusterers.load(path), shares) for path, shares in further_paths]
    return Mixtures(judged, [(other, read_shares(path, other, judged)) for other, path in further])


def _scores(
    embeddings: Embeddings, mixtures: Mixtures, tables: Mapping[str, pd.DataFrame]
) -> Iterator[pd.DataFrame]:
    """Yield the scores of chunks of rows."""
    for rows, clusters, responsibilities, density in mixtures.judged.iterate(embeddings.features):
        said = memberships(mixtures, embeddings.features[rows], responsibilities)
        judged = {name: judged_chances(said, table) for name, table in tables.items()}
        yield scores_table(embeddings.rows(rows), clusters, judged, density)


def memberships(mixtures: Mixtures, x: np.ndarray, judged: np.ndarray) -> list[np.ndarray]:
    """Return how some images belong to the K judged clusters, by each mixture: (n, K) each.

    Parameters
    ----------
    mixtures : Mixtures
    x : numpy.ndarray of shape (n, d)
        Their embeddings.
    judged : numpy.ndarray of shape (n, K)
        Their responsibilities in the judged mixture.
    """
    return [judged, *(other.responsibilities(x) @ shares for other, shares in mixtures.further)]


def judged_chances(said: Sequence[np.ndarray], table: pd.DataFrame) -> Chances:
    """Return the lens probability of n images, with an interval where lenses were counted.

    Parameters
    ----------
    said : sequence of numpy.ndarray of shape (n, K)
        From `memberships`.
    table : pandas.DataFrame of K rows
        From `lensflow.cluster.labels.read`.
    """
    lens, nonlens = (table[n].to_numpy() for n in ("probability", "non_lens_probability"))
    each = [lens_probability(one, lens, nonlens) for one in said]
    odds = np.mean([log_odds(one, lens, nonlens) for one in said], axis=0)
    own = each[0] if len(each) > 1 else None
    variance = table["variance"].to_numpy()
    if not variance.any():
        return Chances(mean_probability(each), clusters=own, log_odds=odds)
    ends = [
        probability_interval(p_lens, probability_variance(one, variance, lens, nonlens))
        for p_lens, one in zip(each, said, strict=True)
    ]
    low, high = (mean_probability(end) for end in zip(*ends, strict=True))
    return Chances(mean_probability(each), low, high, own, odds)
