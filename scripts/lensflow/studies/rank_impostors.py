"""What fools a finder, and what it loses: impostors and rare lenses ranked by clusters and density.

    python -m lensflow.studies.rank_impostors --work /tmp/encoders --output /tmp/impostors

Fits encoders and mixtures on training-like objects, with the true fractions of the clusters (or on
those of another population by ``--fit-on``: a survey that is trained on itself has its impostors in
the training sample), and scores fresh objects: the challenge-like set, the same objects with
impostors (population ``hard``), and challenge-like objects among which rare lenses are planted
(population ``rare``). Writes into the output folder

- ``auc.csv``: one row an encoder, sample and mixture seed;
- ``impostors.csv``: of each kind its share of the non-lenses and of the best-ranked of them, the
  AUC of all lenses against the non-lenses that have it, and of the lenses that have it against all
  non-lenses;
- ``rarities.csv``: how each kind ranks among all objects by each encoder's lens probability and by
  how unlikely the mixture finds it (``-log_density``): percentiles (100 is the first), and how many
  are in the best 1 %; beside them the lenses of the challenge-like set themselves;
- ``best_<encoder>_<sample>.png``: the best-ranked non-lenses, with their kinds.

The probability that ranks is the mean over the mixture seeds. Simulated images stay in the work
folder for the next run (42 kB an object).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.cluster import clusterers
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.probability import lens_probability
from lensflow.errors import ConfigError
from lensflow.evaluate.metrics import auroc
from lensflow.figures import style
from lensflow.files.tables import write_csv
from lensflow.simulate.population import load, names
from lensflow.simulate.rarities import rarity_of
from lensflow.simulate.shards import impostor_of
from lensflow.studies.command import command
from lensflow.studies.compare_encoders import SIMULATION_SEED, STUDIED, Sample, metrics, simulated

BLOCK = 500
FIELD = "challenge-like"
"""What is not planted in the sample with rare lenses."""


class Objects(NamedTuple):
    """Images (n, 101, 101) in sky sigma, what is known of them, and each one's kind (n,)."""

    images: np.ndarray
    table: pd.DataFrame
    kinds: np.ndarray


class Scores(NamedTuple):
    """One row a mixture seed: lens probabilities and minus log densities, each (n_seeds, n)."""

    p_lens: np.ndarray
    unlikely: np.ndarray


def impostor_objects(work: Path, sample: Sample) -> Objects:
    """Return simulated objects with the kind of each one's impostor, empty for none."""
    images, table = simulated(work, sample)
    population = load(sample.population)
    kinds = [impostor_of(population, SIMULATION_SEED, int(number))[0] for number in table["id"]]
    return Objects(images, table, np.array(kinds))


def planted_objects(work: Path, field: Sample, rare: Sample) -> Objects:
    """Return challenge-like objects, then rare lenses, with the kind of each."""
    parts = [simulated(work, sample) for sample in (field, rare)]
    population = load(rare.population)
    planted = [rarity_of(population, int(number)) for number in parts[1][1]["id"]]
    return Objects(
        np.concatenate([images for images, _ in parts]),
        pd.concat([table for _, table in parts], ignore_index=True),
        np.array([FIELD] * field.n_objects + planted),
    )


# --- scores ---------------------------------------------------------------------------------------


def scored(samples: dict[str, Objects], encoder: str, given) -> dict[str, Scores]:
    """Return the scores of every sample but ``train`` by one encoder and several mixtures."""
    images, table, _ = samples["train"]
    encode = STUDIED[encoder](images, table["id"].to_numpy(), given.n_features, given.seed)
    features = {name: _features(encode, objects.images) for name, objects in samples.items()}
    is_lens = table["is_lens"].to_numpy()
    runs = [_clustered(features, is_lens, given.n_clusters, seed) for seed in range(given.n_runs)]
    return {
        name: Scores(*(np.stack(parts) for parts in zip(*(run[name] for run in runs), strict=True)))
        for name in runs[0]
    }


