"""Grades: what people say of single objects, as small CSV files that the workflow takes as inputs.

One row an object and grader: ``id``, ``dataset`` (empty: wherever the identifier occurs), ``grade``
(A, B, C or X), ``sub_class`` of an impostor, ``who``, ``when`` (ISO 8601) and ``note``. The pages
of the workflow export such files, and a text editor will do. The grades are those of the Euclid and
SuGOHI searches, and so are their points; several graders are merged to a mean, a scatter and an
agreement.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.errors import LabelError
from lensflow.files import tables
from lensflow.samples.rows import Path

COLUMNS = ("id", "dataset", "grade", "sub_class", "who", "when", "note")
REQUIRED = ("id", "grade", "who")
KEY = ["dataset", "id"]


class Grade(NamedTuple):
    """One grade: points of SuGOHI's scale, what it is worth as a lens label, and its words."""

    points: int
    label: float
    words: str


GRADES = {
    "A": Grade(3, 1.0, "almost certainly a lens"),
    "B": Grade(2, 1.0, "probably a lens"),
    "C": Grade(1, 0.5, "possibly a lens"),
    "X": Grade(0, 0.0, "not a lens"),
}
SUB_CLASSES = ("merger", "spiral", "ring", "elliptical", "disc", "edge_on", "artefact")
"""What an object of grade X may be instead."""

IS_LENS, INTERESTING, IS_NO_LENS = "B", "C", "X"
"""The grades that a mark in a mosaic stands for: lens, worth another look, not a lens."""


ALL = "all"
"""What stands in the place of a grader for all together: nobody's name."""


class Agreement(NamedTuple):
    """How far graders agree: Fleiss' kappa over all, and Cohen's of each two.

    Attributes
    ----------
    kappa : float
        Fleiss' kappa over the objects that two or more have graded; NaN where there are none, or
        where all their grades are one and the same.
    n_objects, n_graders : int
        Such objects, and who graded any.
    pairs : mapping of (str, str) to float
        Cohen's kappa of two graders over the objects that both have graded, NaN as above.
    """

    kappa: float
    n_objects: int
    n_graders: int
    pairs: Mapping[tuple[str, str], float]


def kappa_words(kappa: float) -> str:
    """Say how far graders agree, and that it is not defined where it is not (see `Agreement`)."""
    return f"kappa {kappa:.2f}" if np.isfinite(kappa) else "kappa not defined"


# --- reading -------------------------------------------------------------------------------------


def read_grades(paths: Iterable[Path]) -> pd.DataFrame:
    """Read files of grades and check every row.

    Who grades an object again, in another file, replaces the earlier grade: the later ``when``
    counts, and the later file where these are alike; no ``when`` is the earliest.

    Parameters
    ----------
    paths : iterable of path-like

    Returns
    -------
    DataFrame
        The columns of `COLUMNS`, all text, and ``points`` (3 to 0) and ``label`` (1, 0.5 or 0) of
        the grade; one row a dataset, object and grader, in the order of the files.

    Raises
    ------
    LabelError
        When a file cannot be read, or has an unknown column, lacks one of `REQUIRED`, repeats an
        object and grader, or holds an empty or unknown value; file, line and value are named. When
        two names differ by capital letters, blanks or the coding of their letters alone.
    """
    files = [_read_file(path) for path in paths]
    if not files:
        return _with_worth(pd.DataFrame(columns=list(COLUMNS), dtype=str))
    together = pd.concat(files, ignore_index=True)
    _check_names(together["who"])
    in_time = together.assign(when=_times(together["when"])).sort_values(
        "when", kind="stable", na_position="first"
    )
    latest = in_time.drop_duplicates([*KEY, "who"], keep="last").index.sort_values()
    return _with_worth(together.loc[latest].reset_index(drop=True))


