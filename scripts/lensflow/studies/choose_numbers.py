r"""How many features and clusters? Choices that need no label, beside the AUC that labels give.

    python -m lensflow.studies.choose_numbers --work encoders --output results/published/numbers

Fits encoders and mixtures on training-like objects, with the clusters as many as asked for and each
number of features, then with the features as many as asked for and each number of clusters. On
fresh training-like objects it measures, without labels,

- ``stability``: adjusted Rand index of the clusters of mixtures fitted to the training sample and
  to bootstrap samples of it, mean over all pairs;
- ``held_out_density``: mean log density (it compares numbers of clusters, not of features);
- ``gain``: that, less the mean log density of one Gaussian, in nats (it compares numbers of
  features: what is left out of them is a Gaussian that depends on the others, whatever their
  number; Raftery & Dean 2006, JASA 101, 168, section 3);
- ``same_view``, ``same_turn``: share of objects that stay in their cluster in an altered view
  (`lensflow.prepare.views`), and when turned by a right angle;
- ``information``: what the cluster of one altered view says of the cluster of another (mutual
  information in bits, less what chance gives).

The choice is the number of features of the greatest gain, and the number of clusters of the
greatest information: of few there is little to say, with too many features the mixture no longer
describes objects that it has not seen, and with too many clusters what is said differs between
views of one object. The AUC is that of the true fractions of the training sample's clusters, mean
over mixture seeds; it enters no choice. Writes
``numbers.csv``, ``choices.csv`` (the choice, and what it costs against the best by labels) and
``numbers.png``.
"""

import argparse
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score, mutual_info_score
from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

from lensflow.cluster.clustering import Clustering
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.probability import lens_probability
from lensflow.evaluate.metrics import auroc
from lensflow.figures import style
from lensflow.files.tables import write_csv
from lensflow.prepare.views import altered, cut_neighbours
from lensflow.seeds import rng
from lensflow.studies.command import command
from lensflow.studies.compare_encoders import BLOCK, STUDIED, Sample, simulated
from lensflow.studies.look_little import clustered
from lensflow.studies.looking import Clustered

FEATURES = (2, 4, 8, 16, 32, 48)
CLUSTERS = (8, 16, 24, 48)
BY = {"n_features": "features", "n_clusters": "clusters"}
"""What is varied, and what it is called."""

CHOSEN_BY = {"n_features": "gain", "n_clusters": "information"}
UNITS = {"gain": "gain over one Gaussian, nats", "information": "information, bits"}

TARGET = 0.01
"""AUC that a choice without labels may cost."""


def information(first: np.ndarray, second: np.ndarray) -> float:
    """Return what one clustering says of another, in bits, less what chance gives: (n,), (n,)."""
    by_chance = expected_mutual_information(contingency_matrix(first, second), len(first))
    return float((mutual_info_score(first, second) - by_chance) / np.log(2))


def stability(
    mixture: Clustering, train: np.ndarray, held_out: np.ndarray, n_bootstrap: int, seed: int
) -> float:
    """Return the adjusted Rand index of clusters of ``held_out``, mean over pairs of mixtures.

    Parameters
    ----------
    mixture : Clustering
        Of all of ``train``.
    train, held_out : ndarray of shape (n, d), (m, d)
    n_bootstrap : int
        Mixtures fitted to samples of ``train`` with replacement, beside that one.
    seed : int
    """
    n_clusters, found = mixture.n_components, [mixture.labels(held_out)]
    random = rng(seed, "bootstrap", n_clusters, train.shape[1])
    for _ in range(n_bootstrap):
        again = train[random.integers(len(train), size=len(train))]
        found.append(clustered({"train": again}, n_clusters, seed)[1].labels(held_out))
    return float(np.mean([adjusted_rand_score(*pair) for pair in itertools.combinations(found, 2)]))


def gain(mixture: Clustering, train: np.ndarray, held_out: np.ndarray) -> float:
    """Return how much better a mixture describes held-out objects than one Gaussian, in nats.

    Parameters
    ----------
    mixture : Clustering
        Of ``train``.
    train, held_out : ndarray of shape (n, d), (m, d)
    """
    single = multivariate_normal(train.mean(axis=0), np.cov(train, rowvar=False))
    return float(np.mean(mixture.log_density(held_out) - single.logpdf(held_out)))