def _features(encode, images):
    blocks = range(0, len(images), BLOCK)
    return np.concatenate([encode(images[start : start + BLOCK]) for start in blocks])


def _clustered(features, is_lens, n_clusters, seed):
    """Return lens probability and minus log density of each sample by one mixture."""
    train = features["train"].astype(np.float64)
    settings = {"n_components": n_clusters, "seed": seed, "max_iter": 300}
    mixture = clusterers.fit("lensflow", train, tol=1e-3 * len(train) / 100, **settings)
    fractions = known_fractions(mixture.labels(train), is_lens, n_clusters)
    return {
        name: _scores(mixture, values.astype(np.float64), fractions)
        for name, values in features.items()
        if name != "train"
    }


def _scores(mixture, values, fractions):
    members = list(mixture.iterate(values))
    p_lens = [lens_probability(part.responsibilities, fractions) for part in members]
    return np.concatenate(p_lens), -np.concatenate([part.log_density for part in members])


# --- tables ---------------------------------------------------------------------------------------


def auc_rows(encoder: str, objects: dict[str, Objects], scores: dict[str, Scores]) -> Iterator:
    """Yield the metrics of each sample and mixture seed."""
    for name, found in scores.items():
        for seed, p_lens in enumerate(found.p_lens):
            key = {"encoder": encoder, "sample": name, "seed": seed}
            yield key | metrics(objects[name].table, p_lens)


def impostor_rows(encoder: str, objects: Objects, scores: Scores, n_best: int) -> Iterator[dict]:
    """Yield, for each kind of impostor, how often it is and how well it is told from lenses."""
    is_lens, p_lens = objects.table["is_lens"].to_numpy(), scores.p_lens.mean(axis=0)
    best = best_non_lenses(is_lens, p_lens, n_best)
    for kind in np.unique(objects.kinds):
        has, lens = objects.kinds == kind, is_lens == 1
        key = {"encoder": encoder, "impostor": kind or "none", "n": int(has.sum())}
        yield key | {
            "share_of_non_lenses": has[~lens].mean(),
            "share_of_best": has[best].mean(),
            "auc_non_lenses": auroc(is_lens[lens | has], p_lens[lens | has]),
            "auc_lenses": auroc(is_lens[~lens | has], p_lens[~lens | has]),
        }


def best_non_lenses(is_lens: np.ndarray, p_lens: np.ndarray, n_best: int) -> np.ndarray:
    """Return the rows (n_best,) of the non-lenses with the highest probabilities, best first."""
    order = np.argsort(-p_lens, kind="stable")
    return order[is_lens[order] == 0][:n_best]


def percentiles(score: np.ndarray) -> np.ndarray:
    """Return the share of objects (per cent) that each one outranks; ties count half."""
    ordered = np.sort(score)
    below = np.searchsorted(ordered, score, side="left")
    return 50.0 * (below + np.searchsorted(ordered, score, side="right") - 1) / (len(score) - 1)


def rarity_rows(encoder: str, objects: Objects, scores: Scores) -> Iterator[dict]:
    """Yield how each kind of rare lens, and the lenses among the others, rank by each score."""
    lens = objects.table["is_lens"].to_numpy() == 1
    ranks = {name: percentiles(score.mean(axis=0)) for name, score in scores._asdict().items()}
    for score, found in ranks.items():
        for kind in dict.fromkeys(objects.kinds):
            rank = found[(objects.kinds == kind) & lens]
            key = {"encoder": encoder, "score": score, "rarity": kind, "n": len(rank)}
            low, median, high = np.percentile(rank, [10, 50, 90])
            yield key | {
                "percentile_10": low,
                "median_percentile": median,
                "percentile_90": high,
                "in_best_percent": (rank >= 99).mean(),
            }


