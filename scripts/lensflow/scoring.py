"""Stages between embeddings and probabilities: fit the mixture, label its clusters, score images."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow import artifacts, cluster_labels
from lensflow.errors import ConfigError
from lensflow.mixture import MixtureParameters, fit
from lensflow.mixture.parameters import normalise
from lensflow.probability import lens_probability

logger = logging.getLogger(__name__)


def fit_mixture_stage(
    embeddings_path: str | Path,
    mixture_path: str | Path,
    provenance: dict | None = None,
    **settings,
) -> MixtureParameters:
    """Fit the mixture of one run to the embeddings of its training sample and store it.

    Parameters
    ----------
    embeddings_path, mixture_path : str or Path
        Artifacts of kind ``embeddings`` (read) and ``mixture`` (written).
    provenance : dict, optional
        Further root attributes of the mixture.
    **settings
        As in ``lensflow.mixture.fit``: n_components, seed, max_iter, tol, n_init, engine, reg_covar.

    Returns
    -------
    MixtureParameters
    """
    with artifacts.open(embeddings_path, "embeddings") as f:
        embeddings = artifacts.read(f, "embedding")
    mixture = fit(embeddings, **settings)
    mixture.save(mixture_path, provenance)
    logger.info(
        "%d components over %d features of %d images: %s after %d iterations, lower bound %.6g, "
        "%d components hold more than 1 %% of the weight",
        mixture.n_components,
        mixture.n_features,
        mixture.n_samples,
        "converged" if mixture.converged else "NOT converged",
        mixture.n_iter,
        mixture.lower_bound,
        (mixture.weights > 0.01).sum(),
    )
    return mixture


def label_clusters_stage(
    mixture_path: str | Path,
    embeddings_path: str | Path,
    labels_path: str | Path,
    method: str,
    seed: int,
    n_inspected: int = cluster_labels.N_INSPECTED,
) -> None:
    """Write the table of cluster labels of one run.

    Parameters
    ----------
    mixture_path, embeddings_path : str or Path
        The mixture, and the embeddings of the training sample.
    labels_path : str or Path
        The CSV to write.
    method : {"known", "stand_in", "template"}
        True lens fractions; the simulated expert; or empty cells for a person to fill.
    seed : int
        Chooses the representatives; give the same to the cluster sheets.
    n_inspected : int
        Representatives of each cluster.

    Raises
    ------
    ConfigError
        When the method is unknown.
    LabelError
        When the method needs true labels and there are none.
    """
    mixture = MixtureParameters.load(mixture_path)
    with artifacts.open(embeddings_path, "embeddings") as f:
        clusters = mixture.labels(f["embedding"])
        is_lens, ids = artifacts.read(f, "is_lens"), artifacts.read_strings(f, "id")
    n_members = np.bincount(clusters, minlength=mixture.n_components)
    if method == "template":
        cluster_labels.write_template(labels_path, n_members, mixture.hash)
        return
    if method == "known":
        n_seen = np.bincount(clusters[is_lens >= 0], minlength=mixture.n_components)
        probability = cluster_labels.known_fractions(clusters, is_lens, mixture.n_components)
        note = "true lens fraction of the members"
    elif method == "stand_in":
        sheets = cluster_labels.representatives(
            clusters, ids, mixture.n_components, seed, n_inspected
        )
        probability, n_seen = cluster_labels.stand_in(is_lens, sheets)
        note = f"true labels of up to {n_inspected} representatives: uses labels"
    else:
        raise ConfigError(
            f"labelling method {method!r} is unknown; choose known, stand_in or template"
        )
    cluster_labels.write(
        labels_path,
        probability,
        mixture.hash,
        n_members=n_members,
        n_inspected=n_seen,
        who=f"lensflow {method}",
        note=note,
    )


def score_stage(
    mixture_path: str | Path,
    embeddings_path: str | Path,
    label_paths: Mapping[str, str | Path],
    scores_path: str | Path,
) -> None:
    """Write the lens probability of every row of a sample, by every table of cluster labels.

    Parameters
    ----------
    mixture_path, embeddings_path : str or Path
    label_paths : mapping of str to path
        Table of cluster labels for each method; each makes a column ``p_lens_<method>``.
    scores_path : str or Path
        CSV: id, rotation, is_lens, weight, cluster, p_lens_<method>..., log_density. Written by
        chunks of rows: memory does not grow with the sample.

    Raises
    ------
    LabelError
        When a table does not fit the mixture.
    """
    mixture = MixtureParameters.load(mixture_path)
    tables = {
        method: cluster_labels.read(path, mixture.hash, mixture.n_components)
        for method, path in label_paths.items()
    }
    scores_path = Path(scores_path)
    scores_path.parent.mkdir(parents=True, exist_ok=True)
    with (
        artifacts.open(embeddings_path, "embeddings") as f,
        scores_path.open("w", newline="", encoding="utf-8") as out,
    ):
        for rows, joint in mixture.iterate_log_joint(f["embedding"]):
            scores = pd.DataFrame(
                {
                    "id": artifacts.read_strings(f, "id", rows),
                    "rotation": artifacts.read(f, "rotation", rows),
                    "is_lens": artifacts.read(f, "is_lens", rows),
                    "weight": 1,
                    **_probabilities(joint, tables),
                }
            )
            scores.to_csv(out, index=False, header=rows.start == 0, lineterminator="\n")


def _probabilities(joint: np.ndarray, tables: Mapping[str, pd.DataFrame]) -> dict:
    """Return the columns that the mixture and the tables give: (n, K) -> name: (n,)."""
    responsibilities, log_density = normalise(joint)
    columns = {"cluster": joint.argmax(axis=1)}
    for method, table in tables.items():
        columns[f"p_lens_{method}"] = lens_probability(
            responsibilities,
            table["probability"].to_numpy(),
            table["non_lens_probability"].to_numpy(),
        )
    return {**columns, "log_density": log_density}
