"""The null: what the whole chain says when labels carry no information."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.cluster import clusterers
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.probability import lens_probability
from lensflow.evaluate.columns import NULL_COLUMNS
from lensflow.evaluate.metrics import auroc
from lensflow.samples.embeddings import open_embeddings
from lensflow.samples.runs import Run
from lensflow.seeds import rng

logger = logging.getLogger(__name__)


class NullMean(NamedTuple):
    """The mean AUC of shuffled labels, its standard error, and of how many shuffles."""

    auc: float
    error: float
    n_shuffles: int


def shuffle_labels(
    is_lens: np.ndarray, ids: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return labels permuted among objects; all rows of one object keep sharing one label.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
    ids : array-like of str, shape (n,)
    generator : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of shape (n,)
    """
    _, first, objects = np.unique(np.asarray(ids), return_index=True, return_inverse=True)
    return generator.permutation(np.asarray(is_lens)[first])[objects]


def split_objects(ids: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return which rows belong to a random half of the objects: (n,) bool."""
    _, objects = np.unique(np.asarray(ids), return_inverse=True)
    n_objects = objects.max(initial=-1) + 1
    return (generator.permutation(n_objects) < n_objects // 2)[objects]


def null_aurocs(
    responsibilities: np.ndarray,
    is_lens: np.ndarray,
    ids: np.ndarray,
    held_out: np.ndarray,
    seed: int,
    n_shuffles: int,
) -> np.ndarray:
    """Return held-out AUROCs of known fractions that were refitted to shuffled labels.

    In each shuffle the labels of the training objects are permuted among them, and those of the
    held-out objects among those. Fractions come from the former and are scored on the latter, so
    the expectation is 0.5; more would mean that a label leaks from one side to the other.

    Parameters
    ----------
    responsibilities : numpy.ndarray of shape (n, K)
    is_lens : array-like of shape (n,)
        1 or 0.
    ids : array-like of str, shape (n,)
    held_out : array-like of bool, shape (n,)
        Rows that are scored; the fractions come from the others.
    seed : int
    n_shuffles : int

    Returns
    -------
    numpy.ndarray of shape (n_shuffles,)
    """
    is_lens, ids, held_out = np.asarray(is_lens), np.asarray(ids), np.asarray(held_out)
    clusters = responsibilities.argmax(axis=1)
    areas = np.empty(n_shuffles)
    for shuffle in range(n_shuffles):
        generator = rng(seed, "null", shuffle)
        labels = np.empty_like(is_lens)
        for side in (~held_out, held_out):
            labels[side] = shuffle_labels(is_lens[side], ids[side], generator)
        fractions = known_fractions(
            clusters[~held_out], labels[~held_out], responsibilities.shape[1]
        )
        p_lens = lens_probability(responsibilities[held_out], fractions)
        areas[shuffle] = auroc(labels[held_out], p_lens)
    return areas


def null_table(
    mixtures: Mapping[Run, str],
    embeddings: Mapping[tuple[Run, str], str],
    held_out: str | None,
    seed: int,
    n_shuffles: int,
) -> pd.DataFrame:
    """Return the null of every run: scale, n_features, run, shuffle, auc.

    Parameters
    ----------
    mixtures : mapping of Run to path
    embeddings : mapping of (Run, sample) to path
        Of the samples ``train`` and, where there is one, ``held_out`` of each run.
    held_out : str or None
        Sample that is scored; half of the training objects when None.
    seed, n_shuffles : int
    """
    samples = ["train", *([held_out] if held_out else [])]
    rows = []
    for run, path in mixtures.items():
        paths = [embeddings[run, sample] for sample in samples]
        areas = _null_of_run(clusterers.load(path), paths, seed, n_shuffles)
        rows += [(*run, shuffle, area) for shuffle, area in enumerate(areas)]
    return pd.DataFrame(rows, columns=NULL_COLUMNS)


def mean_of_null(table: pd.DataFrame) -> NullMean:
    """Return what the null of one model says, over its runs and shuffles.

    A shuffle gives the same labels to every run, and the runs cluster the same images: what they
    say of it is much the same, so that as many runs as there are count as one measurement.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns shuffle and auc, a row a run and shuffle; NaN where a class is missing.

    Returns
    -------
    NullMean
        The error is NaN of a single shuffle, and so is the mean of none.
    """
    areas = table.groupby("shuffle")["auc"].mean().to_numpy(float)
    mean = areas.mean() if areas.size else np.nan
    error = areas.std(ddof=1) / np.sqrt(areas.size) if areas.size > 1 else np.nan
    return NullMean(float(mean), float(error), areas.size)


def _null_of_run(
    mixture: Clustering, paths: Sequence[str], seed: int, n_shuffles: int
) -> np.ndarray:
    """Return the null AUROCs of one run; none where no image has a known class."""
    parts = [_known_responsibilities(mixture, path) for path in paths]
    responsibilities, tables = zip(*parts, strict=True)
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        logger.info("no image of %s has a known class: no null", paths)
        return np.empty(0)
    is_lens, ids = table["is_lens"].to_numpy(), table["id"].to_numpy()
    if len(paths) > 1:
        held_out = np.repeat([False, True], [len(rows) for rows in tables])
    else:
        held_out = split_objects(ids, rng(seed, "null", "halves"))
    return null_aurocs(np.concatenate(responsibilities), is_lens, ids, held_out, seed, n_shuffles)


def _known_responsibilities(mixture: Clustering, path: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the responsibilities (n, K) of the images of known class, and their rows."""
    with open_embeddings(path) as embeddings:
        rows, responsibilities = embeddings.rows(), mixture.responsibilities(embeddings.features)
    known = rows["is_lens"].to_numpy() >= 0
    return responsibilities[known], rows[known]
