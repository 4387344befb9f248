"""A head on the embedding: what graded single images say beyond their clusters.

The logit of an image's lens probability is what the clusters say plus a Gaussian process g over
the features: near a graded lens more than its cluster, far from any graded image nothing. Its
kernel is a sum. A short radial-basis one tells neighbours apart. A long one is nearly a straight
slope through the whole sample, which few grades settle already: it orders what the best clusters
leave tied. It is zero at the sample's mean, for a level of its own would lift everything where
somebody grades lenses alone. The posterior is that of Laplace's approximation (Rasmussen & Williams
2006, algorithm 3.1) with the clusters' logits as the mean. A label may lie between 0 and 1, as the
mean of several graders does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lensflow import artifacts
from lensflow.cluster.combination import probability
from lensflow.errors import TrainingError


class Term(NamedTuple):
    """A radial-basis kernel.

    Attributes
    ----------
    variance : float
        In squared logits.
    length : float
        In units of the spread of the features.
    is_slope : bool
        Whether it is zero at the sample's mean: that of a process known to be zero there.
    """

    variance: float
    length: float
    is_slope: bool = False


TERMS = (Term(4.0, 1.0), Term(64.0, 3.0, is_slope=True))
"""Of the kernel, lengths in median distances of pairs. A larger variance of the slope orders the
top better after looks that are spread over the clusters, and worse where the best candidates alone
are graded: there this one is better at the top than no slope from 50 grades on, at 20 worse."""

ATTRIBUTES = ("variances", "lengths", "slopes")
"""Of the artifact: what its terms are."""

MAX_STEPS = 100
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Head:
    """The Gaussian processes of one run over d features, after n images were graded.

    Attributes
    ----------
    centre, spread : numpy.ndarray of shape (d,)
        Mean and standard deviation of the features of the training sample.
    terms : tuple of Term
        What the kernel is the sum of; lengths in units of the spread.
    points : numpy.ndarray of shape (n, d)
        Standardised features of the graded images.
    weights : mapping of str to numpy.ndarray of shape (n,)
        What each of them weighs, by judgement.
    """

    centre: np.ndarray
    spread: np.ndarray
    terms: tuple[Term, ...]
    points: np.ndarray
    weights: Mapping[str, np.ndarray]

    def logits(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Return g of images by judgement: (m, d) -> (m,) each."""
        with_points = kernel((features - self.centre) / self.spread, self.points, self.terms)
        return {name: with_points @ weights for name, weights in self.weights.items()}

    def save(self, path: str | Path) -> None:
        """Write the artifact of kind ``head``."""
        parts = map(list, zip(*self.terms, strict=True))
        attrs = dict(zip(ATTRIBUTES, parts, strict=True)) | {"judgements": list(self.weights)}
        with artifacts.create(path, "head", attrs) as writer:
            writer.dataset("centre", self.centre, description="mean of the training features")
            writer.dataset("spread", self.spread, description="their standard deviation")
            writer.dataset("points", self.points, description="standardised, of graded images")
            for name, weights in self.weights.items():
                text = "weight of each graded image in the logit"
                writer.dataset(f"weights/{name}", weights, description=text)

    @classmethod
    def load(cls, path: str | Path) -> "Head":
        """Read a head.

        Raises
        ------
        ArtifactError
            When the file is none.
        """
        with artifacts.open(path, "head") as file:
            names = list(file.attrs["judgements"])
            arrays = [artifacts.read(file, name) for name in ("centre", "spread", "points")]
            weights = {name: artifacts.read(file, f"weights/{name}") for name in names}
            return cls(*arrays[:2], _terms_of(file.attrs), arrays[2], weights)


def _terms_of(attrs: Mapping) -> tuple[Term, ...]:
    """Return what a head says of its kernel; before there were two terms it had one."""
    if "amplitude" in attrs:
        return (Term(float(attrs["amplitude"]), float(attrs["length"])),)
    parts = zip(*(attrs[name] for name in ATTRIBUTES), strict=True)
    return tuple(Term(float(v), float(length), bool(slope)) for v, length, slope in parts)


def terms(median: float) -> tuple[Term, ...]:
    """Return the kernel's terms for features whose pairs have that median distance."""
    return tuple(term._replace(length=term.length * median) for term in TERMS)


def kernel(x: np.ndarray, y: np.ndarray, terms: Sequence[Term]) -> np.ndarray:
    """Return the covariance of g at standardised features: (m, d), (n, d) -> (m, n)."""
    from_mean = (x**2).sum(axis=1), (y**2).sum(axis=1)
    squared = np.maximum(np.add.outer(*from_mean) - 2.0 * x @ y.T, 0.0)
    total = np.zeros(squared.shape)
    for term in terms:
        two = 2.0 * term.length**2
        near = np.exp(-squared / two)
        if term.is_slope:
            near -= np.outer(*(np.exp(-each / two) for each in from_mean))
        total += term.variance * near
    return total


def fit_weights(covariance: np.ndarray, labels: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return what each graded image weighs in g: Newton's steps to the most probable g.

    Parameters
    ----------
    covariance : numpy.ndarray of shape (n, n)
        Of g at the graded images.
    labels : numpy.ndarray of shape (n,)
        In [0, 1].
    prior : numpy.ndarray of shape (n,)
        Logits of the clusters.

    Returns
    -------
    numpy.ndarray of shape (n,)
        The gradient of the log-likelihood, so that g at x is ``k(x, points) @ weights``.

    Raises
    ------
    TrainingError
        When the steps do not come to an end.
    """
    from scipy.linalg import cho_factor, cho_solve

    weights, reached = np.zeros(labels.size), -np.inf
    for _ in range(MAX_STEPS):
        logits = prior + covariance @ weights
        expected = probability(logits)
        root = np.sqrt(expected * (1.0 - expected))
        wanted = root**2 * (logits - prior) + labels - expected
        curved = np.eye(labels.size) + root[:, None] * covariance * root
        inner = cho_solve(cho_factor(curved, lower=True), root * (covariance @ wanted))
        weights, better = _step(covariance, labels, prior, weights, wanted - root * inner)
        if better - reached < TOLERANCE:
            return labels - probability(prior + covariance @ weights)
        reached = better
    raise TrainingError(
        f"the head on {labels.size} graded images did not converge in {MAX_STEPS} steps; look for "
        "grades of one image that contradict each other"
    )


def _step(
    covariance: np.ndarray, labels: np.ndarray, prior: np.ndarray, old: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the new weights, or what lies between them and the old and is more probable."""
    before = _log_posterior(covariance, labels, prior, old)
    for _ in range(30):
        after = _log_posterior(covariance, labels, prior, new)
        if after >= before:
            return new, after
        new = 0.5 * (old + new)
    return old, before


def _log_posterior(
    covariance: np.ndarray, labels: np.ndarray, prior: np.ndarray, weights: np.ndarray
) -> float:
    g = covariance @ weights
    logits = prior + g
    likelihood = labels * logits - np.logaddexp(0.0, logits)
    return float(likelihood.sum() - 0.5 * weights @ g)
