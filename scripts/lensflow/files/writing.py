"""Files are written whole or not at all: under another name first, and then put in place."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lensflow.errors import ArtifactError


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Write a file under another name; it replaces ``path`` when the block ends without an error.

    Yields
    ------
    Path
        The name to write to, in the same folder and with the same suffixes.

    Raises
    ------
    ArtifactError
        When the file cannot be written: the disk is full, the folder read-only.
    """
    path = Path(path)
    partial = partial_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        put_in_place(partial, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, ArtifactError):
            raise ArtifactError(not_written(path, error)) from error
        raise


def partial_of(path: Path) -> Path:
    """Return the name under which a file is written first; who is killed meanwhile leaves it."""
    return path.with_name(f".partial.{path.name}")


def put_in_place(partial: Path, path: Path) -> None:
    """Give a complete file its name, after its bytes are on the disk."""
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(partial, path)


def not_written(path: str | os.PathLike, error: Exception | str) -> str:
    """Say that a file could not be written, and why."""
    return (
        f"{path} cannot be written: {error}. A folder that can be written to, on a disk with room, "
        "was expected; what was there before is as it was."
    )


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text in UTF-8, whole or not at all; errors are those of `replacing`."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
