"""Candidates as other tools want them: ECSV, a DS9 region file, and cutouts with their WCS."""

import logging
from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd
from astropy.io import fits

from lensflow import artifacts
from lensflow.apply.candidates import look_up
from lensflow.apply.columns import ascii_text, described, has_positions, region_text
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.files import tables, writing
from lensflow.samples.images import open_images

CIRCLE_ARCSEC = 3.0
"""Radius of the circle around a candidate in the region file."""

MAGGIES = "AB maggies"

logger = logging.getLogger(__name__)


def export_candidates(
    candidates: str | PathLike,
    index: str | PathLike,
    images: Sequence[str | PathLike],
    n_cutouts: int,
    judgement: str,
    ecsv: str | PathLike,
    region: str | PathLike,
    cutouts: str | PathLike,
) -> None:
    """Write the candidates of a dataset in the formats of other tools.

    Parameters
    ----------
    candidates : path-like
        ``candidates_<dataset>.csv``.
    index : path-like
        ``index.h5`` of the dataset.
    images : sequence of path-like
        Its image shards, in order.
    n_cutouts : int
        How many candidates to write as images, the best first.
    judgement : str
        Whose judgement ranks them.
    ecsv, region, cutouts : path-like
        Files to write: the table with units and UCDs; circles around those that have a position;
        one HDU a candidate, ``RANK<n>``, or of several bands one a band, ``RANK<n>_<band>``, with
        its WCS where that is known.
    """
    table = tables.read_objects(candidates, _catalogue_texts(index))
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name].dtype)]
    table = table.fillna(dict.fromkeys(texts, ""))
    table = _with_exact_positions(table, index)
    written = described(table)
    written.meta["judgement"] = JUDGEMENTS[judgement].title
    with writing.replacing(ecsv) as partial:
        written.write(partial, format="ascii.ecsv", overwrite=True)
    with writing.replacing(region) as partial:
        partial.write_text("\n".join(region_lines(table)) + "\n", encoding="utf-8")
    with writing.replacing(cutouts) as partial:
        hdus = fits.HDUList(list(_hdus(table.head(n_cutouts), index, images)))
        hdus.writeto(partial, overwrite=True)
    logger.info("wrote %d candidates, %d cutouts", len(table), min(len(table), n_cutouts))


def _catalogue_texts(index: str | PathLike) -> list[str]:
    """Return the columns of the catalogue that are text: a CSV does not say so of 0012."""
    with artifacts.open(index, "index") as file:
        empty = artifacts.read_table(file, "catalogue", slice(0, 0))
    return [name for name in empty if not pd.api.types.is_numeric_dtype(empty[name].dtype)]


def _with_exact_positions(table: pd.DataFrame, index: str | PathLike) -> pd.DataFrame:
    """Return the table with positions as they are stored: a CSV rounds them to milliarcseconds."""
    with artifacts.open(index, "index") as file:
        if "ra" not in file:
            return table
        names = ("ra", "dec")
        exact = look_up(
            file,
            table["id"],
            lambda rows: pd.DataFrame({name: artifacts.read(file, name, rows) for name in names}),
        )
    return table.assign(**exact.set_index("id").loc[table["id"]].reset_index(drop=True))


def region_lines(table: pd.DataFrame) -> list[str]:
    """Return the lines of a DS9 region file: a circle a candidate, with its rank and identifier."""
    lines = ["# Region file format: DS9 version 4.1", "global color=green width=1", "icrs"]
    if not has_positions(table):
        return [lines[0], "# no candidate has a position", *lines[2:]]
    known = table[table["ra"].notna() & table["dec"].notna()]
    circle = 'circle({:.7f},{:.7f},{:.1f}") # text={{{} {}}}'
    return lines + [
        circle.format(row.ra, row.dec, CIRCLE_ARCSEC, row.rank, region_text(row.id))
        for row in known.itertuples()
    ]


def _hdus(table: pd.DataFrame, index: str | PathLike, images: Sequence[str | PathLike]):
    yield fits.PrimaryHDU()
    places = _places(index, table["id"])
    for row in table.to_dict("records"):
        shard, place = places.loc[row["id"], ["shard", "row"]]
        with open_images(images[shard]) as file:
            pixels, unit, wcs = file.flux(int(place)), file.unit, file.wcs(int(place))
            bands = file.bands
        header = _header(row, unit, wcs, pixels.shape[-2:])
        if not bands:
            yield fits.ImageHDU(pixels, header, f"RANK{row['rank']}")
        for band, image in zip(bands, pixels if bands else (), strict=True):
            header["FILTER"] = band
            yield fits.ImageHDU(image, header, f"RANK{row['rank']}_{band}")


def _places(index: str | PathLike, ids: pd.Series) -> pd.DataFrame:
    with artifacts.open(index, "index") as file:
        names = ("shard", "row")
        table = look_up(
            file,
            ids,
            lambda rows: pd.DataFrame({name: artifacts.read(file, name, rows) for name in names}),
        )
    return table.set_index("id")


def _header(row: dict, unit: str, wcs: np.ndarray | None, shape: tuple[int, int]) -> fits.Header:
    cards = [("OBJECT", ascii_text(str(row["id"]))[:60], "identifier"), ("RANK", row["rank"])]
    if unit == MAGGIES:
        cards += [("BUNIT", "maggy"), ("MAGZERO", 0.0, "AB zero point")]
    if "p_lens" in row:
        cards.append(("P_LENS", row["p_lens"], "lens probability"))
    if {"ra", "dec"} <= set(row) and np.isfinite([row["ra"], row["dec"]]).all():
        cards += [("RA_TARG", row["ra"], "deg, ICRS"), ("DEC_TARG", row["dec"], "deg, ICRS")]
    if wcs is not None and np.isfinite(wcs).all():
        cards += [("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("RADESYS", "ICRS")]
        cards += [("CUNIT1", "deg"), ("CUNIT2", "deg")]
        # A central pixel is number n // 2 from 0, and FITS counts from 1.
        cards += [("CRPIX1", shape[1] // 2 + 1.0), ("CRPIX2", shape[0] // 2 + 1.0)]
        names = ("CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
        cards += list(zip(names, map(float, wcs), strict=True))
    return fits.Header(cards)
