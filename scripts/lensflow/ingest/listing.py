"""List the cutouts below a folder once, for 10^7 files as for ten.

Names are kept as fixed-width bytes (some 50 bytes a file) and no file is opened or asked for its
size. Hidden files and folders are passed over; links to folders are followed, each folder once.
"""

import fnmatch
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensflow.errors import ConfigError, CutoutError

BLOCK = 2048
_SUFFIXES = re.compile(r"\.(fits?|fz|gz)$", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Where a kind of dataset keeps its files.

    Attributes
    ----------
    pattern : str
        Shell pattern of the file names; folders before a slash must end the file's own path.
    id_pattern : str, optional
        Regular expression searched in the file name; its one group is the identifier. None takes
        the name without its suffixes.
    skip_folders : frozenset of str
        Names of folders that are not entered.
    catalogue_name : str, optional
        Files of this name are noted as catalogues.
    """

    pattern: str
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
    unnamed : list of str
        Files whose name fits the pattern but yields no identifier.
    catalogues : list of str
        Paths of the catalogues that were found.
    """

    ids: np.ndarray
    names: np.ndarray
    folder: np.ndarray
    folders: list[str]
    unnamed: list[str]
    catalogues: list[str]

    def paths(self, rows: np.ndarray) -> list[str]:
        """Return the paths of some files, relative to the dataset's folder."""
        pairs = zip(self.folder[rows], self.names[rows], strict=True)
        return [self.folders[folder] + name.decode() for folder, name in pairs]


def list_cutouts(folder: str | os.PathLike, layout: Layout) -> Listing:
    """List the files below ``folder`` that fit a layout.

    Raises
    ------
    CutoutError
        When the folder is missing, or holds no such file.
    ConfigError
        When a pattern is malformed.
    """
    if not os.path.isdir(folder):
        raise CutoutError(f"{folder} is not a folder; expected one with cutouts ({layout.pattern})")
    collector = _Collector(layout)
    for place, names in _walk(os.fspath(folder), layout.skip_folders):
        collector.add(os.path.abspath(os.path.join(folder, place)), place, names)
    if not collector.n_matched:
        raise CutoutError(
            f"no file below {folder} fits {layout.pattern!r}; {collector.n_others} files of other "
            "names are there. Check the dataset's path, or its pattern."
        )
    return collector.listing()


class _Collector:
    """Sorts file names into identified ones, others, and catalogues, block by block."""

    def __init__(self, layout: Layout):
        self.layout = layout
        *self.parents, name = layout.pattern.removeprefix("**/").split("/")
        if "**" in layout.pattern.removeprefix("**/"):
            raise ConfigError(
                f"pattern is {layout.pattern!r}; ** is not needed, subfolders are always searched"
            )
        self.fits = re.compile(fnmatch.translate(name)).match
        self.identify = _identifier(layout.id_pattern)
        self.folders: list[str] = []
        # Identifiers, names and folders, each in blocks.
        self.columns: tuple[list[np.ndarray], ...] = ([], [], [])
        self.pending: list[tuple[bytes, bytes, int]] = []
        self.unnamed: list[str] = []
        self.catalogues: list[str] = []
        self.n_matched = self.n_others = 0

    def add(self, absolute: str, place: str, names: Iterator[str]) -> None:
        parents = Path(absolute).parts[-len(self.parents) :] if self.parents else ()
        wanted = len(parents) == len(self.parents) and all(
            map(fnmatch.fnmatchcase, parents, self.parents)
        )
        self.folders.append(place)
        for name in names:
            if wanted and self.fits(name):
                self._add_match(place, name)
            elif name == self.layout.catalogue_name:
                self.catalogues.append(place + name)
            else:
                self.n_others += 1

    def _add_match(self, place: str, name: str) -> None:
        self.n_matched += 1
        identifier = self.identify(name)
        try:
            row = ((identifier or "").encode(), name.encode(), len(self.folders) - 1)
        except UnicodeEncodeError:
            identifier, name = None, name.encode("utf-8", "backslashreplace").decode()
        if not identifier:
            self.unnamed.append(place + name)
            return
        self.pending.append(row)
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
        self.unnamed.sort()
        self.catalogues.sort()
        return Listing(ids, names, folder, folders, self.unnamed, self.catalogues)


def _joined(blocks: list[np.ndarray]) -> np.ndarray:
    """Return blocks as one array and empty their list: only one column is ever there twice."""
    joined = np.concatenate(blocks)
    blocks.clear()
    return joined


def _walk(top: str, skip_folders: frozenset[str]) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield each folder, relative and ending with a slash, with the names of its files."""
    waiting, seen = [""], set()
    while waiting:
        place = waiting.pop()
        status = os.stat(os.path.join(top, place))
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(os.path.join(top, place)) as entries:
            yield place, _files(entries, place, skip_folders, waiting)


def _files(entries, place: str, skip_folders: frozenset[str], waiting: list[str]) -> Iterator[str]:
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if not entry.is_dir():
            yield entry.name
        elif entry.name not in skip_folders:
            waiting.append(f"{place}{entry.name}/")


def _identifier(id_pattern: str | None):
    """Return the function from a file name to its identifier, or None or "" when it has none."""
    if id_pattern is None:
        return _stem
    try:
        expression = re.compile(id_pattern)
    except re.error as error:
        raise ConfigError(f"id_pattern is {id_pattern!r}, no regular expression: {error}") from None
    if expression.groups != 1:
        raise ConfigError(
            f"id_pattern is {id_pattern!r} with {expression.groups} groups; expected one group "
            r"around the identifier, as in 'image-(\d+)'"
        )

    def search(name: str) -> str | None:
        match = expression.search(name)
        return match.group(1) if match else None

    return search


def _stem(name: str) -> str:
    """Return a file name without .fits, .fit, .fz and .gz."""
    while (shorter := _SUFFIXES.sub("", name)) != name:
        name = shorter
    return name
