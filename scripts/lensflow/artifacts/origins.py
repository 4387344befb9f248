"""What an artifact was made of, and whether files that are used together belong together."""

import contextlib
import contextvars
import os
from collections.abc import Iterator, Mapping

import h5py

from lensflow.artifacts.content import content_id
from lensflow.artifacts.layout import ORIGIN
from lensflow.artifacts.reading import peek
from lensflow.errors import ArtifactError
from lensflow.files import provenance

ANCESTORS = ("index", "denoiser", "encoder")
"""What artifacts that are read together must all descend from: one each."""
_DESCENT: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("descent")


def content_of(path: str | os.PathLike) -> str:
    """Return what names the content of any file: that of an artifact, else a hash of its bytes."""
    if not h5py.is_hdf5(path):
        return provenance.file_hash(path)
    with peek(path) as file:
        return content_id(file) or provenance.file_hash(path)


def origin(file: h5py.File) -> dict[str, str]:
    """Return what an open artifact was made of: hashes by what they are of."""
    found = {name: value for name, value in file.attrs.items() if name.startswith(ORIGIN)}
    return {name.removeprefix(ORIGIN): str(value) for name, value in found.items()}


def ancestors(*paths: str | os.PathLike, **parents: str | os.PathLike) -> dict[str, str]:
    """Return root attributes that name what an artifact descends from.

    Parameters
    ----------
    *paths : path-like
        Artifacts whose ancestors are its own too; they must agree.
    **parents : path-like
        Artifacts that are ancestors themselves, by what they are: one of `ANCESTORS`.

    Raises
    ------
    ArtifactError
        When two of the files descend from different ancestors of one name, or from another than
        is given: they do not belong together.
    """
    found = {name: (content_of(path), path) for name, path in parents.items()}
    for path in filter(h5py.is_hdf5, paths):
        with peek(path) as file:
            known = {name: value for name, value in origin(file).items() if name in ANCESTORS}
        for name, value in known.items():
            _agree(name, (value, path), found.setdefault(name, (value, path)))
    return {f"{ORIGIN}{name}": value for name, (value, _) in found.items()}


def _agree(name: str, one: tuple, other: tuple) -> None:
    if one[0] != other[0]:
        raise ArtifactError(
            f"{one[1]} and {other[1]} do not belong together: the one comes from the {name} "
            f"{one[0][:12]}, the other from {other[0][:12]}. Give files of one run, or delete both "
            "and run the rules that make them again."
        )


@contextlib.contextmanager
def descending(*paths: str | os.PathLike, **parents: str | os.PathLike) -> Iterator[None]:
    """Give what is written in the ``with`` block the ancestors of some artifacts.

    Parameters and errors are those of `ancestors`.
    """
    token = _DESCENT.set(ancestors(*paths, **parents))
    try:
        yield
    finally:
        _DESCENT.reset(token)


def origin_attributes(path: str | os.PathLike) -> dict[str, str]:
    """Return the root attributes that say what an artifact is made of, and as which file.

    They are those of `descending` and of the job that runs, where there are any.
    """
    descent = _DESCENT.get(None) or {}
    known = provenance.current_origin()
    if known is None:
        return dict(descent)
    made = {f"{ORIGIN}{name}": value for name, value in known.named().items()}
    return {**descent, **made, "made_as": provenance.place(path)}
