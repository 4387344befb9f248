"""Whose judgement of the clusters there can be, and whose counts (paper section 3.3).

A judgement is an entry of `JUDGEMENTS`; nothing else compares its name. It says how lens-like each
cluster is, by true labels, or by a table that a person filled (`lensflow.cluster.labels`), and so
gives every image a lens probability; or, as long as nobody has judged, that unusual images come
first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lensflow.errors import ConfigError, LabelError
from lensflow.seeds import rng

N_INSPECTED = 25
LENS_FROM = 0.6
NON_LENS_UP_TO = 0.3
UNDECIDED = 0.5

TRUE_FRACTIONS = "known"
"""The judgement that the null and the baselines are computed with: it needs no inspection."""


class Verdicts(NamedTuple):
    """What a judgement says of K clusters.

    Attributes
    ----------
    probability : numpy.ndarray of shape (K,)
        NaN where the counts say it.
    n_inspected : numpy.ndarray of int, shape (K,)
        Images of known class that were looked at.
    n_lenses : numpy.ndarray of int, shape (K,), or None
        Lenses among them, where a judgement counts.
    """

    probability: np.ndarray
    n_inspected: np.ndarray
    n_lenses: np.ndarray | None = None

    @property
    def lens_fraction(self) -> np.ndarray:
        """How lens-like each cluster was found: its probability, or the share that was counted."""
        if self.n_lenses is None:
            return self.probability
        undecided = np.full(self.n_inspected.size, UNDECIDED)
        seen = self.n_inspected > 0
        return np.divide(self.n_lenses, self.n_inspected, out=undecided, where=seen)


@dataclass(frozen=True)
class Judgement:
    """One way of judging clusters.

    Attributes
    ----------
    name : str
        The value in an experiment's ``labels``; columns are called ``p_lens_<name>``.
    rank : int
        Of several judgements the one with the lowest rank counts: it ranks candidates and is shown
        in figures.
    needs_labels : bool
        Whether the training sample must have true labels.
    title : str
        What figures call it.
    short : str
        The same in a legend.
    words : str
        What the report says of it.
    note : str
        Written into the table of cluster labels.
    unlike_paper : str
        How it differs from the paper's, whose authors looked at each cluster; empty for none.
    colour : str
    dashes : str or tuple
        Its look in every figure, as Matplotlib takes it.
    judge : callable or None
        From (clusters (n,), ids (n,), is_lens (n,), n_components, seed) to `Verdicts`; None where
        no rule judges.
    is_injected : bool
        Whether ``is_lens`` says which images are simulated lenses, put among those of the sample,
        and no class is known.
    table_key : str
        The experiment's key that names a table from outside; empty where there is none.
    """

    name: str
    rank: int
    needs_labels: bool
    title: str
    short: str
    words: str
    note: str
    unlike_paper: str
    colour: str
    dashes: str | tuple
    judge: Callable[..., Verdicts] | None
    table_key: str = ""
    is_injected: bool = False

    @property
    def gives_probabilities(self) -> bool:
        """Whether clusters are judged; otherwise images are ranked by their density alone."""
        return bool(self.judge or self.table_key)


def known_fractions(
    clusters: np.ndarray,
    is_lens: np.ndarray,
    n_components: int,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return the true fraction of lenses among each cluster's members (known P_len^k).

    Parameters
    ----------
    clusters : array-like of int, shape (n,)
        Most probable cluster of each image.
    is_lens : array-like of shape (n,)
        1, 0, or -1 for unknown, which is left out.
    n_components : int
        Number of clusters K.
    weight : array-like of shape (n,), optional

    Returns
    -------
    numpy.ndarray of shape (K,)
        A cluster without members of known class gets the fraction of the whole sample.

    Raises
    ------
    LabelError
        When no image has a known class.
    """
    clusters, is_lens = np.asarray(clusters), np.asarray(is_lens)
    weight = np.ones(is_lens.size) if weight is None else np.asarray(weight, dtype=np.float64)
    known = np.where(is_lens >= 0, weight, 0.0)
    if not known.sum() > 0:
        raise LabelError(
            f"known fractions need images of known class, received {is_lens.size} without; "
            "label the clusters by a person's table instead"
        )
    members = np.bincount(clusters, known, n_components)
    lenses = np.bincount(clusters, known * (is_lens == 1), n_components)
    overall = np.full(n_components, lenses.sum() / members.sum())
    return np.divide(lenses, members, out=overall, where=members > 0)


