"""Table 2 of an experiment: the challenge's methods with ours among them (section 4.2.3)."""

from pathlib import Path

import numpy as np

from lensflow.paper.challenge_rows import transfer_sample
from lensflow.paper.results import Results, read_results
from lensflow.paper.tables import table2
from lensflow.tables import write_csv

METRICS = ("auc", "tpr0", "tpr10")


def challenge_table_stage(
    training_folder: str | Path, challenge_folder: str | Path | None, output: str | Path
) -> None:
    """Write ``table2.csv``.

    Parameters
    ----------
    training_folder : str or Path
        Results of the experiment on the training set: its own row, and its transfer.
    challenge_folder : str or Path or None
        Results of the experiment that was trained, clustered and judged on the challenge-like set.
    output : str or Path
        CSV.
    """
    training = read_results(training_folder)
    challenge = challenge_folder and read_results(challenge_folder)
    ours = [entry(challenge, "train", "lensflow, trained on this set")] if challenge else []
    if sample := transfer_sample(training, challenge):
        ours.append(entry(training, sample, "lensflow, transfer"))
    starred = [entry(training, "train", "*lensflow")]
    found = [[row for row in rows if np.isfinite(row["auc"])] for rows in (ours, starred)]
    write_csv(output, table2(*found))


def entry(results: Results, sample: str, name: str) -> dict:
    """Return one row of the table: means of the headline model over runs, with min and max."""
    row = {
        "name": name,
        "author": f"experiment {results.name}, {results.data(sample)}",
        "description": f"Deep clustering, labels {results.labels}",
    }
    for metric in METRICS:
        values = results.metric_runs(metric, sample)
        if values.size:
            row |= {metric: values.mean(), f"{metric}_min": values.min()}
            row[f"{metric}_max"] = values.max()
    return {"auc": np.nan, **row}
