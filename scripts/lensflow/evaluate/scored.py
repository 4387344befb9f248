"""The scores of one sample by one run, as they are evaluated: rows of known class, and the cut."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import ArtifactError
from lensflow.evaluate.selection import passing_lenses
from lensflow.samples.embeddings import open_embeddings
from lensflow.samples.runs import Run
from lensflow.samples.scores import judgements_of, read_scores


@dataclass(frozen=True)
class ScoredSample:
    """The rows of known class of one sample, scored by one run.

    Attributes
    ----------
    run : Run
    sample : str
    table : pandas.DataFrame
        Their scores.
    passes : numpy.ndarray of bool or None
        Which of them pass the cut; None where the catalogue does not say.
    """

    run: Run
    sample: str
    table: pd.DataFrame
    passes: np.ndarray | None

    @property
    def judgements(self) -> list[str]:
        """Judgements by which the sample was scored."""
        return judgements_of(self.table.columns)


def read_scored(
    run: Run, sample: str, scores_path: str | Path, embeddings_path: str | Path
) -> ScoredSample:
    """Read the scores of a sample, and from its embeddings which lenses pass the cut.

    Raises
    ------
    ArtifactError
        When the two files do not hold the same rows.
    """
    table = read_scores(scores_path)
    with open_embeddings(embeddings_path) as embeddings:
        ids, measures = embeddings.rows()["id"], embeddings.measures()
    if not np.array_equal(ids, table["id"]):
        raise ArtifactError(
            f"{scores_path} and {embeddings_path} hold different rows; score the sample again"
        )
    passes = passing_lenses(table["is_lens"], measures)
    known = table["is_lens"].to_numpy() >= 0
    return ScoredSample(run, sample, table[known], None if passes is None else passes[known])


def check_same_rows(sample: str, tables: Mapping[object, pd.DataFrame]) -> None:
    """Check that all runs scored the same rows of a sample.

    Parameters
    ----------
    sample : str
    tables : mapping
        The scores of each run, by what names it.

    Raises
    ------
    ArtifactError
        When they did not.
    """
    (first, expected), *others = tables.items()
    for name, table in others:
        if not np.array_equal(table["id"], expected["id"]):
            raise ArtifactError(
                f"{first} and {name} hold different rows of the sample {sample!r}; "
                "embed and score them again"
            )
