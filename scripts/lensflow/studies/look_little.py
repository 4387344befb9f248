"""How much must a person look at? Figures of merit against the number of images looked at.

    python -m lensflow.studies.look_little --work encoders --output results/published/looking

Fits encoders on training-like objects without labels, lets a simulated judge look at some of them,
and scores fresh objects of both populations. Looks are spread over the clusters, or spent on images
drawn at random, or both. Writes

- ``looking.csv``: one row an encoder, way, judge, sample and number of looks: mean and standard
  deviation, over draws of the objects and seeds of the mixture, of the AUC, of TPR10, and of the
  share of all lenses in the best 1 % of a survey with 1 % lenses (``recall``);
- ``looking.png``: the same, for a judge who is always right.

Without a look objects are ranked by density, by the arc statistic, by the two ranks added, by an
isolation forest of the features, and by injected lenses: those of the training sample, put among
the objects that are scored, whose own clusters then count by how many of them they take. The
autoencoder is the demo's, trained by ``make run``. Simulated images and features stay in the work
folder.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest

from lensflow.cluster import clusterers
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.judgements import injected_shares
from lensflow.evaluate.arcs import arc_statistic
from lensflow.evaluate.metrics import Ranking, all_metrics
from lensflow.evaluate.rankers import ranks_added
from lensflow.evaluate.rates import SELECTIONS, best, nonlens_weight, purity_and_completeness
from lensflow.figures import style
from lensflow.files.tables import write_csv
from lensflow.seeds import rng
from lensflow.studies.command import command
from lensflow.studies.compare_encoders import Sample, encoded
from lensflow.studies.encodings import ENCODERS, Encoded
from lensflow.studies.looking import JUDGES, WAYS, Clustered

LOOKS = (10, 24, 50, 100, 200, 300, 600, 1000)
LENS_FRACTION = SHARE = 0.01
METRICS = {"auc": "AUC", "tpr10": r"TPR$_{10}$", "recall": "recall in the best 1 %"}
"""What is shown, by its column."""


def clustered(
    features: dict[str, np.ndarray], n_clusters: int, seed: int
) -> tuple[Clustered, Clustering]:
    """Return the objects of all samples in the clusters of ``train``, and these."""
    train = features["train"]
    settings = {"n_components": n_clusters, "seed": seed, "max_iter": 300}
    mixture = clusterers.fit("lensflow", train, tol=1e-3 * len(train) / 100, **settings)
    responsibilities = {name: mixture.responsibilities(each) for name, each in features.items()}
    mean, width = train.mean(axis=0), train.std(axis=0)
    scaled = {name: (each - mean) / width for name, each in features.items()}
    return Clustered(scaled, responsibilities, mixture.labels(train)), mixture


def merit(is_lens: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Return AUC, TPR10, and the recall in the best 1 % of a survey with 1 % lenses."""
    counts = Ranking(is_lens, score).counts()
    true, false = counts.true_positives, counts.false_positives
    weight = nonlens_weight(true[-1], false[-1], LENS_FRACTION)
    completeness = purity_and_completeness(true, false, weight)[2]
    found = all_metrics(is_lens, score)
    recall = completeness[SELECTIONS.index(best(SHARE))]
    return {"auc": float(found["auc"]), "tpr10": float(found["tpr10"]), "recall": float(recall)}


def looked_rows(objects: Clustered, data, given, seed: int) -> Iterator[dict]:
    """Yield the merit of every way, judge, number of looks and draw, with one mixture.

    Parameters
    ----------
    objects : Clustered
    data : Encoded
        For the tables of its samples.
    given
        ``looks``, ``n_draws`` and ``seed``.
    seed : int
        Of the mixture.
    """
    train = data.table("train")
    is_lens = {name: data.table(name)["is_lens"].to_numpy() for name in objects.others}
    for judge in JUDGES:
        for draw in range(given.n_draws):
            answers = judge.answers(train, rng(given.seed, judge.name, draw))
            for way, score in WAYS.items():
                for n_looks in given.looks:
                    random = rng(given.seed, way, seed, draw)
                    for sample, found in score(objects, answers, n_looks, random).items():
                        key = {"way": way, "judge": judge.name, "sample": sample}
                        yield {**key, "n_looks": n_looks, **merit(is_lens[sample], found)}


def unlooked_rows(features, data, arcs: dict, given, seed: int) -> Iterator[dict]:
    """Yield the merit of what ranks objects before anyone looks, with mixtures of one seed."""
    is_lens = {name: data.table(name)["is_lens"].to_numpy() for name in features}
    for sample in arcs:
        for way, score in unlooked_scores(features, sample, arcs, is_lens, given, seed).items():
            key = {"way": way, "judge": "nobody", "sample": sample, "n_looks": 0}
            yield {**key, **merit(is_lens[sample], score)}


