"""Checks of datasets whose completeness is to be measured by injected sources."""

from collections.abc import Iterator, Mapping

from lensflow.experiment import Dataset, Project
from lensflow.ingest.bands import band_entry
from lensflow.simulate.constants import PIXEL_ARCSEC

SHARPEST, BROADEST = 0.5, 20.0
"""Full widths at half maximum of a point-spread function that can be, in pixels."""


def check_completeness(config: Mapping) -> Iterator[str]:
    """Check that sources can be put into the images of each dataset that asks for it.

    Yields
    ------
    str
        A sentence a mistake.
    """
    project = Project(config)
    for injected, name in project.injected.items():
        where = f"config.datasets.{name}.completeness"
        yield from _check_dataset(where, project.datasets[name])
        for section in ("datasets", "experiments"):
            if injected in config[section]:
                yield (
                    f"{where} calls the images with sources in them {injected!r}, which is the "
                    f"name of one of the {section} too; rename that one"
                )
        users = [each for each in project.chosen if name in (d.name for d in each.datasets)]
        if users and not any(name in each.candidate_datasets for each in users):
            yield (
                f"{where} asks how complete the list of its candidates is, but "
                f"{[each.name for each in users]} make none of it; name {name!r} in their "
                "apply_to, take protocol: unlabelled where they train on it, or remove the key"
            )


def _check_dataset(where: str, dataset: Dataset) -> Iterator[str]:
    chosen, state = dataset.completeness, dataset.entry.get("state", "raw")
    if state != "raw":
        yield (
            f"{where}: the images are {state}, so that the flux of a source cannot be added to "
            "them; expected a dataset of state: raw. Remove the key"
        )
    # Of a single band under a name the scale stands with the band.
    entry = band_entry(dataset.entry, dataset.kind.bands(dataset.entry)[0])
    scale = PIXEL_ARCSEC if dataset.is_simulated else entry.get("pixel_scale")
    if scale is not None and scale != chosen["pixel_scale"]:
        yield (
            f"{where}.pixel_scale is {chosen['pixel_scale']:g}, but the dataset's pixels are "
            f"{scale:g} arcsec wide; expected that number"
        )
    width = chosen["psf_fwhm"] / chosen["pixel_scale"]
    if not SHARPEST <= width <= BROADEST:
        yield (
            f"{where}: psf_fwhm is {chosen['psf_fwhm']:g} and pixel_scale "
            f"{chosen['pixel_scale']:g}, a point-spread function {width:.3g} pixels wide; expected "
            f"{SHARPEST:g} to {BROADEST:g}. Both are in arcsec"
        )
    if chosen["shards"] > chosen["n"]:
        yield (
            f"{where}.shards is {chosen['shards']}, but n is {chosen['n']}; expected a source in "
            "each shard at least"
        )
