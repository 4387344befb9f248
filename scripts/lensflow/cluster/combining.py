"""Stage: make one lens probability of the clusters of several experiments, and of a student."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.cluster.calibration import (
    Calibration,
    read_calibrations,
    reproduce_fractions,
    write_calibrations,
)
from lensflow.cluster.combination import logit, mean_probability, probability
from lensflow.errors import ArtifactError
from lensflow.samples.grades import labelled
from lensflow.samples.predictions import Predictions, open_predictions
from lensflow.samples.rows import BLOCK
from lensflow.samples.scores import (
    Chances,
    chance_columns,
    iterate_scores,
    probability_column,
    probability_columns,
    write_scores,
)

KEY = ["id", "rotation"]


def average_scores_stage(
    score_paths: Sequence[str | Path], judgements: Sequence[str], output_path: str | Path
) -> None:
    """Write the scores of a shard at the mean logit of what several experiments say of it.

    Parameters
    ----------
    score_paths : sequence of path
        Scores of the same rows: the experiment's own, then those of the experiments beside it.
    judgements : sequence of str
        Those that give a lens probability.
    output_path : path
        The own table, with p_lens, p_low and p_high combined, and p_clusters. Memory does not grow
        with the shard.

    Raises
    ------
    ArtifactError
        When the tables do not hold the same rows in the same order.
    LabelError
        When one lacks a judgement.
    """
    tables = same_rows(score_paths)
    write_scores(output_path, (_averaged(blocks, judgements) for blocks in tables))


def _averaged(blocks: Sequence[pd.DataFrame], judgements: Sequence[str]) -> pd.DataFrame:
    combined = blocks[0]
    for name in judgements:
        said = [chances(block, name) for block in blocks]
        p_lens = mean_probability([one.p_lens for one in said])
        ends = [None, None]
        if any(one.low is not None for one in said):
            # Who says nothing of an error is taken at the word.
            low = [one.p_lens if one.low is None else one.low for one in said]
            high = [one.p_lens if one.high is None else one.high for one in said]
            ends = [mean_probability(low), mean_probability(high)]
        odds = np.mean([one.log_odds for one in said], axis=0)
        made = Chances(p_lens, *ends, own_clusters(said[0]), odds)
        combined = with_chances(combined, name, made)
    return combined


def add_student_stage(
    scores_path: str | Path,
    prediction_paths: Mapping[str, Sequence[str | Path]],
    calibration_path: str | Path,
    output_path: str | Path,
) -> None:
    """Write the scores of a shard with what students say in the place of what their teachers say.

    A student has learned from the clusters all that they know, and sees what they do not; their
    sum was worse than the student alone (workflow/docs/evidence.md).

    Parameters
    ----------
    scores_path : path
        What the clusters say: the teacher's scores.
    prediction_paths : mapping of str to sequence of path
        Predictions of the same rows by the students of each judgement; their mean logit counts.
    calibration_path : path
        From `fit_calibration_stage`.
    output_path : path
        The same table, with p_lens, p_low and p_high of the student, and p_clusters. An interval
        keeps its width in logits: a student says nothing of an error.

    Raises
    ------
    ArtifactError
        When the files do not hold the same rows in the same order.
    """
    calibrations = read_calibrations(calibration_path)
    with_students = students(scores_path, prediction_paths)
    blocks = (_taught(table, logits, calibrations) for table, logits in with_students)
    write_scores(output_path, blocks)


def _taught(
    table: pd.DataFrame, students: Mapping[str, np.ndarray], calibrations: Mapping[str, Calibration]
) -> pd.DataFrame:
    for name, logits in students.items():
        said, odds = chances(table, name), calibrations[name].of(logits)
        low, high = (
            None if end is None else probability(odds + logit(end) - logit(said.p_lens))
            for end in (said.low, said.high)
        )
        made = Chances(probability(odds), low, high, own_clusters(said), odds)
        table = with_chances(table, name, made)
    return table


def own_clusters(said: Chances) -> np.ndarray:
    """Return what the run's own clusters say, of scores that may be combined already."""
    return said.p_lens if said.clusters is None else said.clusters


