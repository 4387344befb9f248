"""Known lenses: which objects they are, where they are ranked, and how many of them are found."""

import logging
from os import PathLike

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.apply.selections import selections
from lensflow.errors import CatalogueError
from lensflow.evaluate.intervals import wilson
from lensflow.ingest import positions
from lensflow.ingest.names import column_called

ROWS = 100_000  # objects in memory at a time
NAMES = ("name", "id", "object", "lens", "lens_name", "object_id", "source_id")

logger = logging.getLogger(__name__)


def read_known(path: str | PathLike) -> pd.DataFrame:
    """Read a table of known lenses.

    Parameters
    ----------
    path : path-like
        CSV, ECSV, FITS, VOTable or Parquet, with a position in degrees (ra and dec, or another of
        `lensflow.ingest.positions.NAMES`) and, where it has one, a column with a name.

    Returns
    -------
    DataFrame
        Columns name, ra, dec (ICRS, degrees).

    Raises
    ------
    CatalogueError
        When it cannot be read, is empty, or has a row without a position, or says another unit of
        one than the degree.
    """
    from lensflow.ingest.objects import check_degrees, read_columns

    table = read_columns(path)
    names = positions.position_columns(table)
    if names is None:
        raise CatalogueError(
            f"{path} has no position: its columns are {list(table.columns)}, expected ra and dec "
            "in degrees. Rename or add them."
        )
    check_degrees(path, names)
    sky = positions.of_table(table, names)
    bad = np.flatnonzero(np.isnan(sky).any(axis=1))
    if len(table) == 0 or len(bad):
        row = f"row {bad[0] + 1} has none that can be read" if len(bad) else "it has no rows"
        raise CatalogueError(f"{path}: {row}; expected a position in degrees in every row.")
    label = column_called(table.columns, NAMES)
    numbers = [str(number + 1) for number in range(len(table))]
    texts = numbers if label is None else table[label].fillna("").astype(str)
    # A lens without a name is called by its row: an empty name would say that it is none.
    texts = [text.strip() or number for text, number in zip(texts, numbers, strict=True)]
    return pd.DataFrame({"name": texts, "ra": sky[:, 0], "dec": sky[:, 1]})


def mark_known(table: pd.DataFrame, path: str | PathLike, radius: float) -> pd.DataFrame:
    """Say which of some objects are known lenses.

    Parameters
    ----------
    table : DataFrame
        With ra and dec where positions are known.
    path : path-like
        Table of known lenses.
    radius : float
        In arcsec.

    Returns
    -------
    DataFrame
        With known_lens, the name of the nearest one within the radius or "", and
        known_lens_arcsec, its distance or NaN.
    """
    known = read_known(path)
    names, distances = np.full(len(table), "", object), np.full(len(table), np.nan)
    places = table.reindex(columns=["ra", "dec"])
    has_place = np.flatnonzero(places.notna().all(axis=1))
    if len(has_place):
        place, distance = nearest(table.iloc[has_place], known)
        is_near = distance <= radius
        names[has_place[is_near]] = known["name"].to_numpy(object)[place[is_near]]
        distances[has_place[is_near]] = distance[is_near]
    elif len(table):
        logger.warning(
            "none of %d objects has a position, so that no known lens of %s is looked for among "
            "them; positions come from WCS, header or catalogue (workflow/docs/surveys.md)",
            len(table),
            path,
        )
    return table.assign(known_lens=names, known_lens_arcsec=distances)


def nearest(table: pd.DataFrame, others: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each row, which other position is the nearest, and its distance (arcsec)."""
    from astropy import units
    from astropy.coordinates import SkyCoord, match_coordinates_sky

    if table.empty or others.empty:
        return np.zeros(len(table), int), np.full(len(table), np.inf)
    ours, theirs = (
        SkyCoord(part["ra"].to_numpy(), part["dec"].to_numpy(), unit="deg")
        for part in (table, others)
    )
    place, distance, _ = match_coordinates_sky(ours, theirs)
    return place, distance.to_value(units.arcsec)


def find_known(
    index: str | PathLike, known: pd.DataFrame, radius: float, rows: int = ROWS
) -> pd.DataFrame:
    """Find known lenses among the objects of a dataset, a block of objects at a time.

    Returns
    -------
    DataFrame
        The known lenses with id ("" where no object is within the radius) and distance_arcsec.
    """
    ids, best = np.full(len(known), "", object), np.full(len(known), np.inf)
    with artifacts.open(index, "index") as file:
        for start in range(0, len(file["id"]) if "ra" in file else 0, rows):
            block = slice(start, start + rows)
            table = pd.DataFrame(
                {name: artifacts.read(file, name, block) for name in ("ra", "dec")}
            )
            has_place = np.flatnonzero(table.notna().all(axis=1))
            place, distance = nearest(known, table.iloc[has_place])
            is_nearer = (distance < best) & (distance <= radius)
            names = artifacts.read_strings(file, "id", block)
            ids[is_nearer] = names[has_place][place[is_nearer]]
            best[is_nearer] = distance[is_nearer]
    distances = np.where(np.isfinite(best), best, np.nan)
    return known.assign(id=ids, distance_arcsec=distances)


def completeness(found: pd.DataFrame, n_candidates: int) -> pd.DataFrame:
    """Return how many of the known lenses in a dataset are found, with Wilson's 68 % interval.

    Parameters
    ----------
    found : DataFrame
        One row a known lens: id ("" where it is not in the dataset), rank, p_lens where judged.
    n_candidates : int
        Length of the list of candidates.

    Returns
    -------
    DataFrame
        Columns selection, n_known (those in the dataset), n_found, completeness,
        completeness_low, completeness_high.
    """
    there = found[found["id"] != ""].drop_duplicates("id")
    rows = []
    for name, chosen in selections(there, n_candidates).items():
        n, n_found = len(there), int(chosen.sum())
        low, high = wilson(n_found, n)
        fraction = n_found / n if n else np.nan
        rows.append((name, n, n_found, fraction, float(low), float(high)))
    limits = ("completeness", "completeness_low", "completeness_high")
    return pd.DataFrame(rows, columns=["selection", "n_known", "n_found", *limits])
