"""Stage: how many injected sources a search finds, and what its list of candidates is then worth.

An injected image takes the place of its galaxy in the survey: it is among the first N of the list
when fewer than N other objects of the survey come before it.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.apply.candidates import best_of_runs, ranked_runs, ranking_order
from lensflow.apply.matching import is_ahead
from lensflow.apply.selections import selections
from lensflow.errors import ArtifactError
from lensflow.evaluate.missed import ALL, EDGES, SNR, completeness_row, completeness_rows
from lensflow.evaluate.selection import with_snr
from lensflow.files.tables import write_csv
from lensflow.samples.injected import GALAXY, MAGNITUDE, SOURCE_FLUX, read_injected
from lensflow.samples.rows import MEASURES, RADIUS

BLOCK = 256
"""Sources that are compared with the list of candidates at once."""

COMPLETENESS_COLUMNS = [
    *("selection", "by", "low", "high", "n_lens", "n_found"),
    *("completeness", "completeness_low", "completeness_high"),
]
PURITY_COLUMNS = [
    *("selection", "lens_fraction", "n_objects", "n_selected"),
    *(f"{name}{end}" for name in ("n_lens_expected", "purity") for end in ("", "_low", "_high")),
]

logger = logging.getLogger(__name__)


class Ranked(NamedTuple):
    """What ranks the objects of a sample.

    Attributes
    ----------
    scores : sequence of path-like
        ``scores_<sample>.csv`` of every run of one model.
    arcs : path-like or None
        ``arcs_<sample>.csv``, where nobody judged and they rank.
    """

    scores: Sequence[str | PathLike]
    arcs: str | PathLike | None = None


def measure_completeness(
    survey: Ranked,
    injected: Ranked,
    images: Iterable[str | PathLike],
    judgement: str,
    n_candidates: int,
    lens_fractions: Sequence[float],
    sources: str | PathLike,
    completeness: str | PathLike,
    purity: str | PathLike,
) -> None:
    """Write which injected sources are found, the completeness over them, and the implied purity.

    Parameters
    ----------
    survey, injected : Ranked
        The objects of a dataset, and the same images with sources in them.
    images : iterable of path-like
        The image shards of the latter.
    judgement : str
        A key of `lensflow.cluster.judgements.JUDGEMENTS`: whose judgement ranks.
    n_candidates : int
        Length of the list of candidates.
    lens_fractions : sequence of float
        Lenses among all objects of the survey, for the purity.
    sources, completeness, purity : path-like
        CSV to write: a row a source; `COMPLETENESS_COLUMNS`; `PURITY_COLUMNS`.

    Raises
    ------
    ArtifactError
        When scores and images are not of the same sources.
    """
    best = best_of_runs(survey.scores, judgement, n_candidates + 1, survey.arcs)
    parts = ranked_runs(injected.scores, judgement, injected.arcs, among=survey)
    table = _with_ranks(_join(read_injected(images), pd.concat(parts)), best, n_candidates)
    found = selections(table, n_candidates)
    n_objects, n_selected = _count(ranked_runs(survey.scores, judgement), n_candidates)
    rows = pd.DataFrame(completeness_table(table, found), columns=COMPLETENESS_COLUMNS)
    write_csv(sources, _described(table))
    write_csv(completeness, rows)
    shares = rows[rows["by"] == ALL].set_index("selection")
    implied = purity_table(shares, lens_fractions, n_objects, n_selected)
    write_csv(purity, pd.DataFrame(implied, columns=PURITY_COLUMNS))
    for name, is_found in found.items():
        logger.info("%s: %d of %d injected sources", name, is_found.sum(), len(table))
        if n_selected[name] == n_objects:
            logger.warning(
                "%s: all %d objects of the dataset are in it, so that what it finds says nothing; "
                "the list of candidates is shorter with a smaller n_candidates (now %d)",
                name, n_objects, n_candidates,
            )  # fmt: skip


def _join(sources: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Add what ranks the sources to what is known of them."""
    if sources["id"].tolist() != scores["id"].tolist():
        raise ArtifactError(
            "the scores are not of the injected sources that are given, or in another order. "
            "Delete the scores of the sample and run again."
        )
    return with_snr(sources).join(scores.drop(columns="id").reset_index(drop=True))