def check_datasets(grades: pd.DataFrame, datasets: Sequence[str], paths: Sequence[Path]) -> None:
    """Refuse grades of datasets that an experiment does not have: they would say nothing.

    Parameters
    ----------
    grades : DataFrame
        From `read_grades`.
    datasets : sequence of str
        Those that there are.
    paths : sequence of path-like
        The files of the grades, for messages.

    Raises
    ------
    LabelError
        That names file, line and dataset.
    """
    unknown = grades[~grades["dataset"].isin(["", *datasets])]
    if len(unknown):
        row = unknown.iloc[0]
        raise LabelError(
            f"{place_of(row, paths)}: the dataset {row['dataset']!r} is none of this experiment, "
            f"which has {', '.join(datasets)}; correct the name, or leave it empty"
        )


def place_of(grade: pd.Series, paths: Sequence[Path]) -> str:
    """Return file and line of a grade: the heading is line 1."""
    for path in paths:
        table = tables.read_edited(path, COLUMNS, REQUIRED)
        same = (table["id"] == grade["id"]) & (table["dataset"] == grade["dataset"])
        if same.any():
            return f"{path}, line {same.idxmax()}"
    return ", ".join(map(str, paths))


def graded_twice(paths: Sequence[Path]) -> dict[str, int]:
    """Return how many objects a grader has graded in more than one file, by name."""
    keys = pd.concat([_read_file(path)[[*KEY, "who"]] for path in paths])
    counts = keys[keys.duplicated()].drop_duplicates()["who"].value_counts()
    return dict(sorted(counts.items()))


def _times(texts: pd.Series) -> pd.Series:
    """Return points in time, NaT for what is none."""
    return pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")


def _with_worth(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        points=table["grade"].map({name: grade.points for name, grade in GRADES.items()}),
        label=table["grade"].map({name: grade.label for name, grade in GRADES.items()}),
    ).astype({"points": np.int64, "label": np.float64})


def _read_file(path: Path) -> pd.DataFrame:
    table = tables.read_edited(path, COLUMNS, REQUIRED)
    if table.empty:
        raise LabelError(f"{path}: there is no grade in it; grade an image, or put the file away")
    said = table.assign(
        grade=table["grade"].str.upper(),
        sub_class=table["sub_class"].str.lower().str.replace("-", "_"),
    )
    _check_values(said, table, path)
    return said


def _check_names(names: pd.Series) -> None:
    spellings = names.groupby(names.map(_spoken)).unique()
    for several in spellings[spellings.map(len) > 1]:
        # What looks alike is told apart by the codes of its letters.
        looks = {unicodedata.normalize("NFC", name) for name in several}
        shown = map(repr if len(looks) == len(several) else ascii, several)
        raise LabelError(
            f"grades by {_listed(shown, 'and')}: is this one person? Then write the name in one "
            "way in all files; two people need two names"
        )


def _spoken(name: str) -> str:
    """Return a name without what nobody hears: capital letters, kinds and numbers of blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _check_values(said: pd.DataFrame, written: pd.DataFrame, path: Path) -> None:
    """Check the rows of a file as they are understood; errors show them as they are written."""

    def refuse(wrong: pd.Series, name: str, remedy: str) -> None:
        if wrong.any():
            line = wrong.idxmax()
            raise LabelError(
                f"{path}, line {line}: {name} is {written[name][line]!r} "
                f"({wrong.sum()} of {len(written)} rows); {remedy}"
            )

    for name in ("id", "who"):
        refuse(said[name] == "", name, "give every row one")
    refuse(said["who"] == ALL, "who", "this stands for all graders; use a name")
    refuse(~said["grade"].isin(GRADES), "grade", f"use {_listed(GRADES)}")
    no_time = (said["when"] != "") & _times(said["when"]).isna()
    refuse(no_time, "when", "write a time as 2026-11-26T18:00:00Z, or leave it empty")
    unknown = ~said["sub_class"].isin(["", *SUB_CLASSES])
    refuse(unknown, "sub_class", f"use {_listed(SUB_CLASSES)}, or leave it empty")
    lens = (said["sub_class"] != "") & (said["grade"] != IS_NO_LENS)
    refuse(lens, "sub_class", f"it says what a {IS_NO_LENS} is; empty it, or grade X")
    again = said.duplicated([*KEY, "who"])
    refuse(again, "id", "the same grader has graded it above; keep one of the rows")


def _listed(names: Iterable[str], word: str = "or") -> str:
    *first, last = names
    return f"{', '.join(first)} {word} {last}"


# --- merging -------------------------------------------------------------------------------------


def grades_of(grades: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Return the grades of a dataset's objects, those without a dataset among them.

    Who graded an object with and without its dataset counts once, by what names the dataset.
    """
    chosen = grades[grades["dataset"].isin(["", dataset])]
    named_last = chosen.sort_values("dataset", kind="stable")
    return named_last.drop_duplicates(["id", "who"], keep="last").sort_index()


