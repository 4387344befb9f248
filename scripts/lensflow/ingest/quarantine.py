"""The list of what was left out and why: ``quarantine.csv`` with path, id and reason."""

import contextlib
import csv
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lensflow.errors import CutoutError
from lensflow.files import writing

COLUMNS = ("path", "id", "reason")
REFUSED = "quarantine_refused.csv"

logger = logging.getLogger(__name__)


@dataclass
class Tally:
    """Counts the reasons; what follows a reason's first colon does not tell reasons apart."""

    total: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, identifier: str, reason: str) -> None:
        """Count one row of the list."""
        kind = reason.partition(":")[0]
        self.total += 1
        self.reasons[kind] = self.reasons.get(kind, 0) + 1
        self.examples.setdefault(kind, f"{path or identifier}: {reason}")

    def lines(self) -> list[str]:
        """Return one line a reason, the most frequent first."""
        ordered = sorted(self.reasons, key=lambda kind: (-self.reasons[kind], kind))
        return [f"{self.reasons[kind]} x {kind} (first: {self.examples[kind]})" for kind in ordered]


def write(path: str | os.PathLike, rows: Iterable[tuple[str, str, str]]) -> Tally:
    """Write the list and return the counts of its reasons."""
    tally = Tally()
    with (
        writing.replacing(path) as partial,
        open(partial, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(row)
            tally.add(*row)
    return tally


def read(path: str | os.PathLike) -> Iterator[tuple[str, str, str]]:
    """Yield the rows of a list written by `write`."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader, None)
        yield from map(tuple, reader)


def report(dataset: str, tally: Tally) -> None:
    """Log the counts."""
    for line in tally.lines():
        logger.warning("dataset %s left out %s", dataset, line)


@contextlib.contextmanager
def kept(path: str | os.PathLike) -> Iterator[None]:
    """Keep a copy of a list when what happens inside stops the run because of it.

    Snakemake deletes what a failed job was to make, and with it the list that says why. The copy
    is called ``quarantine_refused.csv``, lies beside the list, and goes when all is well again.

    Raises
    ------
    CutoutError
        The one from inside, which then names the copy.
    """
    copy = Path(path).with_name(REFUSED)
    copy.unlink(missing_ok=True)
    try:
        yield
    except CutoutError as error:
        shutil.copyfile(path, copy)
        raise CutoutError(f"{error} The whole list: {copy}.") from None


def check_fraction(dataset: str, tally: Tally, total: int, limit: float) -> None:
    """Stop when more than ``limit`` of ``total`` were left out, or all of them.

    Raises
    ------
    CutoutError
        With the counts of the reasons and an example of each.
    """
    fraction = tally.total / max(1, total)
    is_above = fraction > limit
    if not is_above and not 0 < tally.total == total:
        return
    reasons = "".join(f"\n  - {line}" for line in tally.lines())
    why = f"more than max_quarantine_fraction = {limit} allows" if is_above else "so none is left"
    advice = ", or raise max_quarantine_fraction in the dataset's configuration" if is_above else ""
    raise CutoutError(
        f"dataset {dataset}: {tally.total} of {total} ({fraction:.1%}) cannot be used, "
        f"{why}:{reasons}\nMend them{advice}."
    )
