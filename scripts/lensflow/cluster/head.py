"""A head on the embedding: what graded single images say beyond their clusters.

The logit of an image's lens probability is what the clusters say plus a Gaussian process g over
the features, with a radial-basis kernel: near a graded lens more than its cluster, far from any
graded image nothing. Its posterior is that of Laplace's approximation (Rasmussen & Williams 2006,
algorithm 3.1) with the clusters' logits as the mean. A label may lie between 0 and 1, as the mean
of several graders does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.cluster.combination import probability
from lensflow.errors import ArtifactError, TrainingError

AMPLITUDE = 16.0
"""Variance of g before any image is graded, in squared logits; of 0.5 to 16 it ranks best."""

MAX_STEPS = 100
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Head:
    """The Gaussian processes of one run over d features, after n images were graded.

    Attributes
    ----------
    centre, spread : numpy.ndarray of shape (d,)
        Mean and standard deviation of the features of the training sample.
    length : float
        Length of the kernel, in units of the spread.
    points : numpy.ndarray of shape (n, d)
        Standardised features of the graded images.
    weights : mapping of str to numpy.ndarray of shape (n,)
        What each of them weighs, by judgement.
    """

    centre: np.ndarray
    spread: np.ndarray
    length: float
    points: np.ndarray
    weights: Mapping[str, np.ndarray]

    def logits(self, features: np.ndarray) -> dict[str, np.ndarray]:
        """Return g of images by judgement: (m, d) -> (m,) each."""
        with_points = kernel((features - self.centre) / self.spread, self.points, self.length)
        return {name: with_points @ weights for name, weights in self.weights.items()}

    def save(self, path: str | Path) -> None:
        """Write the artifact of kind ``head``."""
        attrs = {"length": self.length, "amplitude": AMPLITUDE, "judgements": list(self.weights)}
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
            When the file is none, or was made with another amplitude.
        """
        with artifacts.open(path, "head") as file:
            if file.attrs.get("amplitude") != AMPLITUDE:
                raise ArtifactError(
                    f"{path}: it was fitted with the amplitude {file.attrs.get('amplitude')}, not "
                    f"{AMPLITUDE}; delete it and run again"
                )
            arrays = [artifacts.read(file, name) for name in ("centre", "spread", "points")]
            names = list(file.attrs["judgements"])
            weights = {name: artifacts.read(file, f"weights/{name}") for name in names}
            return cls(*arrays[:2], float(file.attrs["length"]), arrays[2], weights)


def kernel(x: np.ndarray, y: np.ndarray, length: float) -> np.ndarray:
    """Return the covariance of g at standardised features: (m, d), (n, d) -> (m, n)."""
    squared = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2.0 * x @ y.T
    return AMPLITUDE * np.exp(-0.5 * np.maximum(squared, 0.0) / length**2)


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
