"""Judged once, spread over further mixtures: stage and artifact.

Where one clustering draws a border another does not, so the mean over several is the better score;
but a person judges one. A cluster j of a further mixture is given the mean probability that the
judged clusters k give to its members, the images i of the training sample,

    P_j = sum_k W_jk P_k,    W_jk = sum_i r'_ij r_ik / sum_i r'_ij,

with the responsibilities r of the judged and r' of the further mixture. The shares W depend on no
judgement, so judging again fits nothing again, and what is uncertain of P_k stays linear.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.cluster import clusterers
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.fitting import fit_clusters
from lensflow.errors import ArtifactError
from lensflow.samples.embeddings import read_embeddings


def judged_shares(further: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Return how much each judged cluster says of each further one.

    Parameters
    ----------
    further : numpy.ndarray of shape (n, J)
        Responsibilities of the clusters of a further mixture for the training images.
    judged : numpy.ndarray of shape (n, K)
        The same of the judged mixture.

    Returns
    -------
    numpy.ndarray of shape (J, K)
        Rows sum to one. A further cluster without members is given what the whole sample is.
    """
    members = further.sum(axis=0)[:, None]
    whole = np.broadcast_to(judged.mean(axis=0), (len(members), judged.shape[1])).copy()
    return np.divide(further.T @ judged, members, out=whole, where=members > 0)


def spread_mixture_stage(
    embedding_paths: Iterable,
    judged_path: str | Path,
    mixture_path: str | Path,
    shares_path: str | Path,
    engine: str,
    n_threads: int | None = None,
    **settings,
) -> None:
    """Fit a further mixture of a run, and write what the judged clusters say of its clusters.

    Parameters
    ----------
    embedding_paths : iterable of path
        Shards of the training sample's embeddings, in order.
    judged_path : str or Path
        The mixture that is judged.
    mixture_path, shares_path : str or Path
        The further mixture, and the artifact of kind ``shares``.
    engine, n_threads, settings
        See `lensflow.cluster.fitting.fit_mixture_stage`.

    Raises
    ------
    ArtifactError
        When the judged mixture was fitted to the embeddings of another encoder.
    """
    embedding_paths = list(embedding_paths)
    with artifacts.descending(judged_path, *embedding_paths):
        embeddings, _ = read_embeddings(embedding_paths)
        judged = clusterers.load(judged_path)
        further = fit_clusters(embeddings, engine, n_threads, **settings)
        shares = judged_shares(
            further.responsibilities(embeddings), judged.responsibilities(embeddings)
        )
        further.save(mixture_path)
        names = {"mixture_hash": further.hash, "judged_hash": judged.hash}
        with artifacts.create(shares_path, "shares", names) as writer:
            text = "share of each judged cluster in each cluster of the further mixture"
            writer.dataset("shares", shares, description=text)


def read_shares(path: str | Path, further: Clustering, judged: Clustering) -> np.ndarray:
    """Return the shares (J, K) of two mixtures.

    Raises
    ------
    ArtifactError
        When they were made for other mixtures.
    """
    with artifacts.open(path, "shares") as file:
        found = file.attrs.get("mixture_hash"), file.attrs.get("judged_hash")
        if found != (further.hash, judged.hash):
            raise ArtifactError(
                f"{path}: it spreads the mixture {found[1]} over {found[0]}, but {judged.hash} is "
                f"judged and {further.hash} stands beside it; delete the file and run again"
            )
        return artifacts.read(file, "shares")
