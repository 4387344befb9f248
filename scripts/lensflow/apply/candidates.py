"""The ranked list of lens candidates of a dataset: what a survey user takes away."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from os import PathLike

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table

from lensflow import artifacts
from lensflow.apply.columns import POSITION, ascii_text, described, has_positions, table_hdu
from lensflow.apply.graded import add_grades
from lensflow.apply.known import mark_known
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.errors import ArtifactError
from lensflow.evaluate.ranks import Ranks
from lensflow.files import writing
from lensflow.samples.scores import (
    columns_of,
    interval_columns,
    iterate_scores,
    log_odds_column,
    probability_column,
)

ROWS = 2048  # objects in memory at a time
OWN_NUMBERS = ("p_lens", "p_lens_min", "p_lens_max", "p_low", "p_high", "log_odds", "log_density")

ASCENDING = {"p_lens": False, "log_odds": False, "log_density": True, "id": True}
"""What objects are ranked by, as far as it is there, and whether small values come first."""

logger = logging.getLogger(__name__)


def rank_candidates(
    scores: Sequence[str | PathLike],
    index: str | PathLike,
    manifest: str | PathLike,
    judgement: str,
    n_candidates: int,
    csv: str | PathLike,
    fits: str | PathLike,
    dataset: str,
    grades: Sequence[str | PathLike] = (),
    answers: str | PathLike | None = None,
    known_lenses: str | PathLike | None = None,
    match_radius: float = 0.0,
    arcs: str | PathLike | None = None,
) -> None:
    """Write the most lens-like objects of a dataset, best first.

    Parameters
    ----------
    scores : sequence of path-like
        ``scores_<dataset>.csv`` of every run of one model.
    index, manifest : path-like
        ``index.h5`` and ``manifest.h5`` of the dataset, for the catalogue and the file names.
    judgement : str
        A key of `lensflow.cluster.judgements.JUDGEMENTS`: whose judgement of the clusters ranks
        the objects; by nobody's, unusual objects come first.
    n_candidates : int
        Length of the list.
    csv, fits : path-like
        Tables to write: rank, id, p_lens (mean over the runs), p_lens_min, p_lens_max (these three
        unless nobody judged), p_low, p_high (68 % interval, where the judgement has an error:
        means of those of the runs, as if the errors of all were one), judgement (whose it is: the
        same in every row, and ``JUDGEDBY`` in the header of the FITS table), cluster (of the first
        run), log_odds (without a limit, mean over the runs: the order of equal p_lens), log_density
        (natural logarithm, mean over the runs; low values are unusual objects), path, ra and dec
        (ICRS, degrees), and the catalogue's columns where known, but for ra and dec of its own
        where no position is known: they hold none that can be read.
    dataset : str
        Its name.
    grades : sequence of path-like
        Files of grades of single objects.
    answers : path-like, optional
        What the hidden objects of the dataset's grading page are. With grades there are more
        columns, see `lensflow.apply.graded.add_grades`.
    known_lenses : path-like, optional
        Table of known lenses; two columns then say which one a candidate is, and how near.
    match_radius : float
        Distance within which a candidate is a known lens, in arcsec.
    arcs : path-like, optional
        ``arcs_<dataset>.csv``, where nobody judged and they help to rank: a column more.

    Raises
    ------
    LabelError
        If the scores lack the probability of that judgement, or grades are of other objects.
    """
    table = combine_runs(scores, judgement, n_candidates, arcs)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    if (paths := _paths(manifest, table["id"])) is not None:
        table = table.merge(paths, on="id", how="left", validate="one_to_one")
    if (positions := _positions(index, table["id"])) is not None:
        table = table.merge(positions, on="id", how="left", validate="one_to_one")
    known = _catalogue(index, table["id"], without=table.columns)
    table = table.merge(known, on="id", how="left", validate="one_to_one")
    if known_lenses:
        table = mark_known(table, known_lenses, match_radius)
    table = add_grades(table, grades, dataset, index, answers)
    _write_csv(table, csv)
    _write_fits(table, judgement, fits)
    logger.info("wrote %d candidates: %s", len(table), JUDGEMENTS[judgement].title)


def combine_runs(
    scores: Sequence[str | PathLike],
    judgement: str,
    n_candidates: int,
    arcs: str | PathLike | None = None,
) -> pd.DataFrame:
    """Average the probabilities of several runs and keep the objects with the highest.

    There are no ties: of equal p_lens (mean over the runs) the one with the higher log-odds (mean
    over the runs) comes first, which still differ where p is 0 or 1; then the one of lower density
    under the mixture, unusual objects first; then by identifier. By nobody's judgement there is no
    probability, and the objects of the lowest density are kept, or those that rank highest by
    density and arc statistic, the two ranks added.
    The tables are read in blocks of rows, so that memory does not grow with the survey.

    Parameters
    ----------
    scores : sequence of path-like
        Scores of the same objects in the same order, one file a run.
    judgement : str
        The judgement to use: the column ``p_lens_<judgement>``.
    n_candidates : int
        How many objects to keep.
    arcs : path-like, optional
        How arc-like the same objects are; for nobody's judgement.

    Returns
    -------
    DataFrame
        Columns id, p_lens, p_lens_min, p_lens_max, p_low, p_high, judgement, cluster, log_odds,
        log_density, best first; those of p_lens and the log-odds unless nobody judged, the interval
        where all runs have one.

    Raises
    ------
    LabelError
        If the scores lack the probability of that judgement.
    ArtifactError
        If the runs do not score the same objects.
    """
    best = best_of_runs(scores, judgement, n_candidates, arcs)
    best = best.drop(columns=_UNUSUAL, errors="ignore")
    best.insert(best.columns.get_loc("cluster"), "judgement", judgement)
    return best


def best_of_runs(
    scores: Sequence[str | PathLike],
    judgement: str,
    n: int,
    arcs: str | PathLike | None = None,
) -> pd.DataFrame:
    """Return the n best objects, best first, with what `ranking_order` ranks by.

    Parameters and errors are those of `combine_runs`.
    """
    best = None
    for table in ranked_runs(scores, judgement, arcs):
        table = table if best is None else pd.concat([best, table])
        order = ranking_order(table)
        best = table.sort_values(list(order), ascending=list(order.values())).head(n)
    return best.reset_index(drop=True)


_UNUSUAL = "unusual"
"""Column of the ranks of density and arcs, added."""


def _unusual(
    scores: Sequence[str | PathLike], judgement: str, arcs: str | PathLike
) -> Callable[[pd.DataFrame], np.ndarray]:
    """Return what ranks objects by density and arcs, among all objects."""
    density, arc_like = Ranks(), Ranks()
    for table in _averaged_runs(scores, judgement, arcs):
        density.add(-table["log_density"])
        arc_like.add(table["arcs"])
    return lambda table: density.shares(-table["log_density"]) + arc_like.shares(table["arcs"])


def ranked_runs(
    scores: Sequence[str | PathLike],
    judgement: str,
    arcs: str | PathLike | None = None,
    among: tuple[Sequence[str | PathLike], str | PathLike | None] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield the scores of all objects, averaged over runs, with what `ranking_order` ranks by.

    Other parameters and errors are those of `combine_runs`. Memory does not grow with the survey.

    Parameters
    ----------
    scores, judgement, arcs
    among : (sequence of path-like, path-like or None), optional
        Scores and arcs of the objects in whose ranks by density and arcs these take their place;
        their own by default.
    """
    arcs = None if JUDGEMENTS[judgement].gives_probabilities else arcs
    others, other_arcs = among or (scores, arcs)
    unusual = _unusual(others, judgement, other_arcs) if arcs else None
    for table in _averaged_runs(scores, judgement, arcs):
        yield table.assign(**{_UNUSUAL: unusual(table)}) if unusual else table


