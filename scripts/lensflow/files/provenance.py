"""Where files come from, and whether they are what was written.

An HDF5 artifact says both itself (`lensflow.artifacts`). A table, a picture or a page cannot: its
record lies beside it, in the folder ``.origin``.
"""

import contextlib
import contextvars
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from lensflow.errors import ArtifactError
from lensflow.files import writing

RECORDS = ".origin"
RECORD_FORMAT = "lensflow-record"
RECORD_VERSION = 1
LARGEST_UNKNOWN = 64 << 20

MAKE_AGAIN = "Delete it and run the rule that makes it again."


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where what a job makes comes from: no times and no host, so that bytes are reproducible.

    Attributes
    ----------
    parents : mapping of str to str
        What the job reads: by the name of the input, the hash of its content (of several files, of
        their hashes in order).
    config : str
        Hash of the job's parameters.
    code : str
        Hash of its code, see `lensflow.workflow.code_hash`.
    """

    parents: Mapping[str, str] = dataclasses.field(default_factory=dict)
    config: str = ""
    code: str = ""

    def named(self) -> dict[str, str]:
        """Return all of it by name, without what is not known."""
        found = {**self.parents, "config": self.config, "code": self.code}
        return {name: found[name] for name in sorted(found) if found[name]}


_ORIGIN: contextvars.ContextVar[Origin | None] = contextvars.ContextVar("origin", default=None)


@contextlib.contextmanager
def made_by(origin: Origin) -> Iterator[None]:
    """Say of all that is written in the ``with`` block where it comes from."""
    token = _ORIGIN.set(origin)
    try:
        yield
    finally:
        _ORIGIN.reset(token)


def current_origin() -> Origin | None:
    """Return what `made_by` says; None outside of it, as in a notebook."""
    return _ORIGIN.get()


def place(path: str | os.PathLike) -> str:
    """Return a path from its last ``results/`` on, by which a file is known wherever that is.

    Empty for a path that has none.
    """
    text = f"/{Path(path).as_posix()}"
    start = text.rfind("/results/")
    return text[start + 1 :] if start >= 0 else ""


def check_place(path: str | os.PathLike, made_as: str) -> None:
    """Refuse a file that was made under another name than it is read by.

    Parameters
    ----------
    path : path-like
    made_as : str
        Its `place` when it was made; empty where that is not known.

    Raises
    ------
    ArtifactError
    """
    if made_as and place(path) and made_as != place(path):
        raise ArtifactError(
            f"{path} was made as {made_as} and lies in another's place. Put it back, or delete "
            "both and run the rules that make them again."
        )


# --- records of files -----------------------------------------------------------------------------


def record_path(path: str | os.PathLike) -> Path:
    """Return where the record of a file lies."""
    path = Path(path)
    return path.parent / RECORDS / f"{path.name}.json"


def record(path: str | os.PathLike) -> None:
    """Write the record of a file that a job has made: its hash, and where it comes from."""
    origin = current_origin() or Origin()
    content = {
        "format": RECORD_FORMAT,
        "format_version": RECORD_VERSION,
        "made_as": place(path),
        "bytes": os.path.getsize(path),
        "sha256": file_hash(path),
        "origin": origin.named(),
    }
    with writing.replacing(record_path(path)) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_record(path: str | os.PathLike) -> dict | None:
    """Return the record of a file, or None where there is none.

    Raises
    ------
    ArtifactError
        When the record is damaged, or of a newer version.
    """
    try:
        content = json.loads(record_path(path).read_text(encoding="utf-8"))
        version = content["format_version"], content["format"]
        known = {"made_as": str, "bytes": int, "sha256": str, "origin": dict}
        damaged = any(not isinstance(content[name], kind) for name, kind in known.items())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(_bad_record(path, f"it cannot be read ({error})")) from error
    if version != (RECORD_VERSION, RECORD_FORMAT):
        wanted = f"{RECORD_FORMAT} {RECORD_VERSION}"
        raise ArtifactError(_bad_record(path, f"it is {version[1]} {version[0]}, not {wanted}"))
    if damaged:
        raise ArtifactError(_bad_record(path, "something of it is missing"))
    return content


def verify(path: str | os.PathLike) -> str:
    """Check a file against its record; return the hash of its content.

    Without a record nothing is known and nothing is refused: a person's table has none. A large
    file without one, such as a survey's images, is not read for it: its hash is empty.

    Raises
    ------
    ArtifactError
        When the file is missing, damaged, truncated or edited, or lies in another's place.
    """
    content = read_record(path)
    if content is None and os.path.isfile(path) and os.path.getsize(path) > LARGEST_UNKNOWN:
        return ""
    found = file_hash(path)
    if content is None:
        return found
    check_place(path, content["made_as"])
    if found != content["sha256"]:
        raise ArtifactError(
            f"{path} is not what was written: {os.path.getsize(path)} bytes of another content "
            f"where {record_path(path)} says {content['bytes']}. It is damaged, truncated or "
            f"edited. {MAKE_AGAIN} To use a table of your own, save it under another name and name "
            "it in config.yaml."
        )
    return found


def file_hash(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's bytes."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error}. {MAKE_AGAIN}") from error


def joined_hash(hashes: list[str]) -> str:
    """Return the hash of several hashes in their order; of one or none itself."""
    if len(hashes) <= 1:
        return "".join(hashes)
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _bad_record(path: str | os.PathLike, problem: str) -> str:
    return (
        f"{record_path(path)}, the record of {path}, is no record of this version: {problem}. "
        "Delete both and run the rule that makes the file again."
    )
