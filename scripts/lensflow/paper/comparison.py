"""The paper's numbers beside ours: one row a quantity, with data, spread and reasons."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lensflow.files.tables import write_csv
from lensflow.paper.challenge_rows import cut_rows, table2_rows
from lensflow.paper.results import Results, read_results
from lensflow.paper.rows import COLUMNS
from lensflow.paper.training_rows import (
    appendix_rows,
    check_rows,
    cluster_rows,
    feature_rows,
    headline_rows,
    ratio_rows,
)


def compare_stage(experiments: Sequence[Mapping[str, str | None]], output: str | Path) -> None:
    """Write the comparison of one or more experiments with the paper.

    Parameters
    ----------
    experiments : sequence of mapping
        Folders of the results by role: "training" and, or None, "honest" and "challenge".
    output : str or Path
        ``paper_comparison.csv``.
    """
    tables = [
        compare(**{role: folder and read_results(folder) for role, folder in entry.items()})
        for entry in experiments
    ]
    write_csv(output, pd.concat(tables) if tables else pd.DataFrame(columns=COLUMNS))


def compare(training: Results, honest: Results | None, challenge: Results | None) -> pd.DataFrame:
    """Return the comparison as a table of texts, in the order of the paper.

    Parameters
    ----------
    training : Results
        Of the paper's protocol on the training set.
    honest : Results or None
        The same objects, both classes augmented alike.
    challenge : Results or None
        Trained, clustered and judged anew on the challenge-like set.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS``; ``ours`` is "not run" where there is nothing to compare.
    """
    return pd.DataFrame(
        [
            *headline_rows(training, honest),
            *check_rows(training, honest),
            *feature_rows(training),
            *cluster_rows(training),
            *ratio_rows(training),
            *table2_rows(training, honest, challenge),
            *cut_rows(training, challenge),
            *appendix_rows(training),
        ],
        columns=COLUMNS,
    )
