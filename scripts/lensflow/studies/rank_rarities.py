r"""Where rare lenses rank: by density, by arcs, and by the clusters of each encoder.

    python -m lensflow.studies.rank_rarities --work encoders --output results/published/rarities

Plants ten double rings, ten lenses of large separation, ten lenses in groups and ten ordinary ones,
all with visible sources, among 9,960 challenge-like objects, and ranks all of them by encoders and
mixtures that were fitted on training-like objects. Writes

- ``rarities.csv``: one row an encoder, score and kind: percentiles of the ranks (100 is the first)
  of the ten, the middle one and those that one of ten lies below and above, and how many are in the
  best 1 %. ``p_lens`` is the lens probability by the true fractions of the clusters, ``unlikely``
  the mixture's density, unusual objects first, both means over the mixtures; ``arcs`` the arc
  statistic, and ``unlikely and arcs`` their ranks added;
- ``rarities.png``: the ranks.

What is not planted is called challenge-like: its lenses stand beside. The autoencoder is
the demo's, trained by ``make run``. Simulated images and features stay in the work folder.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.cluster.judgements import known_fractions
from lensflow.evaluate.arcs import arc_statistic
from lensflow.evaluate.rankers import ranks_added
from lensflow.figures import style
from lensflow.files.tables import write_csv
from lensflow.simulate.population import load
from lensflow.simulate.rarities import rarity_of
from lensflow.studies.command import command
from lensflow.studies.compare_encoders import Sample, encoded
from lensflow.studies.encodings import ENCODERS, Encoded
from lensflow.studies.look_little import clustered
from lensflow.studies.rank_impostors import FIELD, count_planted, percentiles

BEST = 99.0
"""Percentile above which an object is among the best 1 %."""


def kinds_of(data: Encoded) -> tuple[np.ndarray, np.ndarray]:
    """Return the kind of each object, planted ones last, and which are lenses: (n,) each."""
    population = load(data.samples["rare"].population)
    planted = [rarity_of(population, int(number)) for number in data.table("rare")["id"]]
    field = data.table("field")["is_lens"].to_numpy() == 1
    kinds = np.array([FIELD] * len(field) + planted)
    return kinds, np.concatenate([field, np.ones(len(planted), bool)])


def scores(features: dict[str, np.ndarray], is_lens: np.ndarray, arcs: np.ndarray, given) -> dict:
    """Return what ranks the objects, field and planted together: (n,) each, by name.

    Parameters
    ----------
    features : mapping of str to ndarray of shape (n, d)
        ``train``, ``field`` and ``rare``.
    is_lens : ndarray of shape (n_train,)
    arcs : ndarray of shape (n,)
        Arc statistic of field and planted objects.
    given
        ``n_clusters`` and ``n_runs``.
    """
    p_lens, unlikely = [], []
    for seed in range(given.n_runs):
        objects, mixture = clustered(features, given.n_clusters, seed)
        fractions = known_fractions(objects.clusters, is_lens, given.n_clusters)
        found = [objects.responsibilities[name] @ fractions for name in ("field", "rare")]
        p_lens.append(np.concatenate(found))
        density = [mixture.log_density(features[name]) for name in ("field", "rare")]
        unlikely.append(-np.concatenate(density))
    mean = {"p_lens": np.mean(p_lens, axis=0), "unlikely": np.mean(unlikely, axis=0)}
    return {**mean, "arcs": arcs, "unlikely and arcs": ranks_added(mean["unlikely"], arcs)}


def rarity_rows(found: dict, kinds: np.ndarray, is_lens: np.ndarray) -> Iterator[dict]:
    """Yield how the lenses of each kind rank by each score."""
    for score, values in found.items():
        ranks = percentiles(values)
        for kind in dict.fromkeys(kinds):
            rank = ranks[(kinds == kind) & is_lens]
            low, median, high = np.percentile(rank, [10, 50, 90])
            spread = {"percentile_10": low, "median_percentile": median, "percentile_90": high}
            n_best = int((rank >= BEST).sum())
            yield {"score": score, "rarity": kind, "n": len(rank), **spread, "n_in_best": n_best}


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the ranks of each kind: middle and the range of eight of ten, an encoder a colour."""
    shown, kinds = table["score"].unique(), table["rarity"].unique()
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 0.5 * len(kinds) + 1.4)
        axes = figure.subplots(1, len(shown), squeeze=False, sharey=True)[0]
        for place, score in zip(axes, shown, strict=True):
            for number, encoder in enumerate(table["encoder"].unique()):
                rows = table[(table["score"] == score) & (table["encoder"] == encoder)]
                middle, y = rows["median_percentile"], np.arange(len(rows)) + 0.2 * (number - 1)
                ends = [middle - rows["percentile_10"], rows["percentile_90"] - middle]
                look = {"color": style.CYCLE[number], "ms": 3.5, "lw": 0.8, "label": encoder}
                place.errorbar(middle, y, xerr=ends, fmt="o", **look)
            place.set_title(score)
            place.set_xlim(40, 101)
            place.set_xlabel("percentile")
        axes[0].set_yticks(range(len(kinds)), [kind.replace("_", " ") for kind in kinds])
        axes[0].minorticks_off()
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.suptitle("Simulated images: rare lenses among 10,000", fontsize=9)
        style.save_png(figure, path)


def measure(data: Encoded, given) -> Iterator[dict]:
    """Yield the ranks of every encoder, score and kind."""
    is_train_lens, (kinds, is_lens) = data.table("train")["is_lens"].to_numpy(), kinds_of(data)
    arcs = [encoded(arc_statistic, data.images(name)) for name in ("field", "rare")]
    for encoder in given.encoders:
        found = scores(data.features(encoder), is_train_lens, np.concatenate(arcs), given)
        for row in rarity_rows(found, kinds, is_lens):
            yield {"encoder": encoder, **row}


def samples(given) -> dict[str, Sample]:
    """Return the objects of the study."""
    n_planted = count_planted(given.n_rare, given.n_field)
    return {
        "train": Sample("training", 100000, given.n_train),
        "field": Sample("challenge", 300000, given.n_field - n_planted),
        "rare": Sample("rare", 350000, n_planted),
    }


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="folder of table and figure")
    parser.add_argument("--n-train", type=int, default=6000, help="objects to fit on")
    parser.add_argument("--n-field", type=int, default=10000, help="objects, planted ones included")
    parser.add_argument("--n-rare", type=int, default=10, help="planted objects of each kind")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-clusters", type=int, default=24)
    parser.add_argument("--n-runs", type=int, default=3, help="mixture seeds")
    parser.add_argument("--root", type=Path, default=Path(), help="where the demo's results lie")
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=ENCODERS)
    parser.add_argument("--seed", type=int, default=1, help="of the encoders")
    return parser.parse_args()


@command
def main() -> None:
    """Simulate, rank, and write table and figure."""
    given = arguments()
    data = Encoded(given.work, samples(given), given.n_features, given.seed, given.root)
    table = pd.DataFrame(measure(data, given))
    write_csv(given.output / "rarities.csv", table)
    draw(table, given.output / "rarities.png")
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
