"""Stage: graded single images rank all others: fit the head of a run, and add what it says."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.cluster.combination import logit, probability
from lensflow.cluster.combining import chances, check_same, own_clusters, with_chances
from lensflow.cluster.head import Head, fit_weights, kernel, terms
from lensflow.errors import LabelError
from lensflow.samples.embeddings import open_embeddings
from lensflow.samples.grades import check_datasets, labels_of, place_of, read_grades
from lensflow.samples.hidden import read_answers
from lensflow.samples.rows import BLOCK
from lensflow.samples.scores import Chances, iterate_scores, write_scores

N_PAIRED = 1000
"""At most so many training images, evenly through the sample, give the length of the kernel by
their distances from each other."""

logger = logging.getLogger(__name__)


class GradedSample(NamedTuple):
    """Where graded images may be: a sample, by shard.

    Attributes
    ----------
    dataset : str
        That its images come from.
    score_paths, embedding_paths : sequence of path
        What is said of them so far, and their features.
    """

    dataset: str
    score_paths: Sequence[str | Path]
    embedding_paths: Sequence[str | Path]


def fit_head_stage(
    grade_paths: Sequence[str | Path],
    samples: Sequence[GradedSample],
    judgements: Sequence[str],
    head_path: str | Path,
    answer_paths: Mapping[str, str | Path],
    n_threads: int | None = None,
    is_limited: bool = True,
) -> None:
    """Fit the head of one run to the graded images, wherever these are.

    Parameters
    ----------
    grade_paths : sequence of path
        See `lensflow.samples.grades.read_grades`. Of several graders the mean counts.
    samples : sequence of GradedSample
        Every sample of the experiment, the training sample first. Of an object with several
        images, such as its rotations, the first is taken.
    judgements : sequence of str
        Those that give a lens probability; each has a head of its own.
    head_path : path
        The artifact of kind ``head``.
    answer_paths : mapping of str to path
        What the hidden objects among those that were graded are, by dataset, where there are such:
        nothing of theirs is embedded, so their grades say nothing here.
    n_threads : int, optional
        Most threads of linear algebra; as many as the environment allows when not given.
    is_limited : bool
        Whether what is said so far counts within `lensflow.cluster.combination.CLIP`, as what
        clusters say does; students are sure of their order beyond it.

    Raises
    ------
    LabelError
        When a grade names a dataset or an object that the experiment does not have; file, line
        and name are said. When all grades are of hidden objects.
    ArtifactError
        When scores and embeddings do not hold the same rows.
    """
    grades = _without_hidden(read_grades(grade_paths), answer_paths)
    datasets = list(dict.fromkeys(sample.dataset for sample in samples))
    check_datasets(grades, datasets, grade_paths)
    labels = {name: labels_of(grades, name) for name in datasets}
    found = pd.concat(
        [_graded(sample, labels[sample.dataset], judgements, is_limited) for sample in samples],
        ignore_index=True,
    ).drop_duplicates(["dataset", "id"])
    _check_found(grades, found, grade_paths)
    with threadpool_limits(limits=n_threads):
        head = _fit(found, samples[0].embedding_paths, judgements)
    with artifacts.descending(*samples[0].embedding_paths):
        head.save(head_path)
    logger.info("%d graded images, mean label %.3f", len(found), found["label"].mean())


def _without_hidden(grades: pd.DataFrame, answers: Mapping[str, str | Path]) -> pd.DataFrame:
    """Return the grades of real objects: of all but those that were hidden among a dataset's."""
    for dataset, path in answers.items():
        is_hidden = grades["id"].isin(read_answers(path).index)
        grades = grades[~(is_hidden & grades["dataset"].isin(["", dataset]))]
    return grades


def _fit(found: pd.DataFrame, train_paths: Sequence[str | Path], judgements: Sequence[str]) -> Head:
    """Return the head by each judgement from the graded images that were found."""
    centre, spread, median = _scale(train_paths)
    points = (np.stack(found["features"]) - centre) / spread
    of_kernel, labels = terms(median), found["label"].to_numpy(float)
    covariance = kernel(points, points, of_kernel)
    weights = {
        name: fit_weights(covariance, labels, found[name].to_numpy(float)) for name in judgements
    }
    return Head(centre, spread, of_kernel, points, weights)


def add_head_stage(
    scores_path: str | Path,
    embeddings_path: str | Path,
    head_path: str | Path,
    output_path: str | Path,
    n_threads: int | None = None,
    is_limited: bool = True,
) -> None:
    """Write the scores of a shard with what the head says added to their logits.

    Parameters
    ----------
    scores_path, embeddings_path : path
        Of the same rows.
    head_path : path
    output_path : path
        The same table, with p_lens, p_low and p_high shifted by the head, and p_clusters. Written
        by blocks of rows: memory does not grow with the sample.
    n_threads : int, optional
        Most threads of linear algebra; as many as the environment allows when not given.
    is_limited : bool
        As in `fit_head_stage`.

    Raises
    ------
    ArtifactError
        When scores and embeddings do not hold the same rows, or the head is one of other features.
    """
    artifacts.ancestors(head_path, embeddings_path)
    head = Head.load(head_path)
    blocks = _with_features(scores_path, embeddings_path)
    with threadpool_limits(limits=n_threads):
        write_scores(
            output_path, (_shifted(table, head.logits(x), is_limited) for table, x in blocks)
        )