def _with_ranks(table: pd.DataFrame, best: pd.DataFrame, n_candidates: int) -> pd.DataFrame:
    """Add the rank of each source, NaN behind the list of candidates.

    ``best`` holds one object more than that list, since an image takes the place of its galaxy.
    """
    order, ids = ranking_order(best), best["id"].to_numpy()
    ahead = np.empty(len(table), np.int64)
    for start in range(0, len(table), BLOCK):
        part = table.iloc[start : start + BLOCK]
        is_other = ids[None] != part[GALAXY].to_numpy()[:, None]
        ahead[start : start + BLOCK] = (is_ahead(best, part, order) & is_other).sum(axis=1)
    return table.assign(rank=np.where(ahead < n_candidates, ahead + 1.0, np.nan))


def _described(table: pd.DataFrame) -> pd.DataFrame:
    """Return what is written of the sources: what they are, and what ranks them."""
    known = ["id", GALAXY, RADIUS, SOURCE_FLUX, MAGNITUDE, *MEASURES, SNR]
    ranked_by = [name for name in ("p_lens", "log_odds", "log_density") if name in table]
    return table[[*known, *ranked_by, "rank"]].astype({"rank": "Int64"})


def completeness_table(table: pd.DataFrame, found: Mapping[str, pd.Series]) -> Iterator[dict]:
    """Yield how many sources are found: all of them, then by each measure that is known.

    Parameters
    ----------
    table : DataFrame
        Columns einstein_radius_arcsec, snr, source_magnitude (NaN where unknown).
    found : mapping of str to Series of bool
        Which of the sources are in each selection.
    """
    for name, is_found in found.items():
        share = is_found.to_numpy(float)
        yield {"selection": name, **completeness_row(share, ALL, np.nan, np.nan)}
        for by in EDGES:
            values = table[by].to_numpy(float)
            if not np.isnan(values).all():
                for row in completeness_rows(values, share, by):
                    yield {"selection": name, **row}


def _count(tables: Iterable[pd.DataFrame], n_candidates: int) -> tuple[int, dict[str, int]]:
    """Return how many objects a survey has, and how many of them are in each selection."""
    n_objects, counts = 0, Counter()
    for table in tables:
        # Whose rank is which does not matter for their number.
        ranks = n_objects + 1 + np.arange(len(table))
        chosen = selections(table.assign(rank=ranks), n_candidates)
        counts.update({name: int(is_in.sum()) for name, is_in in chosen.items()})
        n_objects += len(table)
    return n_objects, counts


def purity_table(
    completeness: pd.DataFrame,
    lens_fractions: Iterable[float],
    n_objects: int,
    n_selected: Mapping[str, int],
) -> Iterator[dict]:
    """Yield how many lenses each selection holds if a given fraction of all objects are lenses.

    Of ``lens_fraction * n_objects`` lenses like those that were injected, the share that is
    complete is in the selection; the others that it holds are none. The interval is that of the
    completeness alone.

    Parameters
    ----------
    completeness : DataFrame
        Columns completeness, completeness_low, completeness_high, by selection.
    lens_fractions : iterable of float
    n_objects : int
        Objects of the survey.
    n_selected : mapping of str to int
        Objects in each selection.
    """
    for name, row in completeness.iterrows():
        for fraction in lens_fractions:
            key = {"selection": name, "lens_fraction": fraction}
            found = {"n_objects": n_objects, "n_selected": n_selected[name]}
            for end in ("", "_low", "_high"):
                n_lens = fraction * n_objects * row[f"completeness{end}"]
                found[f"n_lens_expected{end}"] = n_lens
                found[f"purity{end}"] = implied_purity(n_lens, n_selected[name])
            yield {**key, **found}


def implied_purity(n_lens: float, n_selected: int) -> float:
    """Return which share of a selection are lenses; NaN for an empty one.

    More lenses than the selection holds mean that there are fewer than was assumed: then it is 1.
    """
    return min(n_lens / n_selected, 1.0) if n_selected else np.nan
