"""Ways of spending a few looks at images, and a judge who errs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from sklearn.svm import SVC

from lensflow.cluster.combination import logit
from lensflow.cluster.head import fit_weights, kernel, terms
from lensflow.cluster.posterior import beta_posterior

MIN_VISIBLE_PIXELS = 10
"""Pixels of the lensed image above the sky noise below which a judge sees no lens."""

PAIRS_AT_MOST = 500
"""Objects whose distances set the length of the head's kernel."""


@dataclass(frozen=True)
class Judge:
    """Whoever looks at images.

    Attributes
    ----------
    name : str
    error : float
        How often the answer is wrong, for lenses and non-lenses alike.
    sees_all : bool
        Whether lenses without visible pixels are seen too.
    """

    name: str
    error: float
    sees_all: bool

    def answers(self, table: pd.DataFrame, random: np.random.Generator) -> np.ndarray:
        """Return what the judge would say of each object: 1 for a lens, else 0.

        Parameters
        ----------
        table : DataFrame of n rows
            is_lens and numb_pix_lensed_image.
        random : numpy.random.Generator
        """
        is_visible = table["numb_pix_lensed_image"].to_numpy() >= MIN_VISIBLE_PIXELS
        seen = (table["is_lens"].to_numpy() == 1) & (is_visible | self.sees_all)
        return (seen ^ (random.random(len(seen)) < self.error)).astype(int)


JUDGES = (Judge("perfect", 0.0, True), Judge("fallible", 0.1, False))


@dataclass(frozen=True)
class Clustered:
    """Objects of a training sample and of others, in the clusters of one mixture.

    Attributes
    ----------
    features : mapping of str to ndarray of shape (n, d)
        By sample, ``train`` among them; scaled to unit variance over the training sample.
    responsibilities : mapping of str to ndarray of shape (n, K)
    clusters : ndarray of int, shape (n_train,)
        Most probable cluster of each training object.
    """

    features: dict[str, np.ndarray]
    responsibilities: dict[str, np.ndarray]
    clusters: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Number of clusters K."""
        return self.responsibilities["train"].shape[1]

    @property
    def others(self) -> list[str]:
        """Names of the samples that nobody looks at."""
        return [name for name in self.features if name != "train"]


def spread(
    clusters: np.ndarray, n_clusters: int, n_looks: int, random: np.random.Generator
) -> np.ndarray:
    """Return which objects to look at when looks are spread evenly over the clusters.

    One object a cluster at a time, the largest cluster first, drawn at random among its members.

    Parameters
    ----------
    clusters : ndarray of int, shape (n,)
    n_clusters, n_looks : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (min(n_looks, n),)
    """
    order = random.permutation(len(clusters))
    sizes = np.bincount(clusters, minlength=n_clusters)
    place = np.empty(n_clusters, int)
    place[np.argsort(-sizes, kind="stable")] = np.arange(n_clusters)
    turn = pd.Series(clusters[order]).groupby(clusters[order]).cumcount().to_numpy()
    return order[np.lexsort((place[clusters[order]], turn))][:n_looks]


# --- ways ---------------------------------------------------------------------------------------


def by_clusters(
    objects: Clustered, answers: np.ndarray, n_looks: int, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Score objects by what looks spread over the clusters say of these (equation 7)."""
    rows = spread(objects.clusters, objects.n_clusters, n_looks, random)
    fractions = _fractions(objects, rows, answers[rows])
    return {name: objects.responsibilities[name] @ fractions for name in objects.others}


def by_random_images(
    objects: Clustered, answers: np.ndarray, n_looks: int, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Score objects by a support vector machine that learns from images drawn at random."""
    rows = random.permutation(len(answers))[:n_looks]
    if len(set(answers[rows])) < 2:
        # Whoever saw one class only can tell nothing apart.
        return {name: np.zeros(len(objects.features[name])) for name in objects.others}
    machine = SVC(C=1, gamma="scale").fit(objects.features["train"][rows], answers[rows])
    return {name: machine.decision_function(objects.features[name]) for name in objects.others}


def by_both(
    objects: Clustered, answers: np.ndarray, n_looks: int, random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Score objects by what looks spread over the clusters say of these and of single images.

    The head of the workflow (`lensflow.cluster.head`), fitted to the images that were looked at.
    """
    rows = spread(objects.clusters, objects.n_clusters, n_looks, random)
    fractions = _fractions(objects, rows, answers[rows])
    prior = {name: logit(values @ fractions) for name, values in objects.responsibilities.items()}
    points = objects.features["train"][rows]
    of_kernel = terms(np.median(pdist(objects.features["train"][:PAIRS_AT_MOST])))
    covariance = kernel(points, points, of_kernel)
    weights = fit_weights(covariance, answers[rows].astype(float), prior["train"][rows])
    return {
        name: prior[name] + kernel(objects.features[name], points, of_kernel) @ weights
        for name in objects.others
    }


def _fractions(objects: Clustered, rows: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return the expected lens fraction of each cluster after looking at some objects: (K,)."""
    clusters, n_clusters = objects.clusters[rows], objects.n_clusters
    n_seen = np.bincount(clusters, minlength=n_clusters)
    return beta_posterior(np.bincount(clusters, answers, n_clusters), n_seen)[0]


Way = Callable[[Clustered, np.ndarray, int, np.random.Generator], dict[str, np.ndarray]]
"""From objects, a judge's answers for the training sample, a number of looks and a generator to
scores of the other samples. It takes the answers only of what it looks at."""

WAYS: dict[str, Way] = {
    "clusters": by_clusters,
    "random images": by_random_images,
    "both": by_both,
}