def unlooked_scores(features, sample: str, arcs, is_lens, given, seed: int) -> dict:
    """Return the scores of a sample that need no look at it, by name.

    The lenses of the training sample are what is injected; of the sample no class is read.
    """
    train, own = features["train"], features[sample]
    _, trained = clustered({"train": train}, given.n_clusters, seed)
    _, survey = clustered({"train": own}, given.n_clusters, seed)
    lenses = train[is_lens["train"] == 1]
    members = np.concatenate([survey.labels(own), survey.labels(lenses)])
    is_injected = np.repeat([0, 1], [len(own), len(lenses)])
    shares = injected_shares(members, is_injected, given.n_clusters)
    density = -trained.log_density(own)
    forest = IsolationForest(random_state=seed).fit(train)
    return {
        "density": density,
        "arcs": arcs[sample],
        "density and arcs": ranks_added(density, arcs[sample]),
        "isolation forest": -forest.score_samples(own),
        "injected lenses": survey.responsibilities(own) @ shares,
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over draws and mixtures."""
    groups = rows.groupby(["encoder", "way", "judge", "sample", "n_looks"], sort=False)
    parts = [groups.size().rename("n_draws")]
    for metric in METRICS:
        parts += [groups[metric].mean(), groups[metric].std(ddof=0).rename(f"{metric}_std")]
    return pd.concat(parts, axis=1).reset_index()


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the merits against looks, a column a metric, a line a sample, for a perfect judge."""
    samples = table["sample"].unique()
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 2.2 * len(samples) + 0.6)
        axes = figure.subplots(len(samples), len(METRICS), squeeze=False, sharex=True)
        for line, sample in zip(axes, samples, strict=True):
            for place, metric in zip(line, METRICS, strict=True):
                _draw_one(place, table[table["sample"] == sample], metric)
            line[0].annotate(f"{sample}-like", (0.04, 0.93), xycoords="axes fraction", va="top")
        for place, name in zip(axes[0], METRICS.values(), strict=True):
            place.set_title(name)
        for place in axes[-1]:
            place.set_xlabel("images looked at")
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=7)
        figure.suptitle("Simulated images, a judge who is always right", fontsize=9)
        style.save_png(figure, path)


def _draw_one(axes, rows, metric):
    perfect = rows[rows["judge"] == JUDGES[0].name]
    for colour, encoder in zip(style.CYCLE, ENCODERS, strict=False):
        for dashes, way in zip(style.DASHES, WAYS, strict=False):
            curve = perfect[(perfect["encoder"] == encoder) & (perfect["way"] == way)]
            if curve.empty:
                continue
            label = f"{encoder}, {way}"
            axes.plot(curve["n_looks"], curve[metric], color=colour, ls=dashes, label=label)
            low, high = (curve[metric] + sign * curve[f"{metric}_std"] for sign in (-1, 1))
            axes.fill_between(curve["n_looks"], low, high, color=colour, alpha=0.1, lw=0)
    axes.set_xscale("log")


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="folder of table and figure")
    parser.add_argument("--n-train", type=int, default=6000, help="objects to fit on and look at")
    parser.add_argument("--n-test", type=int, default=3000, help="fresh objects a population")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-clusters", type=int, default=24)
    parser.add_argument("--n-draws", type=int, default=5, help="of the objects looked at")
    parser.add_argument("--n-runs", type=int, default=3, help="mixture seeds")
    parser.add_argument("--looks", type=int, nargs="+", default=LOOKS)
    parser.add_argument("--root", type=Path, default=Path(), help="where the demo's results lie")
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=ENCODERS)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def samples(n_train: int, n_test: int) -> dict[str, Sample]:
    """Return the objects of the study: to fit on, and fresh ones of both populations."""
    return {
        "train": Sample("training", 100000, n_train),
        "training": Sample("training", 100000 + n_train, n_test),
        "challenge": Sample("challenge", 200000, n_test),
    }


def measure(data: Encoded, given) -> Iterator[dict]:
    """Yield the merit of every encoder, mixture, way, judge, number of looks and draw."""
    others = [name for name in data.samples if name != "train"]
    arcs = {name: encoded(arc_statistic, data.images(name)) for name in others}
    for encoder in given.encoders:
        features = data.features(encoder)
        for seed in range(given.n_runs):
            objects, _ = clustered(features, given.n_clusters, seed)
            for row in unlooked_rows(features, data, arcs, given, seed):
                yield {"encoder": encoder, **row}
            for row in looked_rows(objects, data, given, seed):
                yield {"encoder": encoder, **row}
            print(encoder, "mixture", seed, flush=True)


@command
def main() -> None:
    """Simulate, measure, and write table and figure."""
    given = arguments()
    chosen = samples(given.n_train, given.n_test)
    data = Encoded(given.work, chosen, given.n_features, given.seed, given.root)
    table = summary(pd.DataFrame(measure(data, given)))
    write_csv(given.output / "looking.csv", table)
    draw(table, given.output / "looking.png")
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
