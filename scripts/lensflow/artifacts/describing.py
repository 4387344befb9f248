"""Say what a file holds, where it comes from and whether it is intact."""

import os
from collections.abc import Iterator
from pathlib import Path

import h5py

from lensflow.artifacts.content import check_content, content_id, type_of
from lensflow.artifacts.failures import damage_named
from lensflow.artifacts.files import names, open_file
from lensflow.artifacts.layout import CONTENT
from lensflow.artifacts.reading import verify
from lensflow.errors import ArtifactError
from lensflow.files import provenance


def describe(path: str | os.PathLike) -> str:
    """Return what a file holds, where it comes from and whether it is intact, for a terminal.

    Parameters
    ----------
    path : path-like
        An artifact, or any other file that the workflow makes.
    """
    is_artifact = Path(path).is_file() and h5py.is_hdf5(path)
    return "\n".join([str(path), *(_describe_artifact if is_artifact else _describe_file)(path)])


def _describe_file(path: str | os.PathLike) -> Iterator[str]:
    try:
        provenance.verify(path)
        known = provenance.read_record(path)
    except ArtifactError as error:
        yield f"  DAMAGED: {error}"
        return
    if known is None:
        yield "  not verified: no record lies beside it, so it is a person's, or from elsewhere"
        return
    yield f"  intact: {known['bytes']} bytes as they were written"
    yield f"  made as {known['made_as']}"
    yield from (f"  origin {name}: {value}" for name, value in known["origin"].items())


def _describe_artifact(path: str | os.PathLike) -> Iterator[str]:
    try:
        with open_file(Path(path)) as file, damage_named(file, ""):
            own = {name: value for name, value in file.attrs.items() if name != CONTENT}
            yield from (f"  {name.replace('_', ' ', 1)}: {value}" for name, value in own.items())
            for name in names(file):
                if isinstance(file[name or "/"], h5py.Dataset):
                    yield f"  /{name} {_words(file[name])}"
            yield f"  {_state(file)}"
    except ArtifactError as error:
        yield f"  DAMAGED: {error}"


def _words(dataset: h5py.Dataset) -> str:
    unit, text = (dataset.attrs.get(name, "") for name in ("units", "description"))
    return f"{type_of(dataset)} {'' if unit == '1' else unit} {text}".strip()


def _state(file: h5py.File) -> str:
    """Return whether an artifact is intact, after reading all of it."""
    if not content_id(file):
        return "not verified: the file carries no checksums"
    check_content(file)
    verify(file)
    return f"intact: {CONTENT} {content_id(file)}"
