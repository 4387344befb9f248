"""What ranks objects beside the finder, on the same images, or in its place where nobody judges.

A ranker is an entry of `RANKERS`; nothing else compares its name. It stands under ``labels`` in the
tables of the finder, where the finder has the judgement of its clusters.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.evaluate.columns import DENSITY, DENSITY_ARCS
from lensflow.evaluate.ranks import Ranks


class Beside(Protocol):
    """What is known of the n objects of a sample, as `lensflow.evaluate.beside.Beside` has it."""

    @property
    def log_density(self) -> np.ndarray:
        """Log density under the mixture (n,)."""

    @property
    def arcs(self) -> np.ndarray:
        """Arc statistic (n,)."""

    def isolation(self) -> np.ndarray:
        """Return how easily a forest isolates each object (n,)."""

    def judged_components(self, judgement: str) -> np.ndarray:
        """Return the lens probability by clusters of principal components (n,)."""


@dataclass(frozen=True)
class Ranker:
    """One way of ranking objects.

    Attributes
    ----------
    name : str
        Its name in tables.
    title : str
        What figures and the report call it.
    score : callable
        From what is known of a sample of n objects to their scores (n,); higher is more lens-like.
        None where they are among the scores of the finder itself.
    needs_sky : bool
        Whether it needs the noise of the sky of each image.
    needs_images : bool
        Whether it looks at the images again, which takes longer than scores that are there.
    judgement : str
        Whose judgement of its own clusters it takes; empty where it needs none, and no label.
    """

    name: str
    title: str
    score: Callable[[Beside], np.ndarray] | None
    needs_sky: bool = False
    needs_images: bool = False
    judgement: str = ""


def ranks_added(*scores: np.ndarray) -> np.ndarray:
    """Return the sum of the ranks of scores among themselves: k arrays (n,) to (n,), 0 to k."""
    return sum(_ranked(values) for values in scores)


def _ranked(values: np.ndarray) -> np.ndarray:
    ranks = Ranks()
    ranks.add(values)
    return ranks.shares(values)


def _arcs(sample: Beside) -> np.ndarray:
    return sample.arcs


def _density_and_arcs(sample: Beside) -> np.ndarray:
    return ranks_added(-sample.log_density, sample.arcs)


def _isolation_forest(sample: Beside) -> np.ndarray:
    return sample.isolation()


def _pca_views(judgement: str) -> Callable[[Beside], np.ndarray]:
    return lambda sample: sample.judged_components(judgement)


RANKERS = {
    ranker.name: ranker
    for ranker in (
        Ranker(
            name=DENSITY_ARCS,
            title="density and arcs by ranks: unusual and arc-like objects first",
            score=_density_and_arcs,
            needs_sky=True,
        ),
        Ranker(
            name=DENSITY,
            title="density alone: unusual objects first",
            score=None,
        ),
        Ranker(
            name="arcs",
            title="arc statistic alone",
            score=_arcs,
            needs_sky=True,
        ),
        Ranker(
            name="isolation_forest",
            title="isolation forest of the features: unusual objects first",
            score=_isolation_forest,
        ),
        *(
            Ranker(
                name=f"pca_views_{judgement.name}",
                title=f"principal components over eight views, {judgement.title}",
                score=_pca_views(judgement.name),
                needs_images=True,
                judgement=judgement.name,
            )
            for judgement in JUDGEMENTS.values()
            if judgement.needs_labels
        ),
    )
}


def shown_labels(ranked_by: str, labels: Iterable[str]) -> str:
    """Return whose score is shown, among the values under ``labels`` of a table.

    Parameters
    ----------
    ranked_by : str
        What ranks candidates: a judgement of the clusters, or a ranker.
    labels : iterable of str

    Returns
    -------
    str
        That, or density where the table lacks it.
    """
    return ranked_by if ranked_by in set(labels) else DENSITY


def title_of(labels: str) -> str:
    """Return what a value under ``labels`` is called: a ranker, or a judgement of the clusters."""
    return RANKERS[labels].title if labels in RANKERS else JUDGEMENTS[labels].title