def ranking_order(table: pd.DataFrame) -> dict[str, bool]:
    """Return the columns that a table is ranked by, and whether small values come first."""
    ascending = {_UNUSUAL: False} | ASCENDING
    return {name: small_first for name, small_first in ascending.items() if name in table}


def _averaged_runs(
    scores: Sequence[str | PathLike], judgement: str, arcs: str | PathLike | None
) -> Iterator[pd.DataFrame]:
    """Yield the scores of all objects, averaged over runs, a block of rows at a time."""
    is_judged = JUDGEMENTS[judgement].gives_probabilities
    probability = [probability_column(judgement)] if is_judged else []
    found = {
        name: column
        for name, column in _beside_probability(judgement).items()
        if is_judged and all(column in columns_of(path) for path in scores)
    }
    columns = ["id", *probability, *found.values(), "cluster", "log_density"]
    tables_of = [iterate_scores(path, columns, ROWS) for path in scores]
    tables_of += [iterate_scores(arcs, ["id", "arcs"], ROWS)] if arcs else []
    for parts in zip_longest(*tables_of):
        if any(part is None or not part["id"].equals(parts[0]["id"]) for part in parts):
            files = [*scores, arcs] if arcs else scores
            raise ArtifactError(
                f"{', '.join(map(str, files))} do not score the same objects in the same order. "
                "Delete them and run again."
            )
        table = _average(parts[: len(scores)], probability, found)
        yield table.assign(arcs=parts[-1]["arcs"]) if arcs else table


def _beside_probability(judgement: str) -> dict[str, str]:
    """Return what scores may hold beside the probability, by what candidates call it."""
    low, high = interval_columns(judgement)
    return {"p_low": low, "p_high": high, "log_odds": log_odds_column(judgement)}