def _shifted(
    table: pd.DataFrame, logits: Mapping[str, np.ndarray], is_limited: bool
) -> pd.DataFrame:
    for name, shift in logits.items():
        said = chances(table, name)
        more = _said_logit(said, is_limited) + shift - logit(said.p_lens)
        moved = [None if one is None else probability(logit(one) + more) for one in said[:3]]
        made = Chances(*moved, own_clusters(said), said.log_odds + shift)
        table = with_chances(table, name, made)
    return table


def _said_logit(said: Chances, is_limited: bool) -> np.ndarray:
    """Return the logit of p_lens that the head adds to."""
    return logit(said.p_lens) if is_limited else said.log_odds


def _with_features(
    scores_path: str | Path, embeddings_path: str | Path
) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """Yield blocks of scores with the features (m, d) of the same rows."""
    paths, start = [scores_path, embeddings_path], 0
    with open_embeddings(embeddings_path) as embeddings:
        for table in iterate_scores(scores_path, None, BLOCK):
            rows = slice(start, start + len(table))
            start += len(table)
            check_same(paths, [table, embeddings.rows(rows)])
            yield table, np.asarray(embeddings.features[rows], dtype=np.float64)
        if len(embeddings) != start:
            check_same(paths, [None])


def _graded(
    sample: GradedSample, labels: pd.Series, judgements: Sequence[str], is_limited: bool
) -> pd.DataFrame:
    """Return the graded images of a sample: id, dataset, features, label, logit by judgement."""
    parts = [pd.DataFrame(columns=["id", "dataset", "features", "label", *judgements])]
    for shard in zip(sample.score_paths, sample.embedding_paths, strict=True):
        for table, features in _with_features(*shard):
            chosen = np.flatnonzero(table["id"].isin(labels.index))
            if chosen.size:
                ids = table["id"].to_numpy()[chosen]
                part = pd.DataFrame({"id": ids, "dataset": sample.dataset})
                part["features"] = list(features[chosen])
                part["label"] = labels[ids].to_numpy()
                for name in judgements:
                    part[name] = _said_logit(chances(table, name), is_limited)[chosen]
                parts.append(part)
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _scale(paths: Iterable[str | Path]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return mean and deviation of the training features, and the median distance of pairs."""
    from scipy.spatial.distance import pdist

    paths, n, total, squares, origin = list(paths), 0, 0.0, 0.0, None
    for block in _features(paths):
        # From the first image on: of a constant feature nothing is left then, not its rounding.
        origin = block[0] if origin is None else origin
        beyond = block - origin
        n, total, squares = (
            n + len(beyond),
            total + beyond.sum(axis=0),
            squares + (beyond**2).sum(axis=0),
        )
    centre = origin + total / n
    spread = np.sqrt(np.maximum(squares / n - (total / n) ** 2, 0.0))
    spread[spread == 0] = 1.0
    step, start, some = -(-n // N_PAIRED), 0, []
    for block in _features(paths):
        some.append(block[-start % step :: step])
        start += len(block)
    distances = pdist((np.concatenate(some) - centre) / spread)
    median = float(np.median(distances)) if distances.size else 0.0
    return centre, spread, median or 1.0


def _features(paths: Iterable[str | Path]) -> Iterator[np.ndarray]:
    for path in paths:
        with open_embeddings(path) as embeddings:
            for start in range(0, len(embeddings), BLOCK):
                yield np.asarray(embeddings.features[start : start + BLOCK], dtype=np.float64)


# --- grades that fit nothing ----------------------------------------------------------------------


def _check_found(grades: pd.DataFrame, found: pd.DataFrame, paths: Sequence[str | Path]) -> None:
    if not len(grades):
        raise LabelError(
            f"{', '.join(map(str, paths))}: all grades are of hidden objects, which test those who "
            "grade and say nothing of the others; grade more images, or put the file away"
        )
    exact = pd.MultiIndex.from_frame(found[["dataset", "id"]])
    is_there = pd.MultiIndex.from_frame(grades[["dataset", "id"]]).isin(exact)
    is_there |= ((grades["dataset"] == "") & grades["id"].isin(found["id"])).to_numpy()
    if not is_there.all():
        row = grades[~is_there].iloc[0]
        raise LabelError(
            f"{place_of(row, paths)}: the object {row['id']!r} is in no sample of this experiment "
            f"({(~is_there).sum()} of {len(grades)} grades); correct it, or take the row out (a "
            "spreadsheet shortens long numbers and drops leading zeros: let it take ids as text)"
        )
