"""What the columns of a table of candidates mean: units, UCDs and descriptions.

UCDs are the words of the IVOA's list (UCD1+ 1.5) by which TOPCAT and others find, for instance,
which columns are the position.
"""

import re
from urllib.parse import quote

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table

MEANING = {
    "rank": ("", "meta.number", "1 is the best"),
    "id": ("", "meta.id;meta.main", "identifier of the object"),
    "p_lens": ("", "stat.probability", "lens probability, mean over the runs"),
    "p_lens_min": ("", "stat.probability;stat.min", "lowest of the runs"),
    "p_lens_max": ("", "stat.probability;stat.max", "highest of the runs"),
    "p_low": ("", "stat.probability;stat.min", "lower end of the 68 % interval"),
    "p_high": ("", "stat.probability;stat.max", "upper end of the 68 % interval"),
    "log_odds": ("", "stat.value", "order of equal probabilities, mean over the runs"),
    "judgement": ("", "meta.note", "whose judgement of the clusters"),
    "cluster": ("", "meta.code.class", "cluster of the first run"),
    "log_density": ("", "stat.likelihood", "natural logarithm of the density, mean over the runs"),
    "arcs": ("", "stat.value", "arc statistic"),
    "path": ("", "meta.file", "file, relative to the dataset's folder"),
    "ra": ("deg", "pos.eq.ra;meta.main", "right ascension, ICRS"),
    "dec": ("deg", "pos.eq.dec;meta.main", "declination, ICRS"),
    "known_lens": ("", "meta.id.cross", "name of the known lens within the radius"),
    "known_lens_arcsec": ("arcsec", "pos.angDistance", "distance from that lens"),
    "mean_grade": ("", "stat.mean", "points of the grades, mean over the graders"),
    "n_graders": ("", "meta.number", "people who graded it"),
    "scatter": ("", "stat.stdev", "standard deviation of the points"),
}
"""Unit, UCD and description of each column that is not the catalogue's."""

POSITION = ("ra", "dec")
"""Columns of a position that is known, in degrees; what a catalogue calls so may be no such one."""


def described(table: pd.DataFrame) -> Table:
    """Return a table with what is known of its columns, its texts as FITS can hold them.

    Of a position it is known where both of its columns are there: candidates have them together.
    """
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name].dtype)]
    plain = {name: table[name].fillna("").astype(str).map(ascii_text) for name in texts}
    result = Table.from_pandas(table.assign(**plain))
    # One of the two alone is a column of the catalogue, of which no unit is known.
    unknown = set() if set(POSITION) <= set(table) else set(POSITION)
    for name in set(table) & set(MEANING) - unknown:
        unit, ucd, result[name].description = MEANING[name]
        if unit:
            result[name].unit = unit
        result[name].meta["ucd"] = ucd
    return result


def table_hdu(table: Table) -> fits.BinTableHDU:
    """Return a table for FITS: astropy writes its units, UCDs are cards beside them."""
    hdu = fits.table_to_hdu(table)
    for number, name in enumerate(table.colnames, start=1):
        if ucd := table[name].meta.get("ucd"):
            hdu.header[f"TUCD{number}"] = ucd
    return hdu


def ascii_text(text: str) -> str:
    """Return a text as FITS can hold it: other than printable ASCII as ``%`` and UTF-8 bytes."""
    return "".join(sign if " " <= sign <= "~" else quote(sign) for sign in text)


def has_positions(table: pd.DataFrame | Table) -> bool:
    """Say whether any row has a position."""
    names = table.colnames if isinstance(table, Table) else list(table.columns)
    if not set(POSITION) <= set(names) or any(table[n].dtype.kind != "f" for n in POSITION):
        return False
    return bool(np.isfinite(np.asarray(table["ra"], float)).any())


def region_text(text: str) -> str:
    """Return a text as a DS9 region can hold it, between braces."""
    return re.sub(r"[{}\n\r]", "_", text)
