"""Print what looks most like one object: the nearest in the features of the headline model.

PYTHONPATH=scripts python -m lensflow.studies.similar demo 200485 --picture alike.png
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.apply.similar import look_alikes, row_of, standardised
from lensflow.errors import ConfigError
from lensflow.experiment import Experiment
from lensflow.figures import sources, style
from lensflow.figures.image_rows import image_rows
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.scores import read_scores
from lensflow.studies.command import command
from lensflow.studies.trained import existing, read_experiment

A_ROW = 6


def similar(
    experiment: Experiment, root: Path, wanted: str, sample: str | None, number: int
) -> pd.DataFrame:
    """Return an object and its look-alikes, the nearest first.

    Parameters
    ----------
    experiment : Experiment
    root : Path
        The folder that its paths are relative to.
    wanted : str
        Identifier of the object.
    sample : str or None
        Where it is; None for the sample that the explorer shows.
    number : int
        Look-alikes wanted.

    Returns
    -------
    DataFrame
        The columns of the scores, of the first run, with ``distance`` behind the id: 0 in the first
        row, which is the object itself.

    Raises
    ------
    ConfigError, ArtifactError
        When there is no such sample, file or object.
    """
    sample = _sample(experiment, sample)
    if number < 1:
        raise ConfigError(f"number: received {number}; expected at least one look-alike.")
    files = (f"embeddings_{sample}.h5", f"scores_{sample}.csv")
    embeddings, scores = (existing(root / experiment.headline_path(file)) for file in files)
    features, rows = read_embeddings([embeddings])
    # The rotations of an object are nothing but itself.
    first = np.flatnonzero(~rows["id"].duplicated().to_numpy())
    features, table = standardised(features)[first], read_scores(scores).iloc[first]
    row = row_of(table["id"].to_numpy(), wanted)
    found, distances = look_alikes(features, row, number)
    alike = table.iloc[[row, *found]].reset_index(drop=True)
    alike.insert(1, "distance", [0.0, *distances])
    return alike


def _sample(experiment: Experiment, sample: str | None) -> str:
    sample = sample or experiment.explored_sample
    if sample not in experiment.samples:
        raise ConfigError(
            f"sample: received {sample!r}, expected one of {experiment.samples}, which the "
            f"experiment {experiment.name} has."
        )
    return sample


def draw(
    experiment: Experiment, root: Path, table: pd.DataFrame, sample: str | None, png: Path
) -> None:
    """Draw an object and its look-alikes, as PNG and as PDF beside it."""
    dataset = experiment.sample_dataset(_sample(experiment, sample))
    shards = [existing(root / path) for path in dataset.image_paths]
    images = sources.dataset_pictures(shards, table["id"].tolist(), experiment.shown_scale)
    titles = [f"{row.id}\n{row.distance:.2f}" for row in table.itertuples()]
    starts = range(0, len(table), A_ROW)
    parts = [("", images[start : start + A_ROW]) for start in starts]
    named = [titles[start : start + A_ROW] for start in starts]
    with style.paper():
        image_rows(parts, png, png.with_suffix(".pdf"), named)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", help="its name in results/, or its folder")
    parser.add_argument("id", help="of the object")
    parser.add_argument("--sample", help="where it is; the first dataset that is ranked by default")
    parser.add_argument("--number", type=int, default=17, help="look-alikes wanted")
    parser.add_argument("--csv", type=Path, help="table to write; printed by default")
    parser.add_argument("--picture", type=Path, help="PNG to write")
    return parser.parse_args()


@command
def main() -> None:
    """Read the command line, and print or write what was asked for."""
    given = _arguments()
    folder = Path(given.experiment)
    folder = folder if folder.is_dir() else Path("results", given.experiment)
    experiment, root = read_experiment(folder)
    table = similar(experiment, root, given.id, given.sample, given.number)
    table.to_csv(given.csv or sys.stdout, index=False, float_format="%.6g")
    if given.picture:
        draw(experiment, root, table, given.sample, given.picture)


if __name__ == "__main__":
    main()