def draw_best(path: Path, objects: Objects, rows: np.ndarray, n_columns: int = 10) -> None:
    """Draw images, ten in a line, each with its kind, in sky sigma on an arcsinh scale."""
    with style.paper():
        n_lines = -(-len(rows) // n_columns)
        figure = style.new_figure(1.5 * n_columns, 1.5 * n_lines, images=True)
        panels = figure.subplots(n_lines, n_columns, squeeze=False).ravel()
        for axes, row in zip(panels, rows, strict=False):
            image = np.arcsinh(np.clip(objects.images[row], -2.0, 50.0) / 2.0)
            style.show_image(axes, image, (-0.9, 2.7))
            axes.set_title(str(objects.kinds[row]).replace("_", " "))
        for axes in panels[len(rows) :]:
            axes.set_axis_off()
        style.save_png(figure, path, dpi=80)


# --- command line ---------------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--fit-on", choices=names(), default="training", help="population")
    parser.add_argument("--n-train", type=int, default=6000, help="objects to fit on")
    parser.add_argument("--n-hard", type=int, default=3000, help="objects with and without")
    parser.add_argument("--n-field", type=int, default=10000, help="objects, rare ones included")
    parser.add_argument("--n-rare", type=int, default=10, help="planted objects of each kind")
    parser.add_argument("--n-best", type=int, default=100, help="non-lenses that are counted")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-clusters", type=int, default=24)
    parser.add_argument("--n-runs", type=int, default=3, help="mixture seeds")
    parser.add_argument("--seed", type=int, default=1, help="of the encoders")
    return parser.parse_args()


def count_planted(n_rare: int, n_field: int) -> int:
    """Return how many rare lenses are planted, all kinds together.

    Parameters
    ----------
    n_rare : int
        Objects of each kind.
    n_field : int
        Objects among which they are, themselves included.

    Raises
    ------
    ConfigError
        When there is none of a kind, or nothing else.
    """
    n_planted = n_rare * len(load("rare").rarities)
    if not 0 < n_planted < n_field:
        raise ConfigError(
            f"--n-rare is {n_rare}, so {n_planted} objects are planted, and --n-field, all, "
            f"is {n_field}; expected at least one of each kind, and fewer than all"
        )
    return n_planted


def draw_samples(given) -> dict[str, Objects]:
    """Simulate what is not yet in the work folder."""
    n_planted = count_planted(given.n_rare, given.n_field)
    train = simulated(given.work, Sample(given.fit_on, 100000, given.n_train))
    field = Sample("challenge", 900000, given.n_field - n_planted)
    return {
        "train": Objects(*train, np.array([])),
        "challenge": impostor_objects(given.work, Sample("challenge", 800000, given.n_hard)),
        "hard": impostor_objects(given.work, Sample("hard", 800000, given.n_hard)),
        "planted": planted_objects(given.work, field, Sample("rare", 950000, n_planted)),
    }


@command
def main() -> None:
    """Simulate, score, and write and print the tables."""
    given = arguments()
    samples, tables = draw_samples(given), {"auc": [], "impostors": [], "rarities": []}
    given.output.mkdir(parents=True, exist_ok=True)
    for encoder in STUDIED:
        scores = scored(samples, encoder, given)
        tables["auc"] += auc_rows(encoder, samples, scores)
        tables["impostors"] += impostor_rows(encoder, samples["hard"], scores["hard"], given.n_best)
        tables["rarities"] += rarity_rows(encoder, samples["planted"], scores["planted"])
        for name in ("challenge", "hard"):
            is_lens = samples[name].table["is_lens"].to_numpy()
            rows = best_non_lenses(is_lens, scores[name].p_lens.mean(axis=0), given.n_best)
            draw_best(given.output / f"best_{encoder}_{name}.png", samples[name], rows)
    for name, rows in tables.items():
        table = pd.DataFrame(rows)
        write_csv(given.output / f"{name}.csv", table)
        print(table.round(3).to_string(index=False), end="\n\n")


if __name__ == "__main__":
    main()
