"""List the cutouts below a folder once, for 10^7 files as for ten.

Names are kept as fixed-width bytes (some 50 bytes a file) and no file is opened or asked for its
size. Hidden files and folders are passed over; links to folders are followed, each folder once.
What is no regular file, or has a name that no later stage could carry, is listed with the reason.
"""

import fnmatch
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest.names import refused_id
from lensflow.ingest.patterns import ANY_FITS, file_matcher, identifier

BLOCK = 2048

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layout:
    """Where a kind of dataset keeps its files.

    Attributes
    ----------
    pattern : str, optional
        Shell pattern of the file names; folders before a slash must end the file's own path. None
        takes every FITS file.
    id_pattern : str, optional
        Regular expression searched in the file name; its one group is the identifier. None takes
        the name without its suffixes.
    skip_folders : frozenset of str
        Names of folders that are not entered.
    catalogue_name : str, optional
        Files of this name are noted as catalogues.
    """

    pattern: str | None
    id_pattern: str | None = None
    skip_folders: frozenset[str] = frozenset()
    catalogue_name: str | None = None


CHALLENGE = Layout(
    "Public/Band1/imageEUC_VIS-*.fits",
    r"^imageEUC_VIS-(.+)\.fits$",
    frozenset({"Private"}),
    "classifications.csv",
)


@dataclass(frozen=True)
class Listing:
    """The files of a dataset, sorted by identifier, then by path.

    Attributes
    ----------
    ids, names : ndarray of shape (n,), bytes
        Identifiers and file names in UTF-8.
    folder : ndarray of shape (n,), int32
        Place of each file's folder in ``folders``.
    folders : list of str
        Folders relative to the dataset's, "" or ending with a slash, sorted.
    refused : list of (path, id, reason)
        Files that fit the pattern and cannot be used: no regular file, or no usable identifier.
    catalogues : list of str
        Paths of the catalogues that were found.
    """

    ids: np.ndarray
    names: np.ndarray
    folder: np.ndarray
    folders: list[str]
    refused: list[tuple[str, str, str]]
    catalogues: list[str]

    def paths(self, rows: np.ndarray) -> list[str]:
        """Return the paths of some files, relative to the dataset's folder."""
        pairs = zip(self.folder[rows], self.names[rows], strict=True)
        return [self.folders[folder] + name.decode() for folder, name in pairs]


def list_bands(folder: str | os.PathLike, layouts: Sequence[Layout]) -> list[Listing]:
    """List the files below ``folder`` of several layouts in one walk, such as bands or maps.

    A file that fits several is in each of their listings.

    Parameters
    ----------
    folder : path-like
    layouts : sequence of Layout
        Alike in the folders that are not entered.

    Raises
    ------
    CutoutError
        When the folder is missing, or holds no file that fits one of the layouts.
    ConfigError
        When a pattern is malformed.
    """
    if not os.path.isdir(folder):
        raise CutoutError(f"{folder} is not a folder; expected one with cutouts {_said(layouts)}")
    collectors, others = [_Collector(layout) for layout in layouts], _Others()
    for place, entries in _walk(os.fspath(folder), layouts[0].skip_folders):
        absolute = os.path.abspath(os.path.join(folder, place))
        wanted = [collector.enter(absolute, place) for collector in collectors]
        for entry in entries:
            taken = [collector.take(entry) for collector in collectors]
            if any(wanted) and not any(taken) and ANY_FITS.fullmatch(entry.name):
                others.add(place + entry.name)
    for collector in collectors:
        if not collector.n_matched:
            other = f", for example {_printable(collector.other)}" if collector.n_others else ""
            raise CutoutError(
                f"no file below {folder} fits {collector.layout.pattern or '*.fits'!r}; "
                f"{collector.n_others} files of other names are there{other}. Check the dataset's "
                "path, or its pattern."
            )
    others.report(folder, layouts)
    return [collector.listing() for collector in collectors]


