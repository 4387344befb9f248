"""The ranked list of lens candidates of a dataset: what a survey user takes away."""

import logging
from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd
from astropy.table import Table

from lensflow import artifacts
from lensflow.errors import LabelError

logger = logging.getLogger(__name__)


def rank_candidates(
    scores: Sequence[str | PathLike],
    index: str | PathLike,
    manifest: str | PathLike,
    labels: str,
    n_candidates: int,
    csv: str | PathLike,
    fits: str | PathLike,
) -> None:
    """Write the most lens-like objects of a dataset, best first.

    Parameters
    ----------
    scores : sequence of path-like
        ``scores_<dataset>.csv`` of every run of one model.
    index, manifest : path-like
        ``index.h5`` and ``manifest.h5`` of the dataset, for the catalogue and the file names.
    labels : {"known", "stand_in", "person"}
        Whose judgement of the clusters ranks the objects.
    n_candidates : int
        Length of the list.
    csv, fits : path-like
        Tables to write: rank, id, p_lens (mean over the runs), p_lens_min, p_lens_max, cluster (of
        the first run), log_density (natural logarithm, mean over the runs; low values are
        unusual objects), path, and the catalogue's columns where known.

    Raises
    ------
    LabelError
        If the scores lack the probability of that judgement.
    """
    table = combine_runs(scores, labels).head(n_candidates)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table = table.merge(_paths(manifest), on="id", how="left", validate="one_to_one")
    table = table.merge(_catalogue(index), on="id", how="left", validate="one_to_one")
    table.to_csv(csv, index=False, float_format="%.9g")
    _write_fits(table, fits)
    logger.info("wrote %d candidates, p_lens >= %.3f", len(table), table["p_lens"].min())


def combine_runs(scores: Sequence[str | PathLike], labels: str) -> pd.DataFrame:
    """Average the probabilities of several runs and order the objects by them.

    Ties are broken by the density under the mixture (typical objects first), then by identifier.

    Parameters
    ----------
    scores : sequence of path-like
        Scores of the same objects, one file a run.
    labels : str
        The judgement to use: the column ``p_lens_<labels>``.

    Returns
    -------
    DataFrame
        Columns id, p_lens, p_lens_min, p_lens_max, cluster, log_density, best first.
    """
    column = f"p_lens_{labels}"
    runs = [_read_run(path, column) for path in scores]
    p_lens = pd.concat([run[column] for run in runs], axis=1)
    density = pd.concat([run["log_density"] for run in runs], axis=1)
    table = pd.DataFrame(
        {
            "p_lens": p_lens.mean(axis=1),
            "p_lens_min": p_lens.min(axis=1),
            "p_lens_max": p_lens.max(axis=1),
            "cluster": runs[0]["cluster"],
            "log_density": density.mean(axis=1),
        }
    )
    table = table.rename_axis("id").reset_index()
    order = ["p_lens", "log_density", "id"]
    return table.sort_values(order, ascending=[False, False, True], ignore_index=True)


def _read_run(path: str | PathLike, column: str) -> pd.DataFrame:
    table = pd.read_csv(path, dtype={"id": str})
    if column not in table:
        have = [name for name in table if name.startswith("p_lens_")]
        raise LabelError(
            f"{path} has no column {column!r}, only {have}; add the method to the experiment's "
            "labels in config.yaml."
        )
    return table.set_index("id")


def _paths(manifest: str | PathLike) -> pd.DataFrame:
    with artifacts.open(manifest, "manifest") as file:
        ids, paths = (artifacts.read_strings(file, key) for key in ("id", "path"))
    return pd.DataFrame({"id": ids, "path": paths})


def _catalogue(index: str | PathLike) -> pd.DataFrame:
    """Return the catalogue columns that hold anything known, with the objects' identifiers."""
    with artifacts.open(index, "index") as file:
        table = artifacts.read_table(file, "catalogue")
        ids = artifacts.read_strings(file, "id")
    unknown = {"is_lens": -1}
    kept = [
        name
        for name in table
        if (table[name] != unknown.get(name)).any() and table[name].notna().any()
    ]
    return table[kept].assign(id=ids)


def _write_fits(table: pd.DataFrame, path: str | PathLike) -> None:
    Table.from_pandas(table.astype({"id": str, "path": str})).write(
        path, format="fits", overwrite=True
    )