def representatives(
    clusters: np.ndarray,
    ids: np.ndarray,
    n_components: int,
    seed: int,
    n_inspected: int = N_INSPECTED,
) -> list[np.ndarray]:
    """Return the rows of the images that stand for each cluster on its sheet.

    They are drawn at random among the members (the images whose most probable cluster it is), as in
    the author's sheets: a cluster's core would be a biased sample of it. No object appears twice on
    one sheet, whichever way it is turned.

    Parameters
    ----------
    clusters : array-like of int, shape (n,)
    ids : array-like of str, shape (n,)
        Object of each row; rotations of an object share its id.
    n_components : int
    seed : int
        The draw depends on the seed and the rows alone.
    n_inspected : int
        Most images for one cluster.

    Returns
    -------
    list of numpy.ndarray of int
        One array of rows a cluster, empty where a cluster has no members.
    """
    # The rules read this module whenever Snakemake starts: what is slow to import comes later.
    import pandas as pd

    order = rng(seed, "representatives").permutation(len(clusters))
    table = pd.DataFrame({"cluster": np.asarray(clusters)[order], "id": np.asarray(ids)[order]})
    first = table.drop_duplicates().groupby("cluster").head(n_inspected)
    rows, members = order[first.index], first["cluster"].to_numpy()
    return [rows[members == k] for k in range(n_components)]


