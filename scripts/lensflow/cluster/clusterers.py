"""The clusterers: who finds the clusters of the embeddings (paper section 2.2).

A clusterer is an entry of `CLUSTERERS`; nothing else compares its name. `fit` and `load` are the
only doors to what it makes, a `lensflow.cluster.clustering.Clustering`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.cluster.clustering import Clustering
from lensflow.errors import ArtifactError, ConfigError


@dataclass(frozen=True)
class Clusterer:
    """One way of finding clusters.

    Attributes
    ----------
    name : str
        The value of ``mixture.engine`` in the configuration, and ``engine`` in the artifact.
    words : str
        What it is, for a reader.
    fit : callable
        From (embeddings (n, d), **settings) to a `Clustering`; ``engine`` among the settings is
        the entry's name.
    load : callable
        From the path of an artifact that it saved to a `Clustering`.
    """

    name: str
    words: str
    fit: Callable[..., Clustering]
    load: Callable[[str | Path], Clustering]


# Fitting loads scikit-learn, which the stages that only score do without.
def _fit_reference(embeddings: np.ndarray, **settings) -> Clustering:
    from lensflow.cluster.mixture.fitting import fit_mixture
    from lensflow.cluster.mixture.reference import fit_reference

    return fit_mixture(fit_reference, embeddings, **settings)


def _fit_quadratic(embeddings: np.ndarray, **settings) -> Clustering:
    from lensflow.cluster.mixture.engine import fit_quadratic
    from lensflow.cluster.mixture.fitting import fit_mixture

    return fit_mixture(fit_quadratic, embeddings, **settings)


def _load_mixture(path: str | Path) -> Clustering:
    from lensflow.cluster.mixture.parameters import MixtureParameters

    return MixtureParameters.load(path)


CLUSTERERS = {
    clusterer.name: clusterer
    for clusterer in (
        Clusterer(
            name="scikit-learn",
            words="scikit-learn's Bayesian Gaussian mixture",
            fit=_fit_reference,
            load=_load_mixture,
        ),
        Clusterer(
            name="lensflow",
            words="lensflow's own engine of the same Bayesian Gaussian mixture (faster)",
            fit=_fit_quadratic,
            load=_load_mixture,
        ),
    )
}


def fit(name: str, embeddings: np.ndarray, **settings) -> Clustering:
    """Find the clusters of embeddings.

    Parameters
    ----------
    name : str
        A key of `CLUSTERERS`.
    embeddings : array-like of shape (n, d)
        Finite.
    **settings
        Those of the clusterer, n_components and seed among them; for the mixtures see
        `lensflow.cluster.mixture.fitting.fit_mixture`.

    Returns
    -------
    Clustering

    Raises
    ------
    ConfigError
        When the clusterer is unknown, or the embeddings are too few.
    TrainingError
        When an embedding is not finite, or the algorithm fails.
    """
    if name not in CLUSTERERS:
        raise ConfigError(
            f"mixture engine {name!r} is unknown; choose one of {', '.join(sorted(CLUSTERERS))}"
        )
    return CLUSTERERS[name].fit(embeddings, engine=name, **settings)


def load(path: str | Path) -> Clustering:
    """Read the clusters of a run, whichever clusterer saved them.

    Raises
    ------
    ArtifactError
        When the file is no clustering, does not name a known clusterer, lacks a value, or its
        numbers do not match its hash.
    """
    with artifacts.open(path, "mixture") as file:
        name = file.attrs.get("engine")
    if name is None:
        raise ArtifactError(f"{path}: the mixture lacks the attribute 'engine'; fit it again")
    if name not in CLUSTERERS:
        raise ArtifactError(
            f"{path}: it was made by the clusterer {name!r}, known are {sorted(CLUSTERERS)}; "
            "fit it again, or read it with the version that made it"
        )
    return CLUSTERERS[name].load(path)
