"""What active learning by scikit-activeml makes of few looks, on the features of `look_little`.

    uv venv activeml_env
    VIRTUAL_ENV=activeml_env uv pip install -c envs/requirements.lock \\
        scikit-activeml==1.0.1 pandas h5py astropy
    activeml_env/bin/python tests/benchmarks/activeml_peer.py \\
        --work encoders --output results/published/looking

scikit-activeml (Kottke et al. 2021; Herde et al. 2026, JMLR 27, 184) is no part of lensflow's
environment. It looks at the same training objects as `lensflow.studies.look_little`, in the same
features, asks the same judges, who give the same answers, and is scored on the same fresh objects
by the same merits. The ten first looks are random, those that ``random images`` begins with there.
Then its uncertainty sampling asks for the images of which the classifier is least sure, ten at a
time and from 50 looks on a fifth of what was looked at, and the classifier is fitted anew. Beside
each classifier stands the same one taught by random images only (``random``), to part what the
asking gives from what the classifier gives.

All classifiers that were tried are published. Three were chosen before any score was seen:
logistic regression, a linear classifier of features as Stein et al. 2022 found lenses with; a
random forest, with which Astronomaly learns what a person finds interesting (Lochner & Bassett
2021); and a Gaussian process, as Walmsley et al. 2022 have for that. Settings are those of
scikit-learn, but for an RBF kernel that starts at the length of standardised features; its length
and variance are fitted each time (``process``: up to 200 looks, a fit to 1,000 takes 11 s). The
fourth, ``fixed process``, does not fit them: it was added when the fitted ones were seen to make
all objects equal after 50 looks of one draw. No setting was tuned.

Writes ``activeml.csv`` with the columns of ``looking.csv``; there is no mixture, so its draws are
those of the objects alone.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from lensflow.files.tables import write_csv
from lensflow.seeds import rng
from lensflow.studies.encodings import ENCODERS, Encoded
from lensflow.studies.look_little import LOOKS, merit, samples, summary
from lensflow.studies.looking import JUDGES, Judge

N_FIRST, BATCH, GROWTH = 10, 10, 0.2
CLASSIFIERS = ("logistic", "forest", "process", "fixed process")
ASKED = ("uncertain", "random")
AT_MOST = {"process": 200}
"""Looks up to which a classifier is fitted, where not up to all."""
MIXTURE = 0
"""Seed of the mixture whose draws of ``random images`` are taken."""


def classifier(name: str, n_features: int, seed: int) -> ClassifierMixin:
    """Return one of `CLASSIFIERS`, unfitted."""
    if name == "logistic":
        return LogisticRegression()
    if name == "forest":
        return RandomForestClassifier(random_state=seed)
    optimizer = None if name == "fixed process" else "fmin_l_bfgs_b"
    kernel = ConstantKernel() * RBF(n_features**0.5)
    return GaussianProcessClassifier(kernel, optimizer=optimizer, random_state=seed)


def steps(looks: list[int]) -> list[int]:
    """Return after how many looks the classifier is fitted: first ones, batches, every of looks."""
    found = [N_FIRST]
    for end in looks:
        while found[-1] < end:
            found.append(min(end, found[-1] + max(BATCH, int(GROWTH * found[-1]))))
    return found


def looks_of(name: str, looks) -> list[int]:
    """Return the numbers of looks after which a classifier is scored."""
    return sorted(n_looks for n_looks in looks if n_looks <= AT_MOST.get(name, max(looks)))


def peer(way: str, n_features: int, seed: int) -> tuple:
    """Return the library's learner and its asking, which is None for random images.

    Parameters
    ----------
    way : str
        A classifier and how it asks: ``logistic, uncertain``.
    n_features, seed : int
    """
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import UncertaintySampling

    name, asked = way.split(", ")
    own = classifier(name, n_features, seed)
    learner = SklearnClassifier(own, classes=[0, 1], random_state=seed)
    asking = {"uncertain": UncertaintySampling(random_state=seed), "random": None}
    return learner, asking[asked]


def learned(
    features: dict[str, np.ndarray],
    answers: np.ndarray,
    order: np.ndarray,
    looks: list[int],
    learner,
    asking,
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yield the number of looks and the lens probabilities of each other sample, for all looks.

    Parameters
    ----------
    features : dict of str to ndarray of shape (n, d)
        Standardised, ``train`` among them.
    answers : ndarray of shape (n_train,)
        What the judge would say of each; read only where was looked.
    order : ndarray of int, shape (n_train,)
        Random images: the first of them are looked at first, the others if nobody asks.
    looks : list of int
        At least `N_FIRST`, ascending.
    learner, asking
        From `peer`. A label is NaN where nobody looked.
    """
    train = features["train"]
    labels = np.full(len(train), np.nan)
    n_looked = 0
    for n_looks in looks if asking is None else steps(looks):
        n_more = n_looks - n_looked
        if asking is None or n_looked == 0:
            rows = order[n_looked:n_looks]
        else:
            rows = asking.query(train, labels, learner, fit_clf=False, batch_size=n_more)
        labels[rows] = answers[rows]
        n_looked = n_looks
        learner.fit(train, labels)
        if n_looks in looks:
            others = [sample for sample in features if sample != "train"]
            yield n_looks, {each: learner.predict_proba(features[each])[:, 1] for each in others}


