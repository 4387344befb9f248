"""What it costs that the clusters of one run are judged, and those of the other runs follow.

PYTHONPATH=scripts python -m lensflow.studies.judge_once demo best

Clusters are judged by their true lens fractions: of every run by itself, and of the first run
alone, as the joint judging page does it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.cluster import clusterers
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.matching import match_clusters, member_shares
from lensflow.cluster.probability import lens_probability
from lensflow.evaluate.metrics import auroc
from lensflow.experiment import Experiment
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.runs import Run
from lensflow.studies.command import command
from lensflow.studies.trained import existing, read_experiment

TRAIN = "train"


class Judged(NamedTuple):
    """A run: its clusters, that of each training image (n,), and true lens fractions (K,)."""

    run: Run
    mixture: Clustering
    clusters: np.ndarray
    fractions: np.ndarray


def judge_once(experiment: Experiment, root: Path) -> pd.DataFrame:
    """Return what each run of the headline model scores by its own judgement and by the first's.

    Parameters
    ----------
    experiment : Experiment
        With labels.
    root : Path
        The folder that its paths are relative to.

    Returns
    -------
    DataFrame
        A row a run and sample: experiment, run, sample, n_clusters, ``n_shared`` (those that share
        more than half of all members with one of an earlier run), ``auc_own`` and ``auc_first``.
    """
    runs = [_judged(experiment, root, run) for run in experiment.headline_runs]
    groups = match_clusters([one.clusters for one in runs], [len(one.fractions) for one in runs])
    followed = _followed(runs, groups)
    joined = [match.model for group in groups for match in group[1:]]
    rows = []
    for number, (one, by_first) in enumerate(zip(runs, followed, strict=True)):
        counts = {"n_clusters": len(by_first), "n_shared": joined.count(number)}
        for sample in (experiment.headline_sample, *experiment.settings["apply_to"]):
            features, table = _sample(experiment, root, one.run, sample)
            known = (table["is_lens"] >= 0).to_numpy()
            if known.any():
                r, is_lens = one.mixture.responsibilities(features[known]), table["is_lens"][known]
                aucs = [auroc(is_lens, lens_probability(r, p)) for p in (one.fractions, by_first)]
                place = {"experiment": experiment.name, "run": one.run.run, "sample": sample}
                rows.append({**place, **counts, "auc_own": aucs[0], "auc_first": aucs[1]})
    return pd.DataFrame(rows)


def _judged(experiment: Experiment, root: Path, run: Run) -> Judged:
    features, rows = _sample(experiment, root, run, TRAIN)
    mixture = clusterers.load(existing(root / experiment.mixture_path(run)))
    clusters = mixture.responsibilities(features).argmax(axis=1)
    fractions = known_fractions(clusters, rows["is_lens"], mixture.n_components)
    return Judged(run, mixture, clusters, fractions)


def _sample(experiment: Experiment, root: Path, run: Run, sample: str):
    path = existing(root / experiment.run_path(run, f"embeddings_{sample}.h5"))
    features, rows = read_embeddings([path])
    return features.astype(float), rows


def _followed(runs: Sequence[Judged], groups) -> list[np.ndarray]:
    """Return what the verdicts on the first run say of the clusters of every run."""
    first = runs[0]
    said = []
    for one in runs:
        shape = len(one.fractions), len(first.fractions)
        said.append(member_shares(one.clusters, first.clusters, shape) @ first.fractions)
    for founder, *others in groups:
        for match in others:
            said[match.model][match.cluster] = said[founder.model][founder.cluster]
    return said


@command
def main() -> None:
    """Print the table of some experiments as CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="+", help="names of experiments that were run")
    tables = [
        judge_once(*read_experiment(Path("results") / name))
        for name in parser.parse_args().experiments
    ]
    pd.concat(tables).to_csv(sys.stdout, index=False, float_format="%.4f")


if __name__ == "__main__":
    main()