def unlabelled_row(features: dict[str, np.ndarray], mixture: Clustering, given) -> dict[str, float]:
    """Return what is measured without labels.

    Parameters
    ----------
    features : mapping of str to ndarray
        ``train``, ``training`` and ``challenge``; of the objects of ``training`` also ``view_0``,
        ``view_1`` and ``turned``.
    mixture : Clustering
        Of ``train``.
    given
        ``n_bootstrap`` and ``seed``.
    """
    held_out = features["training"]
    names = ("training", "view_0", "view_1", "turned")
    own, first, second, turned = (mixture.labels(features[name]) for name in names)
    settings = (given.n_bootstrap, given.seed)
    return {
        "stability": stability(mixture, features["train"], held_out, *settings),
        "held_out_density": float(mixture.log_density(held_out).mean()),
        "gain": gain(mixture, features["train"], held_out),
        "same_view": float((first == second).mean()),
        "same_turn": float((own == turned).mean()),
        "information": information(first, second),
    }


def labelled_row(runs: list[Clustered], is_lens: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the AUC of the other samples by true fractions, mean over mixtures."""
    found = {name: [] for name in is_lens if name != "train"}
    for objects in runs:
        fractions = known_fractions(objects.clusters, is_lens["train"], objects.n_clusters)
        for name, values in found.items():
            p_lens = lens_probability(objects.responsibilities[name], fractions)
            values.append(auroc(is_lens[name], p_lens))
    return {f"auc_{name}": float(np.mean(values)) for name, values in found.items()}


def number_rows(features, is_lens, given) -> Iterator[dict]:
    """Yield everything that is measured for each number of features, then of clusters."""
    features_too = [(n, given.n_clusters, "n_features") for n in given.features]
    clusters_too = [(given.n_features, n, "n_clusters") for n in given.clusters]
    for n_features, n_clusters, varied in (*features_too, *clusters_too):
        some = {name: values[:, :n_features] for name, values in features.items()}
        key = {"varied": varied, "n_features": n_features, "n_clusters": n_clusters}
        labelled = {name: some[name] for name in is_lens}
        seeds = range(given.seed, given.seed + given.n_runs)
        runs, mixtures = zip(
            *(clustered(labelled, n_clusters, seed) for seed in seeds), strict=True
        )
        yield {**key, **unlabelled_row(some, mixtures[0], given), **labelled_row(runs, is_lens)}


def choices(table: pd.DataFrame) -> pd.DataFrame:
    """Return, for each encoder and what is varied, the choice and what it costs in AUC."""
    rows = []
    for (encoder, varied), part in table.groupby(["encoder", "varied"], sort=False):
        chosen = part.loc[part[CHOSEN_BY[varied]].idxmax()]
        for column in ("auc_training", "auc_challenge"):
            best = part.loc[part[column].idxmax()]
            row = {"encoder": encoder, "varied": varied, "sample": column.removeprefix("auc_")}
            row |= {"chosen": int(chosen[varied]), "best": int(best[varied])}
            row |= {"auc_chosen": chosen[column], "auc_best": best[column]}
            rows.append({**row, "cost": best[column] - chosen[column]})
    return pd.DataFrame(rows)


# --- objects ------------------------------------------------------------------------------------


def encoder_inputs(images: np.ndarray, ids: np.ndarray, seed: int) -> dict[str, Callable]:
    """Return what makes, of a block of rows, the images themselves and altered copies of them."""
    pool = cut_neighbours(images, [str(name) for name in ids], seed)

    def view(number: int) -> Callable[[slice], np.ndarray]:
        return lambda rows: altered(images[rows], [str(i) for i in ids[rows]], pool, seed, number)

    turned = {"turned": lambda rows: np.rot90(images[rows], axes=(1, 2))}
    return {"training": lambda rows: images[rows], "view_0": view(0), "view_1": view(1), **turned}


def features_of(encode: Callable, n_objects: int, block_of: Callable[[slice], np.ndarray]):
    """Return the features (n, d) of what is made of blocks of rows, float64."""
    blocks = [slice(start, start + BLOCK) for start in range(0, n_objects, BLOCK)]
    parts = [encode(np.ascontiguousarray(block_of(rows))) for rows in blocks]
    return np.concatenate(parts).astype(np.float64)


def measure(given) -> Iterator[dict]:
    """Yield the rows of every encoder; the first features of many are those of few."""
    samples = {
        "train": Sample("training", 100000, given.n_train),
        "training": Sample("training", 100000 + given.n_train, given.n_test),
        "challenge": Sample("challenge", 200000, given.n_test),
    }
    drawn = {name: simulated(given.work, sample) for name, sample in samples.items()}
    is_lens = {name: table["is_lens"].to_numpy() for name, (_, table) in drawn.items()}
    images, table = drawn["training"]
    made = encoder_inputs(images, table["id"].to_numpy(), given.seed)
    made |= {name: lambda rows, x=drawn[name][0]: x[rows] for name in ("train", "challenge")}
    for encoder in given.encoders:
        train, rows = drawn["train"]
        n_features = max(*given.features, given.n_features)
        encode = STUDIED[encoder](train, rows["id"].to_numpy(), n_features, given.seed)
        sizes = {name: len(is_lens.get(name, table)) for name in made}
        features = {name: features_of(encode, sizes[name], each) for name, each in made.items()}
        for row in number_rows(features, is_lens, given):
            yield {"encoder": encoder, **row}
        print(encoder, "done", flush=True)


# --- figure -------------------------------------------------------------------------------------


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the AUC, and below it what chooses, against the numbers; choices are marked."""
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 4.2)
        axes = figure.subplots(2, len(BY), sharex="col")
        axes[0, 1].sharey(axes[0, 0])
        for (above, below), (varied, name) in zip(axes.T, BY.items(), strict=True):
            for number, encoder in enumerate(table["encoder"].unique()):
                rows = table[(table["encoder"] == encoder) & (table["varied"] == varied)]
                _draw_one(above, below, rows, varied, encoder, style.CYCLE[number])
            below.set_xlabel(f"number of {name}")
            below.set_xscale("log", base=2)
            below.xaxis.set_major_formatter("{x:.0f}")
            below.set_ylabel(UNITS[CHOSEN_BY[varied]])
        axes[0, 0].set_ylabel("AUC by true fractions")
        axes[0, 1].legend(fontsize=7)
        title = "Simulated images. Circles: chosen without labels, by what is shown below"
        figure.suptitle(title, fontsize=9)
        style.save_png(figure, path)


