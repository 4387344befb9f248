"""Checks of keys that act only beside others: what would be taken without effect is a mistake.

A key at its default is none. Defaults are filled in, so that nobody knows which of them were
written, and a file that says a default asks for nothing.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lensflow.experiment import Dataset, Experiment, Project
from lensflow.ingest.bands import band_entry
from lensflow.networks.kinds import NETWORKS
from lensflow.workflow.schema import defaults


class Part(NamedTuple):
    """A part of the configuration: its place, its keys, and the defaults of these."""

    where: str
    entry: Mapping[str, object]
    defaults: Mapping[str, object]

    def is_given(self, key: str) -> bool:
        """Return whether a key that the part may have is another than its default."""
        return key in self.defaults and self.entry[key] != self.defaults[key]

    def idle(self, key: str, because: str, instead: str) -> Iterator[str]:
        """Yield what is wrong where a key is given that cannot act."""
        if self.is_given(key):
            default = json.dumps(self.defaults[key])
            yield (
                f"{self.where}.{key} is {self.entry[key]!r}, but {because}, so that it would do "
                f"nothing; expected {default}. Set {key}: {default}, or {instead}"
            )


def check_effects(config: Mapping) -> Iterator[str]:
    """Check that every key that is given acts on something.

    Yields
    ------
    str
        A sentence a mistake.
    """
    project = Project(config)
    for dataset in project.datasets.values():
        yield from _check_flags(dataset)
        yield from _check_tables(dataset)
        yield from _check_known(dataset, project)
        yield from _check_units(dataset)
    for name, preset in config["presets"].items():
        yield from _check_preset(f"config.presets.{name}", preset)
    for experiment in project.experiments.values():
        where = f"config.experiments.{experiment.name}"
        part = Part(where, experiment.settings, defaults("experiment"))
        yield from _check_protocol(part, experiment)
        yield from _check_ranked(part, experiment)
        yield from _check_labels(part, experiment)


def _part(dataset: Dataset) -> Part:
    return Part(
        f"config.datasets.{dataset.name}",
        dataset.entry,
        defaults(f"dataset_{dataset.kind.name}"),
    )


def _check_flags(dataset: Dataset) -> Iterator[str]:
    places = [key for key in dataset.kind.band_keys if key.startswith("flag_")]
    bands = [band_entry(dataset.entry, band) for band in dataset.kind.bands(dataset.entry)]
    if not any(band.get(key) for band in bands for key in places):
        named = " or ".join(places)
        yield from _part(dataset).idle(
            "flag_bits", "no flags are named", f"say by {named} where they are"
        )


def _check_tables(dataset: Dataset) -> Iterator[str]:
    """Check keys about a table of known lenses, or a catalogue, that is not there."""
    part = _part(dataset)
    if not dataset.known_lenses_paths:
        yield from part.idle("match_radius", "known_lenses is null", "name their table there")
    # The first challenge finds its catalogue where none is named.
    if dataset.is_labelled:
        return
    yield from part.idle(
        "allow_missing_images",
        "there is no catalogue whose rows could lack an image",
        "name it as catalogue",
    )
    if dataset.entry.get("positions") == ["catalogue"]:
        yield from part.idle(
            "positions", "there is no catalogue", "name it as catalogue, add wcs or header"
        )


def _check_known(dataset: Dataset, project: Project) -> Iterator[str]:
    """Check that known lenses are looked for in some list of candidates, where anyone makes one."""
    users = [each for each in project.chosen if dataset.name in (d.name for d in each.datasets)]
    if users and not any(dataset.name in each.candidate_datasets for each in users):
        yield from _part(dataset).idle(
            "known_lenses",
            f"{[each.name for each in users]} rank none of its objects",
            f"name {dataset.name!r} in their apply_to, or take protocol: unlabelled where they "
            "train on it",
        )


def _check_units(dataset: Dataset) -> Iterator[str]:
    """Check that no zero point is given of images without a unit."""
    part, state = _part(dataset), dataset.entry.get("state", "raw")
    if state == "raw":
        return
    bands, places = dataset.entry.get("bands"), [part]
    if isinstance(bands, Mapping):
        named = bands.items()
        places = [part._replace(where=f"{part.where}.bands.{k}", entry=band) for k, band in named]
    for place in places:
        yield from place.idle(
            "zero_point",
            f"state is {state!r}, of images without a unit",
            "write state: raw where they are flux",
        )


def _check_preset(where: str, preset: Mapping) -> Iterator[str]:
    if not set(NETWORKS) & set(preset):
        part = Part(where, preset, defaults(f"preset_{preset['encoder']}"))
        yield from part.idle(
            "precision", "it has no network", "add a student, or take an encoder that is a network"
        )


def _check_protocol(part: Part, experiment: Experiment) -> Iterator[str]:
    """Check that nothing is said of a sample that is drawn and augmented where none is."""
    if experiment.protocol != "unlabelled":
        return
    because = "protocol is 'unlabelled', which takes every image once as it is"
    yield from part.idle("fraction", because, "give the dataset fewer objects")
    yield from part.idle("noise_fraction", because, "take another protocol")


def _check_ranked(part: Part, experiment: Experiment) -> Iterator[str]:
    """Check what is asked for of lists of candidates: that there are some, and long enough."""
    if not experiment.candidate_datasets:
        for key in ("n_cutouts", "n_graded", "hidden"):
            yield from part.idle(key, "no dataset is ranked", "name one in apply_to")
        return
    n_candidates = part.entry["n_candidates"]
    for key in ("n_cutouts", "n_graded"):
        if part.is_given(key) and part.entry[key] > n_candidates:
            yield (
                f"{part.where}.{key} is {part.entry[key]}, but n_candidates is {n_candidates}; "
                f"expected at most as many. Raise n_candidates, or set {key}: {n_candidates}"
            )


def _check_labels(part: Part, experiment: Experiment) -> Iterator[str]:
    """Check that nothing is asked for of true labels where there are none."""
    if not experiment.is_labelled:
        because = f"the dataset {experiment.dataset.name!r} has no true labels"
        for key in ("null_shuffles", "blind"):
            yield from part.idle(key, because, "train on one that has")
    if not any(dataset.is_labelled for dataset in (experiment.dataset, *experiment.applied)):
        yield from part.idle(
            "bootstraps",
            "none of its datasets has true labels to evaluate it by",
            "name one that has in apply_to",
        )
