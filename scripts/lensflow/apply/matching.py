"""Where known lenses are ranked, and how complete the ranked list is over them."""

import logging
from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow.apply.candidates import ranked_runs, ranking_order
from lensflow.apply.known import completeness, find_known, read_known
from lensflow.files.tables import write_csv

logger = logging.getLogger(__name__)


def match_known_lenses(
    scores: Sequence[str | PathLike],
    index: str | PathLike,
    known_lenses: str | PathLike,
    match_radius: float,
    judgement: str,
    n_candidates: int,
    matches: str | PathLike,
    table: str | PathLike,
    arcs: str | PathLike | None = None,
) -> None:
    """Write where known lenses are ranked, and the completeness over them.

    Parameters
    ----------
    scores : sequence of path-like
        ``scores_<dataset>.csv`` of every run of one model.
    index : path-like
        ``index.h5`` of the dataset.
    known_lenses : path-like
        Table of known lenses; see `lensflow.apply.known.read_known`.
    match_radius : float
        Distance within which an object is a known lens, in arcsec.
    judgement : str
        A key of `lensflow.cluster.judgements.JUDGEMENTS`: whose judgement ranks.
    n_candidates : int
        Length of the list of candidates.
    matches, table : path-like
        CSV to write: one row a known lens; and `lensflow.apply.known.completeness`.
    arcs : path-like, optional
        ``arcs_<sample>.csv``, where nobody judged and they rank.
    """
    found = find_known(index, read_known(known_lenses), match_radius)
    found = found.merge(ranks(scores, judgement, found["id"], arcs), on="id", how="left")
    write_csv(matches, found.astype({"rank": "Int64"}))
    write_csv(table, completeness(found, n_candidates))
    logger.info("%d of %d known lenses are in the dataset", (found["id"] != "").sum(), len(found))


def ranks(
    scores: Sequence[str | PathLike],
    judgement: str,
    ids: pd.Series,
    arcs: str | PathLike | None = None,
) -> pd.DataFrame:
    """Return the rank of some objects among all, 1 for the best, and what they are ranked by.

    Parameters
    ----------
    scores, judgement, arcs
        As in `lensflow.apply.candidates.combine_runs`, whose order this is.
    ids : Series of str
        Those that are not scored are left out.

    Returns
    -------
    DataFrame
        Columns id, rank and, where judged, p_lens; then log_density.
    """
    wanted = set(ids) - {""}
    parts = [part[part["id"].isin(wanted)] for part in ranked_runs(scores, judgement, arcs)]
    table = pd.concat(parts, ignore_index=True)
    order = ranking_order(table)
    ahead = np.zeros(len(table), np.int64)
    for part in ranked_runs(scores, judgement, arcs) if len(table) else ():
        ahead += is_ahead(part, table, order).sum(axis=1)
    shown = [name for name in order if name in ("p_lens", "log_odds", "log_density")]
    return table.assign(rank=ahead + 1)[["id", "rank", *shown]]


def is_ahead(part: pd.DataFrame, table: pd.DataFrame, order: dict[str, bool]) -> np.ndarray:
    """Return which of the m rows of a part come before each of the n rows of a table.

    Parameters
    ----------
    part, table : DataFrame
    order : dict of str to bool
        From `lensflow.apply.candidates.ranking_order`.

    Returns
    -------
    ndarray of bool, shape (n, m)
    """
    ahead = np.zeros((len(table), len(part)), bool)
    tied = np.ones_like(ahead)
    for name, small_first in order.items():
        theirs, ours = part[name].to_numpy()[None], table[name].to_numpy()[:, None]
        if name == "id":
            # Texts are compared where everything else is equal only.
            row, column = np.nonzero(tied)
            ahead[row, column] = theirs[0][column] < ours[row, 0]
            break
        ahead |= tied & ((theirs < ours) if small_first else (theirs > ours))
        tied &= theirs == ours
    return ahead
