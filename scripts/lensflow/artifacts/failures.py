"""What goes wrong with a file, in words that name the file and the key."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import h5py

from lensflow.errors import ArtifactError
from lensflow.files import writing

# What a damaged file makes h5py raise, where it is not seen before.
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)
WRITER_PRESENT = 11
NO_LOCKS = (37, 524)


def explain(error: OSError, path: Path, verb: str) -> str:
    """Return why a file cannot be ``verb``, "opened" or "created", and what to do about it."""
    found = re.search(r"errno = (\d+)", str(error))
    number = int(found.group(1)) if found else error.errno
    if number == WRITER_PRESENT or isinstance(error, FileExistsError):
        return f"{path} cannot be {verb}: another process is writing it. Wait for it, or stop it."
    if number in NO_LOCKS:
        return (
            f"{path} cannot be {verb}: this file system has no file locks (errno {number}). "
            "Set HDF5_USE_FILE_LOCKING=BEST_EFFORT in the environment of the whole workflow."
        )
    if isinstance(error, FileNotFoundError):
        return f"{path} does not exist. Run the rule that makes it."
    if verb == "created":
        return writing.not_written(path, _reason(error))
    return (
        f"{path} cannot be {verb}: {_reason(error)}. A complete, readable HDF5 file was expected; "
        "when it is damaged or truncated, delete it and run the rule that makes it again."
    )


@contextlib.contextmanager
def damage_named(file: h5py.File, key: str) -> Iterator[None]:
    """Name the file and the key when what is read in the ``with`` block is damaged."""
    try:
        yield
    except ArtifactError:
        raise
    except DAMAGE as error:
        raise damaged(file, key, f"cannot be read ({error})") from error


def damaged(file: h5py.File, key: str, problem: str) -> ArtifactError:
    """Return the error that says how a file is damaged, and where."""
    return ArtifactError(
        f"{file.filename}: /{key} {problem}. The file is damaged: delete it and run the rule that "
        "makes it again."
    )


def missing(file: h5py.File, key: str, what: str) -> ArtifactError:
    """Return the error that names what is there where a group or dataset is not."""
    parent = file.get(key.rpartition("/")[0] or "/")
    present = sorted(parent) if isinstance(parent, h5py.Group) else sorted(file)
    return ArtifactError(f"{file.filename}: there is no {what} /{key}; beside it are {present}.")


@contextlib.contextmanager
def writing_to(path: str | os.PathLike) -> Iterator[None]:
    """Name the file that is written when that fails: its disk is full, say."""
    try:
        yield
    except ArtifactError:
        raise
    except (OSError, RuntimeError) as error:
        raise ArtifactError(writing.not_written(path, _reason(error))) from error


def _reason(error: Exception) -> str:
    """Return what the system says of a failure, out of HDF5's long text."""
    found = re.search(r"error message = '([^']*)'", str(error))
    return found[1] if found else str(error)
