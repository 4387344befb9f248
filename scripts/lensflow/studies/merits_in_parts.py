"""TPR0 and TPR10 of smaller samples: both count false positives, and so fall as samples grow.

    python -m lensflow.studies.merits_in_parts EXPERIMENT... --samples SAMPLE... --output FILE.csv

Draws parts of so many objects from samples that experiments have scored, each object once however
many images of it there are, and ranks them as a list of candidates does. Writes one row an
experiment and sample: AUC, TPR0 and TPR10, means over parts and runs, and the standard deviation
over runs. Makes nothing anew: run the experiments first.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import ConfigError
from lensflow.evaluate.metrics import all_metrics
from lensflow.files.tables import write_csv
from lensflow.samples.scores import log_odds_column, probability_column, ranks, read_scores
from lensflow.seeds import rng
from lensflow.studies.command import command

MERITS = ("auc", "tpr0", "tpr10")


def merits_of_parts(
    is_lens: np.ndarray, score: np.ndarray, n_objects: int, n_parts: int, seed: int
) -> dict[str, float]:
    """Return the means of `MERITS` over parts of a sample, drawn without replacement.

    Parameters
    ----------
    is_lens : ndarray of shape (n,)
        1 or 0.
    score : ndarray of shape (n,)
    n_objects : int
        Objects a part, at most n.
    n_parts : int
    seed : int

    Raises
    ------
    ConfigError
        When there are fewer objects than a part is to have, or no part or object is asked for, or
        a part has no lens, or no non-lens.
    """
    if min(n_objects, n_parts) < 1:
        raise ConfigError(f"--n is {n_objects}, --n-parts {n_parts}; expected at least 1 of each")
    if n_objects > len(score):
        raise ConfigError(
            f"--n is {n_objects}, and a sample has {len(score)} objects; expected at most as many"
        )
    random = rng(seed, "parts")
    found = []
    for _ in range(n_parts):
        part = random.permutation(len(score))[:n_objects]
        merits = all_metrics(is_lens[part], score[part])
        if np.isnan(merits["auc"]):
            raise ConfigError(
                f"a part of {n_objects} objects has {int(is_lens[part].sum())} lenses; expected "
                "both classes in every part. Give a larger --n, or leave the sample out"
            )
        found.append([float(merits[name]) for name in MERITS])
    return dict(zip(MERITS, np.mean(found, axis=0).tolist(), strict=True))


def measure(experiments: Iterable[str], samples: Sequence[str], given) -> pd.DataFrame:
    """Return a row an experiment and sample.

    Parameters
    ----------
    experiments, samples : sequence of str
    given
        ``root``, ``labels``, ``n``, ``n_parts`` and ``seed``.

    Raises
    ------
    ConfigError
        When a sample has objects of unknown class, or no scores by one model, or too few objects.
    LabelError
        When there is no such judgement.
    """
    rows = []
    for name in experiments:
        for sample in samples:
            paths = score_paths(given.root / "results" / name, sample)
            table = pd.DataFrame([_of_run(path, given) for path in paths])
            key = {"experiment": name, "sample": sample, "labels": given.labels, "n": given.n}
            spread = table.std().add_suffix("_std") if len(table) > 1 else {}
            rows.append({**key, **table.mean(), **spread, "n_runs": len(table)})
    return pd.DataFrame(rows)


def score_paths(folder: Path, sample: str) -> list[Path]:
    """Return the scores of a sample by each run of an experiment of one model.

    Raises
    ------
    ConfigError
        When there are none, or those of several models.
    """
    paths = sorted(folder.glob(f"*/features_*/run_*/scores_{sample}.csv"))
    models = {str(path.parents[1].relative_to(folder)) for path in paths}
    if len(models) != 1:
        raise ConfigError(
            f"{folder} has scores of {sample} by the models {sorted(models)}; expected one model "
            "whose runs are finished"
        )
    return paths


def _of_run(path: Path, given) -> dict[str, float]:
    ranked_by = [probability_column(given.labels), log_odds_column(given.labels), "log_density"]
    scores = read_scores(path, ["id", "is_lens", *ranked_by])
    # Of an object with several images, such as its rotations, the first is taken.
    scores = scores[~scores["id"].duplicated()]
    if n_unknown := int((scores["is_lens"] < 0).sum()):
        raise ConfigError(
            f"{path}: {n_unknown} of {len(scores)} objects are of unknown class, so that nobody "
            "knows which are false positives; expected a sample of known classes. Leave it out"
        )
    order = ranks(*(scores[name].to_numpy() for name in ranked_by), scores["id"].to_numpy())
    return merits_of_parts(scores["is_lens"].to_numpy(), order, given.n, given.n_parts, given.seed)


@command
def main() -> None:
    """Measure, write the table and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiments", nargs="+", help="experiments that were run")
    parser.add_argument("--samples", nargs="+", required=True, help="which of their samples")
    parser.add_argument("--output", type=Path, required=True, help="CSV file to write")
    parser.add_argument("--n", type=int, default=3000, help="objects a part")
    parser.add_argument("--n-parts", type=int, default=100)
    parser.add_argument("--labels", default="known", help="by whose judgement")
    parser.add_argument("--root", type=Path, default=Path(), help="the folder that holds results")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    table = measure(given.experiments, given.samples, given)
    write_csv(given.output, table)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
