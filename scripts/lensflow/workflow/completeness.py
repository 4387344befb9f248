"""Checks of datasets whose completeness is to be measured by injected sources."""

from collections.abc import Iterator, Mapping

from lensflow.experiment import Dataset, Project
from lensflow.ingest.bands import band_entry, of_band
from lensflow.workflow.bands import simulated_bands, unsimulated
from lensflow.workflow.sizes import holds_lenses_alone

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
    if holds_lenses_alone(dataset):
        yield (
            f"{where}: the population {dataset.entry['population']!r} is of lenses alone, so that "
            "the dataset holds no object that is not a known lens; expected some to put sources "
            "behind. Take another population, or remove the key"
        )
    # Of a single band under a name the scale stands with the band.
    entry = band_entry(dataset.entry, dataset.kind.bands(dataset.entry)[0])
    scale = dataset.kind.pixel_arcsec or entry.get("pixel_scale")
    if scale is not None and scale != chosen["pixel_scale"]:
        yield (
            f"{where}.pixel_scale is {chosen['pixel_scale']:g}, but the dataset's pixels are "
            f"{scale:g} arcsec wide; expected that number"
        )
    problems = list(_check_named(where, dataset))
    yield from problems or _check_widths(where, dataset)
    if dataset.bands:
        yield from _check_colours(where, dataset)
    if chosen["shards"] > chosen["n"]:
        yield (
            f"{where}.shards is {chosen['shards']}, but n is {chosen['n']}; expected a source in "
            "each shard at least"
        )


def _check_named(where: str, dataset: Dataset) -> Iterator[str]:
    """Check the names of bands in what may be said of each band."""
    bands = dataset.bands
    expected = {"psf_fwhm": bands, "sky_electrons": bands, "source_colours": bands[1:]}
    for key, names in expected.items():
        given = dataset.completeness[key]
        if not isinstance(given, Mapping) or (bands and set(given) == set(names)):
            continue
        if not bands:
            instead = "leave it out" if key == "source_colours" else "expected a number"
            yield f"{where}.{key} names {[*given]}, but the dataset has one band; {instead}"
        else:
            beside = " beside the first" if key == "source_colours" else ""
            yield (
                f"{where}.{key} names {[*given]}; expected a number for each of the dataset's "
                f"bands{beside}, {[*names]}"
            )


def _check_widths(where: str, dataset: Dataset) -> Iterator[str]:
    """Check the width of the point-spread function in each band, once where it is the same."""
    scale, given = dataset.completeness["pixel_scale"], dataset.completeness["psf_fwhm"]
    names = dataset.bands if isinstance(given, Mapping) else [""]
    for band in names:
        fwhm = of_band(given, band)
        width = fwhm / scale
        if not SHARPEST <= width <= BROADEST:
            yield (
                f"{where}: psf_fwhm is {fwhm:g}{band and f' in {band}'} and pixel_scale "
                f"{scale:g}, a point-spread function {width:.3g} pixels wide; expected "
                f"{SHARPEST:g} to {BROADEST:g}. Both are in arcsec"
            )


def _check_colours(where: str, dataset: Dataset) -> Iterator[str]:
    """Check that it is known how bright a source is in several bands, in their units."""
    bands = dataset.bands
    settings = dataset.kind.settings(dataset.entry)
    if lacking := [each.band for each in settings if each.zero_point is None]:
        yield (
            f"{where}: colours of sources are AB magnitudes, and the bands {lacking} have no "
            "zero_point; write one with each of them under bands, which counts where headers "
            "say none"
        )
    if dataset.completeness["source_colours"] is None and (unknown := unsimulated(bands)):
        example = ", ".join(f"{band}: 0.2" for band in bands[1:])
        yield (
            f"{where} lacks source_colours: the colours of sources are known in the bands "
            f"{', '.join(simulated_bands())} alone, and the dataset has {unknown}. Add such as "
            f"source_colours: {{{example}}}, the AB magnitude in {bands[0]} less that in each "
            "other band"
        )
