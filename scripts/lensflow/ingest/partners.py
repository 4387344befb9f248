"""Which files are the other bands of an object, where each band has files of its own.

The files of the first band make the list of objects; what belongs together has the same identifier.
"""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from lensflow.ingest.listing import Layout, Listing
from lensflow.ingest.settings import CutoutSettings

logger = logging.getLogger(__name__)


def path_key(band: str) -> str:
    """Return where in a manifest the files of a band that is not the first are named."""
    return f"bands/{band}/path"


def find_partners(
    listings: Sequence[Listing],
    layouts: Sequence[Layout],
    settings: Sequence[CutoutSettings],
    rows: np.ndarray,
) -> tuple[np.ndarray, dict[int, str]]:
    """Find the files of some objects in the bands after the first.

    Parameters
    ----------
    listings, layouts, settings : sequence
        Of each band, in order; the listings are of one walk.
    rows : ndarray of shape (n,), int
        The objects, by their rows in the first listing.

    Returns
    -------
    partners : ndarray of shape (band - 1, n), int
        The row of each file in the listing of its band; of no use where there is a problem.
    problems : dict of int to str
        Why an object cannot be used, by its place in ``rows``: the first band's reason.
    """
    first, partners, problems = listings[0], [], {}
    found = [(first, rows, settings[0])]
    for listing, layout, each in zip(listings[1:], layouts[1:], settings[1:], strict=True):
        start = np.searchsorted(listing.ids, first.ids[rows])
        count = np.searchsorted(listing.ids, first.ids[rows], "right") - start
        partners.append(np.minimum(start, len(listing.ids) - 1))
        found.append((listing, partners[-1], each))
        where = f"in band {each.band}, "
        for place in np.flatnonzero(count == 0).tolist():
            problems.setdefault(
                place, f"{where}no file of its id fits {layout.pattern!r}; see id_pattern"
            )
        for place in np.flatnonzero(count > 1).tolist():
            paths = listing.paths(start[place] + np.arange(2))
            twice = f"{count[place]} files of its id fit {layout.pattern!r}: {' and '.join(paths)}"
            problems.setdefault(place, f"{where}{twice}; expected one")
        # Of an object without a file in a band there is nothing to compare with.
        complete = np.setdiff1d(np.flatnonzero(count == 1), [*problems])
        for place, other in _shared(found, complete):
            path = listing.paths(partners[-1][[place]])[0]
            reason = f"its file is that of band {other}: {path}; expected another file or HDU"
            problems.setdefault(place, f"{where}{reason}")
    return np.array(partners), problems


def _shared(found: Sequence, places: np.ndarray) -> Iterator[tuple[int, str]]:
    """Yield the places where the last band is read from what another is read from, and which."""
    *others, (listing, rows, settings) = found
    for other, theirs, band in others:
        if band.hdus == settings.hdus:
            mine, yours = rows[places], theirs[places]
            is_same = (listing.folder[mine] == other.folder[yours]) & (
                listing.names[mine] == other.names[yours]
            )
            yield from ((place, band.band) for place in places[is_same].tolist())


def report_alone(
    dataset: str, listings: Sequence[Listing], settings: Sequence[CutoutSettings]
) -> None:
    """Log how many files of the other bands belong to no object."""
    first = listings[0].ids
    for listing, each in zip(listings[1:], settings[1:], strict=True):
        alone = np.flatnonzero(~np.isin(listing.ids, first))
        if len(alone):
            logger.warning(
                "dataset %s: %d files of band %s have the id of no file of band %s, for example %s",
                dataset, len(alone), each.band, settings[0].band, listing.paths(alone[:1])[0],
            )  # fmt: skip
