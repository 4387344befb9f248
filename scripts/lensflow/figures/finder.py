"""What the figures of the headline model as a finder share."""

import pandas as pd

from lensflow.evaluate.columns import ALL_RUNS
from lensflow.evaluate.rankers import shown_labels, title_of
from lensflow.figures import style


def ranking_rows(path, judgement):
    """Return the rows of a table for the score that ranks candidates, and whose judgement it is.

    Parameters
    ----------
    path : path-like
        ``rates.csv``, ``calibration.csv`` or ``missed.csv``.
    judgement : str
        The judgement that counts; where it gives no probability, the ranker in its place.
    """
    table = pd.read_csv(path, dtype={"run": str})
    labels = shown_labels(judgement, table["labels"])
    rows = table[table["labels"] == labels]
    return rows[rows["run"] == ALL_RUNS] if "run" in rows else rows, labels


def labels_title(labels):
    """Return whose judgement a score is, as a figure's title says it."""
    return title_of(labels)


def sample_panels(figure, rows, height, **options):
    """Return the samples of some rows, and axes (height, samples) with their names on top."""
    samples = rows["sample"].unique().tolist()
    axes = figure.subplots(height, len(samples), squeeze=False, **options)
    for column, sample in enumerate(samples):
        axes[0, column].set_title(style.sample_name(sample))
    return samples, axes
