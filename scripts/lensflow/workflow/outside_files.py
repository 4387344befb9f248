"""Checks of the files that come from outside: how they are found, and that they are there.

Each check yields a sentence a mistake.
"""

import os
from collections.abc import Iterator, Mapping

from lensflow.errors import ConfigError
from lensflow.experiment import Dataset, Project
from lensflow.ingest.names import refused_columns
from lensflow.ingest.patterns import file_matcher, identifier


def check_datasets(config: Mapping) -> Iterator[str]:
    """Check how the files of each dataset are found and called, and what columns are named."""
    for dataset in Project(config).datasets.values():
        layouts = dataset.kind.layouts(dataset.entry)
        checked = [(file_matcher, layout.pattern) for layout in layouts]
        for check, pattern in (*checked, (identifier, layouts[0].id_pattern)):
            try:
                check(pattern)
            except ConfigError as error:
                yield f"config.datasets.{dataset.name}: {error}"
        yield from _check_columns(f"config.datasets.{dataset.name}", dataset.entry)


def _check_columns(where: str, entry: Mapping) -> Iterator[str]:
    """Check the columns of a table of objects that are named."""
    for column, reason in refused_columns(entry.get("keep") or ()):
        yield f"{where}.keep holds {column!r}, which cannot be kept: {reason}; remove it"
    named = entry.get("columns") or {}
    if len({*named.values()}) < len(named):
        yield f"{where}.columns is {named}; expected another column for each"


def check_sources(config: Mapping) -> Iterator[str]:
    """Check that what the chosen experiments read from outside exists.

    By ``os.path``, for which a name that is too long is just not there.
    """
    chosen = [dataset for experiment in Project(config).chosen for dataset in experiment.datasets]
    for name, dataset in {dataset.name: dataset for dataset in chosen}.items():
        yield from check_source(f"config.datasets.{name}", dataset)


def check_source(where: str, dataset: Dataset) -> Iterator[str]:
    """Check that what one dataset reads from outside exists.

    Parameters
    ----------
    where : str
        Its place in the configuration.
    dataset : Dataset
    """
    if not dataset.is_simulated and not os.path.isdir(dataset.entry["path"]):
        yield (
            f"{where}.path is {dataset.entry['path']!r}, which is no folder (looked in "
            "the working folder). Put or link the images there, or correct the path"
        )
    bands, band = dataset.entry.get("bands"), dataset.entry.get("band")
    if bands and band is not None and band not in bands:
        yield f"{where}.band is {band!r}; expected one of its bands, {bands}"
    for path in dataset.known_lenses_paths:
        if not os.path.isfile(path):
            yield f"{where}.known_lenses is {path!r}, which is no file; correct the path"
    catalogue = dataset.entry.get("catalogue")
    # Of a catalogue for each tile the names are known when the tiles are.
    if catalogue is not None and "{tile}" not in catalogue and not os.path.isfile(catalogue):
        yield f"{where}.catalogue is {catalogue!r}, which is no file; correct the path"


def check_waited_for(config: Mapping) -> Iterator[str]:
    """Check that files of people that are waited for can still come: a folder or device cannot.

    Which these are is known of experiments whose choices agree, and whose headline is filled in.
    """
    for experiment in Project(config).chosen:
        tables = [path for paths in experiment.pending.values() for path in paths]
        for key, paths in (("grades", experiment.pending_grades), ("labels", tables)):
            for path in filter(os.path.exists, paths):
                yield (
                    f"config.experiments.{experiment.name}.{key}: {path!r} is no regular file; "
                    "expected the name of a file, which may be written later"
                )
