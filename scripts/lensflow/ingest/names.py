"""Which identifiers and column names are taken: one rule, at listing, for every stage after it.

What is taken arrives in the tables of candidates, CSV and FITS, and in figures as it was written.
FITS tables hold printable ASCII alone, their readers drop blanks at the end, and do not tell upper
from lower case in the names of columns.
"""

import re
from collections.abc import Iterator, Sequence

from lensflow.errors import CatalogueError

LONGEST_ID = 200
LONGEST_COLUMN = 64

RESERVED_COLUMNS = frozenset(
    [
        *("id", "rank", "p_lens", "p_lens_min", "p_lens_max", "p_low", "p_high", "judgement"),
        *("cluster", "log_odds", "log_density", "arcs", "path"),
        *("rotation", "weight", "sample", "shard", "row", "sky_sigma"),
        *("known_lens", "known_lens_arcsec", "mean_grade", "n_graders", "scatter"),
    ]
)
"""Columns that the workflow's own tables have, in small letters."""

_ID = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_COLUMN = re.compile(r"(?!\.)[ -.0-~]+")


def refused_id(identifier: str) -> str | None:
    """Return why an object cannot be called so, or None when it can.

    Parameters
    ----------
    identifier : str
    """
    if not identifier:
        return "its name yields no id: see id_pattern"
    if len(identifier) > LONGEST_ID:
        return f"its id has {len(identifier)} characters; at most {LONGEST_ID} are taken"
    if _ID.fullmatch(identifier):
        return None
    if identifier != identifier.strip():
        return f"its id begins or ends with a blank: {identifier!a}; rename it"
    return (
        f"its id has characters that are not printable ASCII, which FITS tables cannot hold: "
        f"{identifier!a}; rename it, or let id_pattern take another part of the name"
    )


def column_called(present: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Return the column of a table that is called, in whatever case, by the first of some names.

    Parameters
    ----------
    present : sequence of str
        The columns of the table.
    wanted : sequence of str
        In small letters, in order of preference.

    Returns
    -------
    str or None
        The name as the table has it; None where there is no such column.

    Raises
    ------
    CatalogueError
        When several columns differ by upper and lower case alone.
    """
    for name in wanted:
        found = [each for each in present if str(each).lower() == name]
        if len(found) > 1:
            raise CatalogueError(
                f"the columns {found} differ by upper and lower case alone; rename all but one, or "
                "name the right one under the dataset's columns"
            )
        if found:
            return found[0]
    return None


def refused_columns(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the columns of a catalogue that are left out, each with the reason.

    Parameters
    ----------
    names : sequence of str
        All columns but the identifier's, in order.
    """
    seen: dict[str, str] = {}
    for name in names:
        lower = name.lower()
        if lower in seen:
            yield name, f"the name differs from {seen[lower]!r} by upper and lower case alone"
        elif reason := _refused_column(name):
            yield name, reason
        seen.setdefault(lower, name)


def _refused_column(name: str) -> str | None:
    if not name:
        return "it has no name"
    if name.lower() in RESERVED_COLUMNS:
        return "the workflow's own tables have a column of that name"
    if len(name) > LONGEST_COLUMN:
        return f"the name has {len(name)} characters; at most {LONGEST_COLUMN} are taken"
    if not _COLUMN.fullmatch(name):
        return "the name must be printable ASCII, without a slash and not begin with a dot"
    return None
