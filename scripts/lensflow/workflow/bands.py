"""Checks of datasets of several bands, and of experiments on them."""

from collections.abc import Iterator, Mapping, Sequence

from lensflow.experiment import Dataset, Experiment, Project

LARGEST_RATIO = 30
"""Of the pixel scales of two bands."""


def check_bands(config: Mapping) -> Iterator[str]:
    """Check what is said of the bands of each dataset.

    Yields
    ------
    str
        A sentence a mistake.
    """
    for dataset in Project(config).datasets.values():
        where, bands = f"config.datasets.{dataset.name}", dataset.entry.get("bands")
        if dataset.entry.get("axes") == "NYX" and len(bands) > 1:
            yield (
                f"{where}.axes is 'NYX', images of one band, and its bands are {[*bands]}; "
                "expected NBYX or NYXB, or one band"
            )
        if isinstance(bands, Mapping):
            yield from _check_mapping(where, dataset, bands)
        elif bands and dataset.kind.first_band not in (None, bands[0]):
            yield (
                f"{where}.bands is {bands}; expected {dataset.kind.first_band} first, by whose "
                "files objects are found"
            )
        elif "pattern" in dataset.kind.band_keys and dataset.entry.get("pattern") is None:
            yield f"{where} lacks 'pattern'. Add: pattern (shell pattern of the names), or bands"


def _check_mapping(where: str, dataset: Dataset, bands: Mapping) -> Iterator[str]:
    """Check bands of which something is said each."""
    names = [name.upper() for name in bands]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield (
            f"{where}.bands has {twice} twice but for the case of letters, which FITS does not "
            "tell apart; give them different names"
        )
    said = [key for band in bands.values() for key in band]
    keys = dict.fromkeys([*dataset.kind.band_keys, *said])
    own = [key for key in keys if dataset.entry.get(key) is not None]
    if given := [key for key in own if key != "pixel_scale"]:
        yield f"{where} has bands and {given} beside them; write these with each band, under bands"
    if dataset.entry.get("band") is not None:
        yield f"{where}.band is for bands that are a list; of a mapping all bands are read"
    if "hdus" in dataset.kind.band_keys:
        yield from _check_places(where, bands)
    yield from _check_repeated(where, bands)
    if "pixel_scale" in dataset.kind.band_keys:
        scales = {name: band["pixel_scale"] for name, band in bands.items()}
        given = [scale for scale in scales.values() if scale is not None]
        if len(given) not in (0, len(scales)):
            yield f"{where}.bands gives pixel_scale as {scales}; give it with all bands, or none"
        elif given and max(given) > LARGEST_RATIO * min(given):
            yield (
                f"{where}.bands gives pixel_scale as {scales}; expected numbers in arcsec of which "
                f"none is {LARGEST_RATIO} times another"
            )


def _check_places(where: str, bands: Mapping) -> Iterator[str]:
    """Check that each band is somewhere: in files of its own, or in HDUs of those of all."""
    without = [name for name, band in bands.items() if not band.get("pattern")]
    if 0 < len(without) < len(bands):
        yield (
            f"{where}.bands gives a pattern with some bands, and {without} lack it; expected "
            "one with each band, for files of its own, or with none, for HDUs of the same files"
        )
        return
    patterns = [band.get("pattern") for band in bands.values()]
    for name, band in bands.items():
        # Without them it would be the first image of files that are those of another band too.
        is_alone = band.get("pattern") and patterns.count(band["pattern"]) == 1
        if not (band.get("hdus") or is_alone):
            yield (
                f"{where}.bands.{name} lacks 'hdus'. Add: hdus (names of its HDUs, the first "
                "that a file has), or with each band the pattern of files of its own"
            )


def _check_repeated(where: str, bands: Mapping) -> Iterator[str]:
    """Refuse a band that is another one under a second name."""
    seen: dict[tuple, str] = {}
    for name, band in bands.items():
        hdus = [hdu.upper() for hdu in band.get("hdus") or ()]
        place = (band.get("pattern"), *hdus)
        if any(place) and (other := seen.setdefault(place, name)) != name:
            yield (
                f"{where}.bands has {other} and {name} with the same "
                f"{' and '.join(key for key in ('pattern', 'hdus') if band.get(key))}; expected "
                "images of its own for each band"
            )


def check_same_bands(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that all datasets of an experiment have the bands of that on which it is trained.

    Parameters
    ----------
    where : str
        Place of the experiment in the configuration.
    experiment : Experiment
        All names in it exist.
    """
    own = experiment.dataset.bands
    for other in experiment.datasets:
        if other.bands != own:
            yield (
                f"{where} is trained on {experiment.dataset.name!r} of {_listed(own)}, and "
                f"{other.name!r} has {_listed(other.bands)}; expected the same bands in the same "
                "order"
            )
    if experiment.settings["hidden"] and (unknown := unsimulated(own)):
        yield (
            f"{where}.hidden simulates objects, whose colours are known in the bands "
            f"{', '.join(simulated_bands())} alone, and {experiment.dataset.name!r} has {unknown}; "
            "set hidden: null"
        )


def simulated_bands() -> list[str]:
    """Return the names of the bands in which objects are simulated."""
    # Slow to import, and the configuration is checked whenever Snakemake starts.
    from lensflow.simulate.bands import BANDS

    return [*BANDS]


def unsimulated(bands: Sequence[str]) -> list[str]:
    """Return which of some bands are none of them."""
    return [band for band in bands if band not in simulated_bands()]


def _listed(bands: Sequence[str]) -> str:
    return f"the bands {', '.join(bands)}" if bands else "one band"