def _draw_one(above, below, rows, varied, encoder, colour):
    measure = CHOSEN_BY[varied]
    chosen = rows.loc[[rows[measure].idxmax()]]
    for column, dashes in (("auc_training", "-"), ("auc_challenge", "--")):
        label = f"{encoder}, {column.removeprefix('auc_')}-like"
        above.plot(rows[varied], rows[column], color=colour, ls=dashes, label=label)
        above.plot(chosen[varied], chosen[column], "o", color=colour, mfc="white")
    below.plot(rows[varied], rows[measure], color=colour)
    below.plot(chosen[varied], chosen[measure], "o", color=colour, mfc="white")


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="folder of tables and figure")
    parser.add_argument("--n-train", type=int, default=6000, help="objects to fit on")
    parser.add_argument("--n-test", type=int, default=3000, help="fresh objects a population")
    parser.add_argument("--features", type=int, nargs="+", default=FEATURES)
    parser.add_argument("--clusters", type=int, nargs="+", default=CLUSTERS)
    parser.add_argument("--n-features", type=int, default=16, help="while clusters are varied")
    parser.add_argument("--n-clusters", type=int, default=24, help="while features are varied")
    parser.add_argument("--n-bootstrap", type=int, default=3)
    parser.add_argument("--n-runs", type=int, default=3, help="mixture seeds of the AUC")
    parser.add_argument("--encoders", nargs="+", choices=list(STUDIED), default=list(STUDIED))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@command
def main() -> None:
    """Simulate, measure, and write tables and figure."""
    given = arguments()
    table = pd.DataFrame(measure(given))
    chosen = choices(table)
    write_csv(given.output / "numbers.csv", table)
    write_csv(given.output / "choices.csv", chosen)
    draw(table, given.output / "numbers.png")
    print(table.round(3).to_string(index=False), chosen.round(3).to_string(index=False), sep="\n\n")
    print(f"\nwithin {TARGET} of the best by labels: {(chosen['cost'] <= TARGET).tolist()}")


if __name__ == "__main__":
    main()
