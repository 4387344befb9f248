"""Stages from embeddings to probabilities: fit the mixture, label its clusters, score images."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.cluster.mixture.parameters import MixtureParameters, normalise
from lensflow.cluster.probability import lens_probability

logger = logging.getLogger(__name__)


def read_embeddings(paths: Iterable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return embeddings (n, d), ids (n,) and is_lens (n,) of the shards of a sample, in order."""
    parts = []
    for path in paths:
        with artifacts.open(path, "embeddings") as f:
            columns = artifacts.read(f, "embedding"), artifacts.read_strings(f, "id")
            parts.append((*columns, artifacts.read(f, "is_lens")))
    embeddings, ids, is_lens = (np.concatenate(column) for column in zip(*parts, strict=True))
    return embeddings, ids, is_lens


def fit_mixture_stage(
    embedding_paths: Iterable,
    mixture_path: str | Path,
    template_path: str | Path,
    n_threads: int | None = None,
    **settings,
) -> MixtureParameters:
    """Fit the mixture of one run to its training sample, and write a table for a person to fill.

    Parameters
    ----------
    embedding_paths : iterable of path
        Shards (kind ``embeddings``) of the training sample.
    mixture_path, template_path : str or Path
        The artifact of kind ``mixture`` and the template of cluster labels to write.
    n_threads : int, optional
        Most threads of linear algebra; as many as the environment allows when not given.
    **settings
        Those of ``lensflow.cluster.mixture.fitting.fit``.

    Returns
    -------
    MixtureParameters
    """
    # Loads scikit-learn, which the other stages of this module do without.
    from lensflow.cluster.mixture.fitting import fit

    embeddings, _, _ = read_embeddings(embedding_paths)
    with threadpool_limits(limits=n_threads):
        mixture = fit(embeddings, **settings)
    mixture.save(mixture_path)
    n_members = np.bincount(mixture.labels(embeddings), minlength=mixture.n_components)
    cluster_labels.write_template(template_path, n_members, mixture.hash)
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
    embedding_paths: Iterable,
    labels_path: str | Path,
    method: str,
    seed: int,
) -> None:
    """Write the table of cluster labels of one run.

    Parameters
    ----------
    mixture_path : str or Path
    embedding_paths : iterable of path
        Shards (kind ``embeddings``) of the training sample.
    labels_path : str or Path
        The CSV to write.
    method : {"known", "stand_in"}
        True lens fractions, or the simulated expert.
    seed : int
        Chooses the representatives; the cluster sheets take the same.

    Raises
    ------
    ConfigError
        When the method is unknown.
    LabelError
        When there are no true labels.
    """
    mixture = MixtureParameters.load(mixture_path)
    embeddings, ids, is_lens = read_embeddings(embedding_paths)
    clusters, n_components = mixture.labels(embeddings), mixture.n_components
    judgement = JUDGEMENTS[method]
    probability, n_seen = judgement.judge(clusters, ids, is_lens, n_components, seed)
    cluster_labels.write(
        labels_path,
        probability,
        mixture.hash,
        n_members=np.bincount(clusters, minlength=n_components),
        n_inspected=n_seen,
        who=f"lensflow {method}",
        note=judgement.note,
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