def students(
    scores_path: str | Path, prediction_paths: Mapping[str, Sequence[str | Path]]
) -> Iterator[tuple[pd.DataFrame, dict[str, np.ndarray]]]:
    """Yield blocks of scores with the mean logit of the students by judgement.

    Raises
    ------
    ArtifactError
        When the files do not hold the same rows in the same order.
    """
    start = 0
    with ExitStack() as stack:
        files = {
            name: [stack.enter_context(open_predictions(path)) for path in paths]
            for name, paths in prediction_paths.items()
        }
        paths = chain.from_iterable(prediction_paths.values())
        each = list(zip(paths, chain.from_iterable(files.values()), strict=True))
        for table in iterate_scores(scores_path, None, BLOCK):
            rows = slice(start, start + len(table))
            start += len(table)
            for path, file in each:
                check_same([scores_path, path], [table, file.rows(rows)])
            yield table, {name: _mean_logits(several, rows) for name, several in files.items()}
        for path, file in each:
            if len(file) != start:
                _refuse([scores_path, path])


def _mean_logits(files: Sequence[Predictions], rows: slice) -> np.ndarray:
    return np.mean([file.logits(rows).astype(float) for file in files], axis=0)


def same_rows(paths: Sequence[str | Path]) -> Iterator[list[pd.DataFrame]]:
    """Yield blocks of several tables of scores, after checking that they hold the same rows.

    Raises
    ------
    ArtifactError
        When they do not, or not in the same order.
    """
    for blocks in zip_longest(*(iterate_scores(path, None, BLOCK) for path in paths)):
        check_same(paths, blocks)
        yield list(blocks)


def check_same(paths: Sequence[str | Path], blocks: Sequence[pd.DataFrame | None]) -> None:
    """Refuse blocks of rows that are not of the same images; None stands for no more rows."""
    if any(block is None for block in blocks):
        _refuse(paths)
    # Without a row, identifiers are of another type by one file than by the other.
    first, *others = (block[KEY].astype({"id": object, "rotation": int}) for block in blocks)
    if not all(first.reset_index(drop=True).equals(o.reset_index(drop=True)) for o in others):
        _refuse(paths)


def _refuse(paths: Sequence[str | Path]) -> None:
    raise ArtifactError(
        f"{', '.join(map(str, paths))} do not hold the same images in the same order, so they "
        "cannot be combined. Delete them and run again."
    )


def chances(table: pd.DataFrame, judgement: str) -> Chances:
    """Return what a table of scores says by a judgement."""
    names = chance_columns(judgement)
    return Chances(*(table[name].to_numpy(float) if name in table else None for name in names))


def with_chances(table: pd.DataFrame, judgement: str, said: Chances) -> pd.DataFrame:
    """Return a table of scores with what a judgement says put in its place."""
    columns = probability_columns(judgement, said)
    place = table.columns.get_loc(probability_column(judgement))
    rest = table.drop(columns=[name for name in columns if name in table])
    order = [*rest.columns[:place], *columns, *rest.columns[place:]]
    return rest.assign(**columns)[order]


def fit_calibration_stage(
    score_paths: Sequence[str | Path],
    prediction_paths: Mapping[str, Sequence[Sequence[str | Path]]],
    labels: pd.Series,
    output_path: str | Path,
) -> None:
    """Write, for each judgement, how the mean logit of its students becomes a probability.

    It is held to what the students were told: a cluster whose members were graded is worth what
    they are, not what was judged of it before.

    Parameters
    ----------
    score_paths : sequence of path
        The teacher's scores of the training sample, by shard.
    prediction_paths : mapping of str to sequence of sequence of path
        Predictions of it by judgement, shard and student.
    labels : Series
        What graded images are worth as lens labels, by id, as for `lensflow.train.targets`.
    output_path : path
        CSV: judgement, slope, offset, n_images, n_clusters.
    """
    found, parts = {}, {name: [] for name in prediction_paths}
    for shard, scores_path in enumerate(score_paths):
        of_shard = {name: paths[shard] for name, paths in prediction_paths.items()}
        for table, logits in students(scores_path, of_shard):
            for name, one in logits.items():
                parts[name].append(_to_calibrate(table, name, one, labels))
    for name, blocks in parts.items():
        whole = pd.concat(blocks, ignore_index=True)
        found[name] = reproduce_fractions(*(whole[column] for column in whole))
    write_calibrations(output_path, found, len(whole), whole["cluster"].nunique())


def _to_calibrate(
    table: pd.DataFrame, judgement: str, student: np.ndarray, labels: pd.Series
) -> pd.DataFrame:
    p_lens = pd.Series(chances(table, judgement).p_lens, table.index)
    told = labelled(table["id"], p_lens, labels)
    return pd.DataFrame({"logit": student, "cluster": table["cluster"], "told": told})