def matching_names(folder: str | os.PathLike, layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield (folder, name) of what fits a layout, in the file system's order, and keep nothing.

    For who wants their number: whether they are files, and can be used, is not asked.

    Parameters
    ----------
    folder : path-like
        Searched with its subfolders.
    layout : Layout

    Yields
    ------
    tuple of str
        The folder relative to the searched one, "" or ending with a slash, and the name.

    Raises
    ------
    CutoutError
        When a folder cannot be read.
    ConfigError
        When the pattern is malformed.
    """
    parents, fits = file_matcher(layout.pattern)
    for place, entries in _walk(os.fspath(folder), layout.skip_folders):
        is_wanted = _ends_with(os.path.abspath(os.path.join(folder, place)), parents)
        # Subfolders are found while entries are taken, wanted or not.
        yield from ((place, entry.name) for entry in entries if is_wanted and fits(entry.name))


def _ends_with(absolute: str, parents: Sequence[str]) -> bool:
    """Say whether the last folders of a path fit the patterns of the parent folders."""
    last = Path(absolute).parts[-len(parents) :] if parents else ()
    return len(last) == len(parents) and all(map(fnmatch.fnmatchcase, last, parents))


def _said(layouts: Sequence[Layout]) -> str:
    return f"({' or '.join(layout.pattern or '*.fits' for layout in layouts)})"


class _Others:
    """Counts FITS files that are not taken because of their names."""

    def __init__(self):
        self.n, self.example = 0, ""

    def add(self, path: str) -> None:
        path = _printable(path)
        self.n, self.example = self.n + 1, min(self.example or path, path)

    def report(self, folder: str | os.PathLike, layouts: Sequence[Layout]) -> None:
        """Log the count."""
        if self.n:
            patterns = " or ".join(repr(layout.pattern) for layout in layouts)
            logger.warning(
                "%d FITS files below %s do not fit the pattern %s, for example %s",
                self.n, folder, patterns, self.example,
            )  # fmt: skip


class _Collector:
    """Sorts file names into identified ones, others, and catalogues, block by block."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.parents, self.fits = file_matcher(layout.pattern)
        self.identify = identifier(layout.id_pattern)
        self.folders: list[str] = []
        self.is_wanted = False
        # Identifiers, names and folders, each in blocks.
        self.columns: tuple[list[np.ndarray], ...] = ([], [], [])
        self.pending: list[tuple[bytes, bytes, int]] = []
        self.refused: list[tuple[str, str, str]] = []
        self.catalogues: list[str] = []
        self.n_matched = self.n_others = 0
        self.other = ""

    def enter(self, absolute: str, place: str) -> bool:
        """Go to a folder, and say whether its files may be taken."""
        self.is_wanted = _ends_with(absolute, self.parents)
        self.folders.append(place)
        return self.is_wanted

    def take(self, entry: os.DirEntry) -> bool:
        """Note a file of the folder if it is a cutout or a catalogue, and say whether it is."""
        if self.is_wanted and self.fits(entry.name):
            self._add_match(self.folders[-1], entry)
        elif entry.name == self.layout.catalogue_name:
            self.catalogues.append(self.folders[-1] + entry.name)
        else:
            self.n_others += 1
            self.other = self.other or self.folders[-1] + entry.name
            return False
        return True

    def _add_match(self, place: str, entry: os.DirEntry) -> None:
        self.n_matched += 1
        identifier = self.identify(place, entry.name) or ""
        reason = _not_a_file(entry) or refused_id(identifier) or _not_text(place + entry.name)
        if reason:
            self.refused.append((_printable(place + entry.name), "", reason))
            return
        self.pending.append((identifier.encode(), entry.name.encode(), len(self.folders) - 1))
        if len(self.pending) == BLOCK:
            self._flush()

    def _flush(self) -> None:
        ids, names, folder = zip(*self.pending, strict=True) if self.pending else ((), (), ())
        block = (np.array(ids, "S"), np.array(names, "S"), np.array(folder, np.int32))
        for column, part in zip(self.columns, block, strict=True):
            column.append(part)
        self.pending.clear()

    def listing(self) -> Listing:
        self._flush()
        ids, names, folder = (_joined(column) for column in self.columns)
        # Folders come in the file system's order; their rank makes the result independent of it.
        order = np.argsort(np.array(self.folders, dtype=object), kind="stable")
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order))
        folder = rank[folder]
        rows = np.lexsort((names, folder, ids))
        # One after the other, so that only one of the large arrays is there twice.
        ids = ids[rows]
        names = names[rows]
        folder = folder[rows]
        folders = [self.folders[place] for place in order]
        self.refused.sort()
        self.catalogues.sort()
        return Listing(ids, names, folder, folders, self.refused, self.catalogues)


def _joined(blocks: list[np.ndarray]) -> np.ndarray:
    """Return blocks as one array and empty their list: only one column is ever there twice."""
    joined = np.concatenate(blocks)
    blocks.clear()
    return joined


def _walk(top: str, skip_folders: frozenset[str]) -> Iterator[tuple[str, Iterator[os.DirEntry]]]:
    """Yield each folder, relative and ending with a slash, with what is in it beside folders."""
    waiting, seen = [""], set()
    while waiting:
        place = waiting.pop()
        try:
            status = os.stat(os.path.join(top, place))
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(os.path.join(top, place)) as entries:
                yield place, _files(entries, place, skip_folders, waiting)
        except OSError as error:
            raise CutoutError(
                f"the folder {_printable(os.path.join(top, place))} cannot be read: "
                f"{error.strerror}. Make it readable, or take it out of the dataset's folder."
            ) from error


def _files(
    entries, place: str, skip_folders: frozenset[str], waiting: list[str]
) -> Iterator[os.DirEntry]:
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if not _is_folder(entry):
            yield entry
        elif entry.name not in skip_folders:
            waiting.append(f"{place}{entry.name}/")


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _not_a_file(entry: os.DirEntry) -> str | None:
    """Return why nothing can be read of an entry: opening a pipe or a device may never end."""
    try:
        if entry.is_file():
            return None
    except OSError as error:
        return f"it is a link that leads nowhere: {error.strerror}"
    if not os.path.exists(entry.path):
        return "it is a link that leads nowhere"
    return "it is no regular file but a pipe, socket or device, or a link to one"


def _not_text(path: str) -> str | None:
    """Return why a path cannot be stored in tables: its bytes may be anything."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its path is not UTF-8; rename it"
    if any(sign < " " or sign == "\x7f" for sign in path):
        return "its path has control characters; rename it"
    return None


def _printable(path: str) -> str:
    """Return a path for a list: with escapes where a file or folder has any other signs."""
    text = path.encode("utf-8", "backslashreplace").decode()
    return "".join(ascii(sign)[1:-1] if sign < " " or sign == "\x7f" else sign for sign in text)
