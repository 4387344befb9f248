"""Two runs of a small experiment: embeddings, mixture, labels by both rules, scores."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from lensflow.cluster.fitting import fit_mixture_stage
from lensflow.cluster.labelling import label_clusters_stage
from lensflow.cluster.scoring import score_stage
from lensflow.samples.embeddings import write_embeddings

D = 3


def write_classes(path, seed, sample, n_objects=120, n_turns=2, known=True):
    """Two overlapping classes; the rotations of one object are rows beside each other."""
    noise = np.random.default_rng(seed)
    truth = np.random.default_rng([7, len(sample)]).integers(2, size=n_objects)
    is_lens = np.repeat(truth, n_turns)
    x = noise.normal(size=(is_lens.size, D)) + 1.5 * is_lens[:, np.newaxis]
    n_pixels = np.where(is_lens == 1, 90 + np.arange(is_lens.size), -1)
    rows = {
        "id": [f"{sample}{i:04d}" for i in range(n_objects) for _ in range(n_turns)],
        "rotation": np.tile(np.arange(n_turns), n_objects),
        "is_lens": is_lens if known else -np.ones_like(is_lens),
        "numb_pix_lensed_image": n_pixels,
        "flux_lensed_image_in_sigma": np.where(n_pixels >= 0, 1e4, np.nan),
    }
    write_embeddings(path, pd.DataFrame(rows), [x.astype(np.float32)], D)


def make_run(folder, run, samples=("train", "test"), known=True):
    """Write what one run leaves: embeddings, mixture, labels by both rules, scores."""
    folder = folder / f"demo_{run}"
    for i, sample in enumerate(samples):
        write_classes(folder / f"embeddings_{sample}.h5", 10 * run + i, sample, known=known)
    train = [folder / "embeddings_train.h5"]
    mixture, template = folder / "mixture.h5", folder / "template.csv"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit_mixture_stage(train, mixture, template, "scikit-learn", 1, n_components=D, seed=0)
    labels = {}
    for judgement in ("known", "stand_in") if known else ():
        labels[judgement] = folder / f"cluster_labels_{judgement}.csv"
        label_clusters_stage(mixture, train, labels[judgement], judgement, seed=0)
    for sample in samples:
        embeddings = folder / f"embeddings_{sample}.h5"
        score_stage(mixture, embeddings, labels, folder / f"scores_{sample}.csv")
    return folder


@pytest.fixture(scope="package")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment")
    return [make_run(folder, run) for run in range(2)]
