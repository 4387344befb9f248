"""A job of a rule: its log, checks of what it reads, and where what it makes comes from."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path

import h5py

from lensflow import artifacts
from lensflow.files import provenance
from lensflow.files.provenance import Origin
from lensflow.workflow.logs import start_log

SETTINGS_OF_THE_MACHINE = ("code", "backup", "math_threads", "benchmarks", "snakefile")
"""Parameters that change nothing of what is made, or are named by themselves."""


@contextlib.contextmanager
def job(snakemake) -> Iterator[None]:
    """Do the work of a script in the ``with`` block.

    Every input that the workflow has made is checked: that it is what was written, and that it lies
    where it was made for. Artifacts that the block writes name the job's inputs, parameters and
    code; what cannot do so itself gets a record beside it when the block ends without an error.

    Parameters
    ----------
    snakemake
        What Snakemake gives a script; its ``log``, ``input``, ``output`` and ``params`` are used.

    Raises
    ------
    ArtifactError
        When an input is damaged, or lies in another's place.
    """
    start_log(snakemake.log[0])
    parents = {role: _content(paths) for role, paths in _by_role(snakemake.input).items()}
    config = _hash_of(dict(snakemake.params.items()))
    code = str(dict(snakemake.params.items()).get("code", ""))
    with provenance.made_by(Origin(parents, config, code)):
        yield
        for path in snakemake.output:
            if Path(path).is_file() and not _is_artifact(path):
                provenance.record(path)


def _by_role(files) -> dict[str, list[str]]:
    """Return the paths of each named input; what has no name is called ``input``."""
    named = {
        role: [paths] if isinstance(paths, str | PathLike) else list(paths)
        for role, paths in files.items()
    }
    known = {path for paths in named.values() for path in paths}
    rest = [path for path in files if path not in known]
    return {**named, **({"input": rest} if rest else {})}


def _content(paths: list[str]) -> str:
    """Return the hash of the content of some inputs; of a folder nothing is known."""
    return provenance.joined_hash([_checked(path) for path in paths if Path(path).is_file()])


def _checked(path: str) -> str:
    """Check an input; return what names its content."""
    if not _is_artifact(path):
        return provenance.verify(path)
    with artifacts.peek(path) as file:
        provenance.check_place(path, str(file.attrs.get("made_as", "")))
    return artifacts.content_of(path)


def _is_artifact(path: str) -> bool:
    """Say whether a file is an HDF5 file of this workflow."""
    if Path(path).suffix != ".h5" or not h5py.is_hdf5(path):
        return False
    with artifacts.peek(path) as file:
        return "format" in file.attrs


def _hash_of(params: Mapping) -> str:
    kept = {name: params[name] for name in params if name not in SETTINGS_OF_THE_MACHINE}
    text = json.dumps(kept, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