def rows(
    data: Encoded, encoder: str, judge: Judge, draw: int, way: str, looks: list[int]
) -> list[dict]:
    """Return the merits of one way with one judge and draw, for all looks."""
    features = data.features(encoder)
    scaler = StandardScaler().fit(features["train"])
    features = {sample: scaler.transform(each) for sample, each in features.items()}
    # As in `lensflow.studies.look_little.looked_rows`: the same answers, the same random images.
    answers = judge.answers(data.table("train"), rng(data.seed, judge.name, draw))
    order = rng(data.seed, "random images", MIXTURE, draw).permutation(len(answers))
    is_lens = {sample: data.table(sample)["is_lens"].to_numpy() for sample in features}
    found = []
    with warnings.catch_warnings():
        # Ten images of one class teach nothing, and few images no length: neither is an error.
        warnings.filterwarnings("ignore", "(The|Since the) 'base_estimator' could not be fitted")
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        learner, asking = peer(way, features["train"].shape[1], draw)
        for n_looks, scores in learned(features, answers, order, looks, learner, asking):
            for sample, score in scores.items():
                key = {"encoder": encoder, "way": way, "judge": judge.name, "sample": sample}
                found.append({**key, "n_looks": n_looks, **merit(is_lens[sample], score)})
    print(encoder, way, judge.name, "draw", draw, flush=True)
    return found


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of look_little")
    parser.add_argument("--output", type=Path, required=True, help="folder of the table")
    parser.add_argument("--n-train", type=int, default=6000, help="objects to look at")
    parser.add_argument("--n-test", type=int, default=3000, help="fresh objects a population")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-draws", type=int, default=5, help="of the first looks")
    parser.add_argument("--looks", type=int, nargs="+", default=LOOKS)
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=["polar", "pca"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    if min(given.looks) < N_FIRST:
        parser.error(f"--looks {min(given.looks)}: the first looks are {N_FIRST}; ask for as many")
    return given


def main() -> None:
    """Learn from few looks, and write the table."""
    given = arguments()
    data = Encoded(given.work, samples(given.n_train, given.n_test), given.n_features, given.seed)
    for encoder in given.encoders:
        # What is missing in the folder is made once, not by each process.
        data.features(encoder)
    wanted = [
        (encoder, judge, draw, f"{name}, {asked}", looks_of(name, given.looks))
        for encoder in given.encoders
        for judge in JUDGES
        for name in CLASSIFIERS
        for asked in ASKED
        for draw in range(given.n_draws)
    ]
    found = Parallel(n_jobs=given.cores)(delayed(rows)(data, *each) for each in wanted)
    table = summary(pd.DataFrame([row for part in found for row in part]))
    write_csv(given.output / "activeml.csv", table)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
