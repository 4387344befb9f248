"""The null: what the whole chain says when labels carry no information."""

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.mixture.parameters import MixtureParameters
from lensflow.cluster.probability import lens_probability
from lensflow.evaluate.metrics import auroc
from lensflow.evaluate.runs import Settings, parse_path
from lensflow.seeds import rng

NULL_COLUMNS = ["scale", "n_features", "run", "shuffle", "auc"]

logger = logging.getLogger(__name__)


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
    mixture_paths: Iterable, embedding_paths: Iterable, settings: Settings
) -> pd.DataFrame:
    """Return the null of every run: scale, n_features, run, shuffle, auc.

    Parameters
    ----------
    mixture_paths, embedding_paths : iterable of path
        The embeddings of each run's samples ``train`` and, when ``settings`` names one, of the
        held-out sample.
    settings : Settings
    """
    embeddings = {parse_path(path, "embeddings_"): path for path in embedding_paths}
    rows = []
    for path in mixture_paths:
        run, _ = parse_path(path, "mixture")
        samples = ["train", *([settings.held_out] if settings.held_out else [])]
        paths = [embeddings[run, sample] for sample in samples]
        areas = _null_of_run(MixtureParameters.load(path), paths, settings)
        rows += [(*run, shuffle, area) for shuffle, area in enumerate(areas)]
    return pd.DataFrame(rows, columns=NULL_COLUMNS)


def _null_of_run(mixture: MixtureParameters, paths: list, settings: Settings) -> np.ndarray:
    """Return the null AUROCs of one run; none where no image has a known class."""
    parts = []
    for side, path in enumerate(paths):
        with artifacts.open(path, "embeddings") as f:
            is_lens, ids = artifacts.read(f, "is_lens"), artifacts.read_strings(f, "id")
            responsibilities = mixture.responsibilities(f["embedding"])
        known = is_lens >= 0
        parts.append(
            (responsibilities[known], is_lens[known], ids[known], np.full(known.sum(), side))
        )
    responsibilities, is_lens, ids, sides = (np.concatenate(p) for p in zip(*parts, strict=True))
    if is_lens.size == 0:
        logger.info("no image of %s has a known class: no null", paths)
        return np.empty(0)
    half = split_objects(ids, rng(settings.seed, "null", "halves"))
    held_out = sides == 1 if len(paths) > 1 else half
    return null_aurocs(responsibilities, is_lens, ids, held_out, settings.seed, settings.n_shuffles)
