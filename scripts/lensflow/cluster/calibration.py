"""What the logits of a student are worth: reproduce what was judged, without true labels.

A network promises too much or too little, by how long it was trained. What is known of the truth
is what was judged, the lens fraction of each cluster, and images that were graded. So the logit l
is mapped to a l + b such that in the training sample the mean probability of the members of every
cluster is nearest, in the sense of the cross-entropy, to that of what the student was told. The
order of the objects stays; within a cluster they may differ as much as before.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.cluster.combination import CLIP, probability
from lensflow.files.tables import write_csv

COLUMNS = ["judgement", "slope", "offset", "n_images", "n_clusters"]
STEEPEST = 5.0
"""The slope is sought between one over this and this."""


class Calibration(NamedTuple):
    """Logits ``slope * l + offset`` in place of l."""

    slope: float
    offset: float

    def of(self, logits: np.ndarray) -> np.ndarray:
        """Return the calibrated logits of others."""
        return self.slope * np.asarray(logits) + self.offset


def reproduce_fractions(
    logits: np.ndarray, clusters: np.ndarray, p_clusters: np.ndarray
) -> Calibration:
    """Return the calibration whose mean probabilities are those of the clusters.

    Parameters
    ----------
    logits : array-like of shape (n,)
        Of the training images, finite.
    clusters : array-like of int, shape (n,)
        Cluster of each.
    p_clusters : array-like of shape (n,)
        What the clusters say of each, or the label of one that was graded.

    Returns
    -------
    Calibration
        With a positive slope. As they are where there is no image.
    """
    from scipy.optimize import minimize

    logits = np.asarray(logits, dtype=np.float64)
    if logits.size == 0:
        return Calibration(1.0, 0.0)
    _, member, size = np.unique(clusters, return_inverse=True, return_counts=True)
    judged = np.clip(np.bincount(member, p_clusters) / size, CLIP, 1.0 - CLIP)

    def cross_entropy(parameters: np.ndarray) -> float:
        given = probability(np.exp(parameters[0]) * logits + parameters[1])
        mean = np.clip(np.bincount(member, given) / size, 1e-12, 1.0 - 1e-12)
        lost = judged * np.log(mean) + (1.0 - judged) * np.log1p(-mean)
        return -float(size @ lost) / logits.size

    limit = np.log(STEEPEST)
    bounds = [(-limit, limit), (-10.0, 10.0)]
    found = minimize(cross_entropy, [0.0, 0.0], method="L-BFGS-B", bounds=bounds)
    return Calibration(float(np.exp(found.x[0])), float(found.x[1]))


def write_calibrations(
    path: str | Path, found: Mapping[str, Calibration], n_images: int, n_clusters: int
) -> None:
    """Write a row a judgement, with how many images and clusters it was found on."""
    rows = [(name, *one, n_images, n_clusters) for name, one in found.items()]
    write_csv(path, pd.DataFrame(rows, columns=COLUMNS))


def read_calibrations(path: str | Path) -> dict[str, Calibration]:
    """Return the calibrations of a run by judgement."""
    table = pd.read_csv(path)
    names = table["judgement"], table["slope"], table["offset"]
    return {name: Calibration(slope, offset) for name, slope, offset in zip(*names, strict=True)}
