"""Which part of what an artifact is: the root attributes that tell it from its neighbours."""

import os
from collections.abc import Iterable

import h5py

from lensflow.artifacts.reading import peek
from lensflow.errors import ArtifactError

IDENTITY = ("dataset", "sample", "shard", "n_shards", "scale", "bands")
"""Root attributes that tell an artifact from its neighbours."""


def identity(file: h5py.File) -> dict[str, object]:
    """Return the root attributes that say which part of what an open artifact is."""
    return {name: file.attrs[name] for name in IDENTITY if name in file.attrs}


def expect_order(paths: Iterable[str | os.PathLike], **same: str | int) -> None:
    """Refuse shards that are not in order, or not all of one kind.

    Parameters
    ----------
    paths : iterable of path-like
        All shards, from the first.
    **same : str or int
        Root attributes that all must have, as for `expect`.
    """
    for shard, path in enumerate(paths):
        with peek(path) as file:
            expect(file, shard=shard, **same)


def expect(file: h5py.File, **identity: str | int) -> None:
    """Refuse an open artifact that is another than the one that is meant.

    Parameters
    ----------
    file : h5py.File
    **identity : str or int
        Root attributes and what they must be; one that the file lacks says nothing, and None asks
        nothing.

    Raises
    ------
    ArtifactError
    """
    for name, wanted in identity.items():
        received = file.attrs.get(name)
        if None not in (received, wanted) and received != wanted:
            raise ArtifactError(
                f"{file.filename} is of {name} {received}, {wanted} was expected. Give the file "
                f"of {name} {wanted}, or delete this one and run the rule that makes it again."
            )
