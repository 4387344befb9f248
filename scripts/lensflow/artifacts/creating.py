"""Make a file that appears under its name when it is complete, or not at all."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import h5py

import lensflow
from lensflow.artifacts.content import seal_content
from lensflow.artifacts.failures import explain, writing_to
from lensflow.artifacts.layout import FORMAT_VERSION
from lensflow.artifacts.origins import origin_attributes
from lensflow.artifacts.writer import Writer
from lensflow.errors import ArtifactError
from lensflow.files import writing

# HDF5 cannot close a file whose last bytes cannot be written, and crashes when it tries again.
_UNCLOSED: list[Writer] = []


@contextlib.contextmanager
def create(
    path: str | os.PathLike, kind: str, attrs: Mapping[str, object] | None = None
) -> Iterator[Writer]:
    """Write a new artifact; it replaces ``path`` when the ``with`` block ends without an error.

    Parameters
    ----------
    path : str or path-like
        The file to write; missing folders are made.
    kind : str
        What it holds: "manifest", "images", "index", "stack", "embeddings", "mixture", ...
    attrs : mapping, optional
        Root attributes beside the format's own. No times, no host names.

    Yields
    ------
    Writer

    Raises
    ------
    ArtifactError
        When the file cannot be created or written, or another process is writing it.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    file = _create_partial(path, partial)
    try:
        writer = Writer(file, path)
        with _closing(writer):
            _set_root_attributes(file, kind, path, attrs or {})
            yield writer
            writer.seal()
        with writing_to(path):
            writing.put_in_place(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def seal(path: str | os.PathLike, kind: str, made_as: str | os.PathLike, attrs: Mapping) -> None:
    """Make an artifact of an HDF5 file that another library wrote: networks' weights.

    Parameters
    ----------
    path : path-like
        The file; what is in it stays as it is.
    kind : str
        What it holds, as for `create`.
    made_as : path-like
        The name that it will have.
    attrs : mapping
        Root attributes beside the format's own.
    """
    with writing_to(made_as), h5py.File(path, "r+") as file:
        _set_root_attributes(file, kind, Path(made_as), attrs)
        seal_content(file, {})


def _set_root_attributes(
    file: h5py.File, kind: str, path: Path, attrs: Mapping[str, object]
) -> None:
    file.attrs["format"] = f"lensflow-{kind}"
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["creator"] = "lensflow"
    file.attrs["creator_version"] = lensflow.__version__
    attrs = {**origin_attributes(path), **attrs}
    for name in sorted(attrs):
        file.attrs[name] = attrs[name]


def _create_partial(path: Path, partial: Path) -> h5py.File:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftover(partial)
        return _new_file(partial)
    except OSError as error:
        raise ArtifactError(explain(error, path, "created")) from error


def _new_file(partial: Path) -> h5py.File:
    try:
        return h5py.File(partial, "x")
    except FileExistsError:
        raise
    except OSError:
        # Made, but nothing could be written to it.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _remove_leftover(partial: Path) -> None:
    """Remove what a killed writer left; a writer that lives holds HDF5's lock on it (errno 11)."""
    if not partial.exists():
        return
    with partial.open("rb") as leftover:
        fcntl.flock(leftover, fcntl.LOCK_EX | fcntl.LOCK_NB)
    partial.unlink()


@contextlib.contextmanager
def _closing(writer: Writer) -> Iterator[None]:
    """Close a file that was written; what fails only then is named too."""
    try:
        yield
    except BaseException:
        # What was to be written is given up, and with it whatever cannot be written.
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            _close(writer)
        raise
    with writing_to(writer.path):
        _close(writer)


def _close(writer: Writer) -> None:
    try:
        writer.file.close()
    except BaseException:
        _UNCLOSED.append(writer)
        raise
