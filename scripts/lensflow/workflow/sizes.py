"""Checks of numbers: that an experiment has images and pixels enough for what it makes of them.

As far as they are known before any job has run.
"""

from collections.abc import Iterator

from lensflow.experiment import Dataset, Experiment
from lensflow.prepare.counts import ROTATIONS, paper_counts
from lensflow.simulate.population import load

MARGIN = 0.9
"""Share of the objects to plan with: how many of each class there are is known after ingestion."""


def check_sizes(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that there are images enough, and no more features than can be made of them.

    Parameters
    ----------
    where : str
        Place of the experiment in the configuration.
    experiment : Experiment
        All names in it exist.

    Yields
    ------
    str
        A sentence a mistake.
    """
    yield from _check_images(where, experiment)
    yield from _check_features(where, experiment)


def _check_images(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that there are images enough, as far as their number is known beforehand."""
    known, images = experiment.dataset.most_objects, _most_training_images(experiment)
    protocol, fraction = experiment.protocol, experiment.settings["fraction"]
    needed = 0 if protocol == "unlabelled" else sum(paper_counts(fraction).values())
    if known is not None and needed > known:
        yield (
            f"{where}.fraction is {fraction}, for which the protocol "
            f"{protocol} needs {needed} objects, but the dataset {experiment.dataset.name!r} has "
            f"at most {known}; use a fraction of about {fraction * known / needed * MARGIN:.2g} or "
            "more objects"
        )
    if needed and holds_lenses_alone(experiment.dataset):
        yield (
            f"{where}.protocol is {protocol!r}, which needs {_non_lenses(fraction)} non-lenses "
            f"(fraction {fraction} of the paper's counts), but the dataset "
            f"{experiment.dataset.name!r} has 0: its population "
            f"{experiment.dataset.entry['population']!r} is of lenses alone. Take another "
            "population, or protocol: unlabelled"
        )
    clusters = experiment.most_components
    if images is not None and clusters > images:
        yield (
            f"{where}.mixture.n_components is {clusters} (the number of features unless it is "
            f"given), but there are at most {images} training images; expected fewer clusters "
            "than images"
        )
    shards = experiment.settings["shards"]
    if images is not None and shards > images:
        yield (
            f"{where}.shards is {shards}, but there are at most {images} training images; expected "
            "an image in each shard at least. Use fewer shards, or more images"
        )


def _non_lenses(fraction: float) -> int:
    return sum(count for (_, is_lens), count in paper_counts(fraction).items() if not is_lens)


def _most_training_images(experiment: Experiment) -> int | None:
    """Return how many images it trains on at most; None where nobody knows beforehand."""
    if experiment.protocol == "unlabelled":
        return experiment.dataset.most_objects
    counts = paper_counts(experiment.settings["fraction"])
    return counts["train", 1] + ROTATIONS * counts["train", 0]


def _check_features(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that the encoder can make so many features, as far as that is known beforehand."""
    encoder, wanted = experiment.encoder, max(experiment.settings["n_features"])
    if encoder.most_features is not None and wanted > encoder.most_features:
        yield (
            f"{where}.n_features holds {wanted}, but the {encoder.title} of its preset makes at "
            f"most {encoder.most_features}; expected fewer"
        )
    pixels = experiment.preset["image_size"] ** 2 * max(1, len(experiment.dataset.bands))
    if wanted > pixels:
        yield (
            f"{where}.n_features holds {wanted}, but its images have {pixels} pixels in all; "
            "expected fewer features, or a preset of a larger image_size"
        )
    images = _most_training_images(experiment)
    if not encoder.is_network and images is not None and wanted >= images:
        yield (
            f"{where}.n_features holds {wanted}, but there are at most {images} training images, "
            f"and the {encoder.title} makes fewer features than it is fitted to images; expected "
            "fewer features, or more images"
        )


def holds_lenses_alone(dataset: Dataset) -> bool:
    """Return whether every object of a dataset is a lens, as far as the configuration says.

    Parameters
    ----------
    dataset : Dataset
    """
    return dataset.is_simulated and load(dataset.entry["population"]).lens_fraction == 1.0
