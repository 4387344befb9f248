"""Table 2 of an experiment: the challenge's methods with ours among them (section 4.2.3)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.files.tables import write_csv
from lensflow.paper.numbers import TABLE2, TABLE2_STARRED, Entry
from lensflow.paper.results import Results, read_results

METRICS = ("auc", "tpr0", "tpr10")
TABLE2_COLUMNS = [
    *(*Entry._fields, "source"),
    *(f"{name}_{s}" for name in METRICS for s in ("min", "max")),
]


def table2_stage(
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
    ours = [_entry(challenge, "train", "lensflow, trained on this set")] if challenge else []
    if sample := transfer_sample(training, challenge):
        ours.append(_entry(training, sample, "lensflow, transfer"))
    starred = [_entry(training, "train", "*lensflow")]
    found = [[row for row in rows if np.isfinite(row["auc"])] for rows in (ours, starred)]
    write_csv(output, table2(*found))


def _entry(results: Results, sample: str, name: str) -> dict:
    """Return one row of the table: means of the headline model over runs, with min and max."""
    row = {
        "name": name,
        "author": f"experiment {results.name}, {results.data(sample)}",
        "description": f"Deep clustering, labels {results.judgement}",
    }
    for metric in METRICS:
        values = results.metric_runs(metric, sample)
        if values.size:
            row |= {metric: values.mean(), f"{metric}_min": values.min()}
            row[f"{metric}_max"] = values.max()
    return {"auc": np.nan, **row}


def transfer_sample(training: Results, challenge: Results | None) -> str | None:
    """Return the dataset that both the first model was applied to and the second trained on."""
    applied = [dataset.name for dataset in training.experiment.applied]
    wanted = challenge.experiment.dataset.name if challenge else None
    return wanted if wanted in applied else next(iter(applied), None)


def table2(ours: Sequence[dict], starred: Sequence[dict]) -> pd.DataFrame:
    """Return the challenge's table of methods with our rows among them.

    Parameters
    ----------
    ours : sequence of dict
        Rows on the challenge-like set, put in the order of the AUC: the fields of
        `lensflow.paper.numbers.Entry`, and min and max over runs (``auc_min``, ...).
    starred : sequence of dict
        Rows on the training set, which the paper puts at the bottom.

    Returns
    -------
    pandas.DataFrame
        name, author, auc, tpr0, tpr10, description, source ("published" or "this run"), and min
        and max over runs of ours.
    """
    theirs = [{**entry._asdict(), "source": "published"} for entry in TABLE2]
    body = [*theirs, *({**row, "source": "this run"} for row in ours)]
    body.sort(key=lambda row: -row["auc"])
    body.append({**TABLE2_STARRED._asdict(), "source": "published"})
    body += [{**row, "source": "this run"} for row in starred]
    return pd.DataFrame(body, columns=TABLE2_COLUMNS)