def stand_in(is_lens: np.ndarray, sheets: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return a simulated expert's verdict on each cluster: 1, 0.5 or 0.

    The expert looks at the true labels of the representative images. A lens fraction of 0.6 or
    more gives 1, of 0.3 or less gives 0, anything between gives 0.5, and so does an empty sheet.
    This uses labels: it stands in for a person in unattended runs and says what a perfect eye
    would.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        1, 0, or -1 for unknown, which is skipped.
    sheets : list of numpy.ndarray
        Rows of the representatives of each cluster, from ``representatives``.

    Returns
    -------
    numpy.ndarray of shape (K,), numpy.ndarray of int, shape (K,)
        Probabilities, and how many images of known class were inspected.

    Raises
    ------
    LabelError
        When no representative has a known class.
    """
    n_lenses, n_seen = count_lenses(is_lens, sheets)
    fractions = Verdicts(np.full(n_seen.size, np.nan), n_seen, n_lenses).lens_fraction
    verdicts = np.select(
        [fractions >= LENS_FROM, fractions <= NON_LENS_UP_TO], [1.0, 0.0], UNDECIDED
    )
    return verdicts, n_seen


def count_lenses(is_lens: np.ndarray, sheets: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of the representatives of each cluster are lenses, and of known class.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        1, 0, or -1 for unknown, which is skipped.
    sheets : list of numpy.ndarray
        Rows of the representatives of each cluster, from ``representatives``.

    Returns
    -------
    n_lenses, n_seen : numpy.ndarray of int, shape (K,)

    Raises
    ------
    LabelError
        When no representative has a known class.
    """
    is_lens = np.asarray(is_lens)
    seen = [is_lens[rows][is_lens[rows] >= 0] for rows in sheets]
    n_seen = np.array([labels.size for labels in seen])
    if n_seen.sum() == 0:
        raise LabelError(
            "the stand-in reads true labels and none of the representatives has one; "
            "let a person fill the template and name that file in the configuration"
        )
    return np.array([labels.sum() for labels in seen], dtype=np.int64), n_seen


def injected_shares(clusters: np.ndarray, is_injected: np.ndarray, n_components: int) -> np.ndarray:
    """Return the share of injected lenses in each cluster, as if half of all images were injected.

    It is the classifier, of clusters, that tells injected lenses from a survey's own objects, whose
    classes nobody knows. It ranks as one that knew them would, as long as most of the survey's
    objects are no lenses, or at least that the survey's lenses look like those injected.

    Parameters
    ----------
    clusters : array-like of int, shape (n,)
        Most probable cluster of each image.
    is_injected : array-like of shape (n,)
        1 for an injected lens, 0 for an object of the survey.
    n_components : int
        Number of clusters K.

    Returns
    -------
    numpy.ndarray of shape (K,)
        A cluster without members gets one half.

    Raises
    ------
    LabelError
        When there are no injected lenses, or nothing else.
    """
    injected = np.asarray(is_injected) == 1
    if not 0 < injected.sum() < injected.size:
        raise LabelError(
            f"injected lenses are told from objects of the survey; received {injected.sum()} "
            f"injected lenses among {injected.size} images. Name a simulated dataset that has "
            "lenses under `injections`"
        )
    clusters = np.asarray(clusters)
    found = np.bincount(clusters[injected], minlength=n_components) / injected.sum()
    own = np.bincount(clusters[~injected], minlength=n_components) / (~injected).sum()
    return np.divide(found, found + own, out=np.full(n_components, 0.5), where=found + own > 0)


def _judge_by_injections(clusters, ids, is_injected, n_components, seed):
    shares = injected_shares(clusters, is_injected, n_components)
    return Verdicts(shares, np.zeros(n_components, dtype=int))


def _judge_by_all(clusters, ids, is_lens, n_components, seed):
    n_seen = np.bincount(clusters[is_lens >= 0], minlength=n_components)
    return Verdicts(known_fractions(clusters, is_lens, n_components), n_seen)


def _judge_by_sheets(clusters, ids, is_lens, n_components, seed):
    sheets = representatives(clusters, ids, n_components, seed)
    return Verdicts(*stand_in(is_lens, sheets))


def _count_on_sheets(clusters, ids, is_lens, n_components, seed):
    sheets = representatives(clusters, ids, n_components, seed)
    n_lenses, n_seen = count_lenses(is_lens, sheets)
    return Verdicts(np.full(n_components, np.nan), n_seen, n_lenses)


JUDGEMENTS = {
    judgement.name: judgement
    for judgement in (
        Judgement(
            name="person",
            rank=0,
            needs_labels=False,
            title="judged by a person",
            short="person",
            words="Clusters judged by a person who looked at their members.",
            note="",
            unlike_paper="",
            colour="#009E73",
            dashes="-.",
            judge=None,
            table_key="person_labels",
        ),
        Judgement(
            name="counted",
            rank=1,
            needs_labels=True,
            title="counted (25 true labels a cluster)",
            short="counted",
            words="Clusters labelled by a stand-in that counts: it looks at the TRUE LABELS of 25 "
            "members a cluster, and says how many are lenses, from which a probability with an "
            "error follows. It uses labels, so this is not an unsupervised result.",
            note="true labels of the representatives",
            unlike_paper="clusters judged by counting lenses among 25 true labels, not by eye",
            colour="#CC79A7",
            dashes=(0, (3, 1, 1, 1)),
            judge=_count_on_sheets,
        ),
        Judgement(
            name="stand_in",
            rank=2,
            needs_labels=True,
            title="stand-in (25 true labels a cluster)",
            short="stand-in",
            words="Clusters labelled by a stand-in for an expert: it looks at the TRUE LABELS of "
            "25 members a cluster, as an expert would look at 25 pictures. It uses labels, so this "
            "is not an unsupervised result.",
            note="true labels of the representatives",
            unlike_paper="clusters judged by 25 true labels each, not by eye",
            colour="#E69F00",
            dashes="--",
            judge=_judge_by_sheets,
        ),
        Judgement(
            name="injected",
            rank=3,
            needs_labels=False,
            title="judged by nobody: simulated lenses injected",
            short="injected",
            words="Nobody has judged the clusters: SIMULATED lenses were put among the images, and "
            "a cluster counts by how many of them it takes, for how many images of its own it has. "
            "No label of these enters; the score p ranks, but is no probability of a lens.",
            note="share of injected simulated lenses, as if half of all images were injected",
            unlike_paper="clusters judged by simulated lenses put among the images, not by eye",
            colour="#CC79A7",
            dashes=":",
            judge=_judge_by_injections,
            is_injected=True,
        ),
        Judgement(
            name="nobody",
            rank=4,
            needs_labels=False,
            title="judged by nobody: unusual objects first",
            short="nobody",
            words="Nobody has judged the clusters: objects are ranked by how unusual they are, by "
            "their density under the mixture of all objects; by how arc-like they are too, the two "
            "ranks added, where that helps the encoder. No label enters, and there is no lens "
            "probability.",
            note="",
            unlike_paper="clusters judged by nobody",
            colour="#0072B2",
            dashes=":",
            judge=None,
        ),
        Judgement(
            name=TRUE_FRACTIONS,
            rank=5,
            needs_labels=True,
            title="known fraction",
            short="known",
            words="Clusters labelled by the true fraction of lenses in them: needs every label of "
            "the training sample, and says what the clusters could give.",
            note="true lens fraction of the members",
            unlike_paper="clusters judged by all true labels, not by eye",
            colour="#000000",
            dashes="-",
            judge=_judge_by_all,
        ),
    )
}

RULE_MADE = [name for name, judgement in JUDGEMENTS.items() if judgement.judge]
"""Those whose tables of cluster labels a rule makes; the others come from outside."""

PROBABLE = [name for name, judgement in JUDGEMENTS.items() if judgement.gives_probabilities]
"""Those that give a lens probability, which a student can learn."""


def counting(names: Iterable[str]) -> Judgement:
    """Return the judgement that counts among those an experiment has.

    Parameters
    ----------
    names : iterable of str
        At least one key of `JUDGEMENTS`.
    """
    return min((JUDGEMENTS[name] for name in names), key=lambda judgement: judgement.rank)


def judged_by_rule(name: str) -> Judgement:
    """Return a judgement that a rule makes from true labels.

    Raises
    ------
    ConfigError
        When there is no such judgement, or its table comes from outside.
    """
    made = {known.name: known for known in JUDGEMENTS.values() if known.judge}
    if name not in made:
        raise ConfigError(
            f"no rule judges clusters by {name!r}; choose {' or '.join(sorted(made))}"
        )
    return made[name]