def _average(
    runs: Sequence[pd.DataFrame], probability: Sequence[str], found: Mapping[str, str]
) -> pd.DataFrame:
    table = {"id": runs[0]["id"]}
    for column in probability:
        p_lens = _over_runs(runs, column)
        table["p_lens"] = p_lens.mean(axis=1)
        table["p_lens_min"], table["p_lens_max"] = p_lens.min(axis=1), p_lens.max(axis=1)
    means = {name: _over_runs(runs, column).mean(axis=1) for name, column in found.items()}
    density = _over_runs(runs, "log_density").mean(axis=1)
    odds = {name: means.pop(name) for name in ("log_odds",) if name in means}
    table |= means | {"cluster": runs[0]["cluster"]} | odds | {"log_density": density}
    return pd.DataFrame(table)


def _over_runs(runs: Sequence[pd.DataFrame], column: str) -> pd.DataFrame:
    return pd.concat([run[column] for run in runs], axis=1)


def _paths(manifest: str | PathLike, ids: pd.Series) -> pd.DataFrame | None:
    """Return the file of each of some objects; None where the index says where they are from."""
    with artifacts.open(manifest, "manifest") as file:
        if "path" not in file:
            return None
        return look_up(
            file,
            ids,
            lambda rows: pd.DataFrame({"path": artifacts.read_strings(file, "path", rows)}),
        )


def _positions(index: str | PathLike, ids: pd.Series) -> pd.DataFrame | None:
    """Return right ascension and declination of some objects; None where no object has any."""
    with artifacts.open(index, "index") as file:
        if "ra" not in file:
            return None
        return look_up(
            file,
            ids,
            lambda rows: pd.DataFrame(
                {name: artifacts.read(file, name, rows) for name in POSITION}
            ),
        )


def _catalogue(index: str | PathLike, ids: pd.Series, without: Iterable[str]) -> pd.DataFrame:
    """Return the catalogue of some objects: the columns in which anything of them is known.

    FITS tables do not tell upper from lower case in the names that are to be left out.
    """
    with artifacts.open(index, "index") as file:
        without = {*without, *([] if "ra" in file else _unread_positions(file))}
        table = look_up(file, ids, lambda rows: artifacts.read_table(file, "catalogue", rows))
    missing = sorted(set(ids) - set(table["id"]))
    if missing:
        raise ArtifactError(
            f"{index} does not list {len(missing)} of the objects that are scored, {missing[0]!r} "
            "first. Delete the scores and run again."
        )
    unknown = {"is_lens": -1}
    kept = [
        name
        for name in table
        if (table[name] != unknown.get(name)).any() and table[name].notna().any()
        if name == "id" or name.lower() not in without
    ]
    return table[kept]


def _unread_positions(file) -> Sequence[str]:
    """Return the columns, in small letters, that would pass for positions where none is known."""
    columns = artifacts.read_table(file, "catalogue", slice(0, 0))
    if not set(POSITION) <= {name.lower() for name in columns}:
        return ()
    logger.warning(
        "no object has a position: what the catalogue has in its columns ra and dec is none in "
        "degrees, or was not to be taken; they are left out of the candidates"
    )
    return POSITION


def look_up(file, ids: pd.Series, read: Callable[[slice], pd.DataFrame]) -> pd.DataFrame:
    """Return what ``read`` gives of some objects, with their identifiers, a block at a time."""
    parts = []
    for start in range(0, len(file["id"]), ROWS):
        rows = slice(start, start + ROWS)
        table = read(rows).assign(id=artifacts.read_strings(file, "id", rows))
        parts.append(table[table["id"].isin(ids)])
    return pd.concat(parts, ignore_index=True)


def _write_csv(table: pd.DataFrame, path: str | PathLike) -> None:
    """Write the table: our own numbers with nine digits, the catalogue's with all of theirs."""
    own = [name for name in OWN_NUMBERS if name in table]
    written = table.assign(**{name: table[name].map("{:.9g}".format) for name in own})
    with writing.replacing(path) as partial:
        written.to_csv(partial, index=False, lineterminator="\n")


def _write_fits(table: pd.DataFrame, judgement: str, path: str | PathLike) -> None:
    if has_positions(table):
        written = described(table)
    else:
        texts = table.select_dtypes(exclude=["number", "bool"]).columns
        written = Table.from_pandas(
            table.assign(**{name: table[name].astype(str).map(ascii_text) for name in texts})
        )
    written.meta["JUDGEDBY"] = judgement
    written.meta["comments"] = [
        f"Judgement of the clusters: {JUDGEMENTS[judgement].title}",
        "Text that is not printable ASCII: each such character as % and its UTF-8 bytes",
    ]
    with writing.replacing(path) as partial:
        hdus = fits.HDUList([fits.PrimaryHDU(), table_hdu(written)])
        hdus.update_extend()
        for hdu in hdus:
            # Its comment would be the time.
            hdu.add_checksum(when="of this HDU")
        hdus.writeto(partial, overwrite=True)