def labels_of(grades: pd.DataFrame, dataset: str) -> pd.Series:
    """Return what the graded objects of a dataset are worth as lens labels, in [0, 1], by id.

    Parameters
    ----------
    grades : DataFrame
        From `read_grades`. Of several graders the mean counts.
    dataset : str
    """
    return merge_grades(grades_of(grades, dataset)).set_index("id")["label"]


def read_labels(paths: Iterable[Path], dataset: str) -> pd.Series:
    """Return `labels_of` a dataset from files, whose errors are those of `read_grades`."""
    return labels_of(read_grades(paths), dataset)


def labelled(ids: pd.Series, probabilities: pd.Series, labels: pd.Series) -> pd.Series:
    """Return what is said of images: the labels of those that were graded, else a probability.

    Parameters
    ----------
    ids, probabilities : Series
        Of n images, with one index.
    labels : Series
        From `labels_of`; those of other objects say nothing here.
    """
    return ids.map(labels).fillna(probabilities)


def merge_grades(grades: pd.DataFrame) -> pd.DataFrame:
    """Return what all graders together say of each object.

    Parameters
    ----------
    grades : DataFrame
        From `grades_of`: the grades of one dataset.

    Returns
    -------
    DataFrame
        A row an object, in the order of its first grade: ``id``, ``mean_grade`` (points, 3 to 0),
        ``n_graders``, ``scatter`` (standard deviation of the points around their mean; 0 for a
        single grader), ``label`` (mean of 1, 0.5 or 0: what the object is worth as a lens label),
        ``sub_class`` (what most say, the first in the alphabet of several; empty for none).
    """
    groups = grades.groupby("id", sort=False)
    merged = groups["points"].agg(
        mean_grade="mean", n_graders="size", scatter=lambda points: np.std(points.to_numpy())
    )
    merged["label"], merged["sub_class"] = groups["label"].mean(), groups["sub_class"].agg(_most)
    return merged.reset_index()


def _most(names: pd.Series) -> str:
    return min(names[names != ""].mode(), default="")


def agreement(grades: pd.DataFrame) -> Agreement:
    """Return how far the graders of one dataset agree.

    Parameters
    ----------
    grades : DataFrame
        From `grades_of`.
    """
    wide = grades.pivot(index="id", columns="who", values="grade")
    several = wide[wide.notna().sum(axis=1) > 1]
    pairs = {pair: _cohen(wide[list(pair)].dropna()) for pair in combinations(wide, 2)}
    return Agreement(_fleiss(several), len(several), wide.shape[1], pairs)


def _cohen(both: pd.DataFrame) -> float:
    """Return Cohen's kappa of two columns; NaN where it is not defined."""
    # Only who asks for an agreement waits for scikit-learn.
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(both)) < 2:
        return np.nan
    return float(cohen_kappa_score(*(both[name] for name in both)))


def _fleiss(wide: pd.DataFrame) -> float:
    """Return Fleiss' kappa (1971), of two or more grades an object, not of as many of each.

    The agreement of an object is the share of its pairs of grades that are alike; the one by
    chance follows from the shares of all grades.
    """
    counts = np.stack([(wide == name).sum(axis=1) for name in GRADES], axis=1).astype(float)
    shares = counts.sum(axis=0) / max(counts.sum(), 1)
    by_chance = np.sum(shares**2)
    if len(wide) == 0 or by_chance == 1:
        return np.nan
    n_grades = counts.sum(axis=1)
    alike = np.sum(counts * (counts - 1), axis=1) / (n_grades * (n_grades - 1))
    return float((alike.mean() - by_chance) / (1 - by_chance))
