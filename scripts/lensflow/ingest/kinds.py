"""The kinds of datasets: where their files are, how these are read, and what they are called.

A kind is an entry of `KINDS`; nothing else compares its name. The schema of the configuration has
one definition for each, ``dataset_<kind>``, and a test holds the two together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from lensflow.errors import CatalogueError
from lensflow.ingest import challenge2
from lensflow.ingest.bands import band_entry
from lensflow.ingest.listing import CHALLENGE, Layout, matching_names
from lensflow.ingest.positions import SOURCES
from lensflow.ingest.settings import CutoutSettings

# The rules read this table whenever Snakemake starts: what is slow to import comes later.
if TYPE_CHECKING:
    import pandas as pd

CHALLENGE_MASK = 100.0
CHALLENGE_ARCSEC = challenge2.SCALES[challenge2.FIRST]

Entry = Mapping[str, object]


@dataclass(frozen=True)
class Kind:
    """One kind of dataset.

    Attributes
    ----------
    name : str
        The value of ``kind`` in the configuration.
    is_made_here : bool
        Whether the workflow simulates the files; otherwise ``path`` must exist beforehand.
    layout : callable
        From the dataset's entry to the `Layout` of its files.
    settings : callable
        From the entry to the `CutoutSettings` by which each band is read, the first band first.
    read_catalogue : callable
        From (entry, folder, catalogues found in it) to a table, or None without a catalogue.
    is_labelled : callable
        From the entry to whether true labels come with the images.
    title : callable
        From (name, entry) to a few words that stand in a table.
    words : callable
        From the entry to the sentence in the report, after the dataset's name.
    band_file : callable
        From the path of an object's file to that with a band of it, where the bands' files are not
        listed each by its own layout.
    first_band : str, optional
        The band that must be the first of a list.
    band_keys : tuple of str
        Keys of an entry that stand with each band where ``bands`` is a mapping.
    pixel_arcsec : float, optional
        Side of the pixels of the first band (arcsec), where that is the same in every dataset.
    reader : str, optional
        The module that lists and reads what is no folder of one file an object. The code hash of
        a job covers the reader of its dataset alone.
    count : callable, optional
        From (entry, layout of the first band's files) to about how many objects there are, without
        a look into what is one of them. Where there is none, the reader's `count_objects` is asked.
    """

    name: str
    is_made_here: bool
    layout: Callable[[Entry], Layout]
    settings: Callable[[Entry], tuple[CutoutSettings, ...]]
    read_catalogue: Callable[[Entry, Path, list[str]], "pd.DataFrame | None"]
    is_labelled: Callable[[Entry], bool]
    title: Callable[[str, Entry], str]
    words: Callable[[Entry], str]
    band_file: Callable[[str, str], str] = lambda path, band: path
    first_band: str | None = None
    band_keys: tuple[str, ...] = ()
    pixel_arcsec: float | None = None
    reader: str | None = None
    count: Callable[[Entry, Layout], int] | None = None

    def bands(self, entry: Entry) -> tuple[str, ...]:
        """Return the names of the bands of a dataset, in order; ("",) where it names none."""
        return tuple(each.band for each in self.settings(entry))

    def layouts(self, entry: Entry) -> list[Layout]:
        """Return the layout of each band's files; a single one where that finds those of all."""
        each = [self.layout(band_entry(entry, band)) for band in self.bands(entry)]
        return each if any(layout != each[0] for layout in each) else each[:1]

    def count_objects(self, entry: Entry) -> int:
        """Return about how many objects a dataset has, as fast as that can be told.

        Raises
        ------
        CatalogueError, CutoutError, OSError
            When what must be looked at for it cannot be read.
        """
        count = self.count or import_module(self.reader).count_objects
        return count(entry, self.layouts(entry)[0])

    @property
    def modules(self) -> list[str]:
        """Modules by which its objects are read, beside those of every kind."""
        return [self.reader] if self.reader else []


FITS_KEYS = ("hdus", "rms_hdus", "flag_hdus", "zero_point")
MOSAIC_KEYS = (*FITS_KEYS, "pattern", "rms_pattern", "flag_pattern")


def _of_bands(one: Callable[[Entry], CutoutSettings], entry: Entry) -> tuple[CutoutSettings, ...]:
    """Return the settings of each band, of which the entry may say something of its own."""
    bands = entry.get("bands")
    names = [*bands] if isinstance(bands, Mapping) else [""]
    scales = [band_entry(entry, name).get("pixel_scale") or 1.0 for name in names]
    return _ordered(names, [one(band_entry(entry, name)) for name in names], scales)


def _ordered(
    names: Sequence[str], each: Sequence[CutoutSettings], scales: Sequence[float]
) -> tuple[CutoutSettings, ...]:
    """Return the settings of bands with their names, places and pixel scales (arcsec)."""
    return tuple(
        replace(settings, band=name, is_first=place == 0, step=scales[0] / scale)
        for place, (name, settings, scale) in enumerate(zip(names, each, scales, strict=True))
    )


def _challenge_settings(entry: Entry) -> tuple[CutoutSettings, ...]:
    names = entry.get("bands", [""])
    one = CutoutSettings(zero_point=0.0, masked_value=CHALLENGE_MASK)
    return _ordered(names, [one] * len(names), [1.0] * len(names))


def _challenge2_settings(entry: Entry) -> tuple[CutoutSettings, ...]:
    names = entry["bands"]
    one = CutoutSettings(zero_point=0.0, masked_value=CHALLENGE_MASK, same_area=True)
    return _ordered(names, [one] * len(names), [challenge2.SCALES[name] for name in names])


def _fits_settings(entry: Entry) -> tuple[CutoutSettings, ...]:
    return _of_bands(_one_of_fits, entry)


def _one_of_fits(entry: Entry) -> CutoutSettings:
    order = tuple(entry.get("positions", SOURCES))
    is_denoised = entry.get("state") == "denoised"
    return replace(_one_of_survey(entry), denoised=is_denoised, positions=order)


def _mosaic_settings(entry: Entry) -> tuple[CutoutSettings, ...]:
    # The pixel scale of mosaics is that of their WCS.
    return _of_bands(_one_of_survey, {**entry, "pixel_scale": None})


def _stack_settings(entry: Entry) -> tuple[CutoutSettings, ...]:
    return _of_bands(_one_of_survey, entry)


def _one_of_survey(entry: Entry) -> CutoutSettings:
    return CutoutSettings(
        hdus=_upper(entry.get("hdus")),
        zero_point=entry.get("zero_point"),
        reads_headers=True,
        normalised=entry.get("state") == "normalised",
        rms_hdus=_upper(entry.get("rms_hdus")),
        flag_hdus=_upper(entry.get("flag_hdus")),
        flag_bits=entry.get("flag_bits"),
        correlated=entry.get("noise") == "correlated",
    )


def _upper(names: list[str] | None) -> tuple[str, ...] | None:
    return tuple(name.upper() for name in names) if names else None


def _challenge_catalogue(entry: Entry, folder: Path, found: list[str]) -> "pd.DataFrame":
    """Read the catalogue that is configured, else the one that lies among the images."""
    from lensflow.ingest.catalogue import read_catalogue

    given = entry.get("catalogue")
    if given is None and len(found) != 1:
        raise CatalogueError(
            f"{len(found)} files called {CHALLENGE.catalogue_name} are below {folder}: {found}; "
            "exactly one was expected. Name the right one as the dataset's catalogue, or use "
            "kind: fits for images without labels."
        )
    return read_catalogue(given or folder / found[0])


def _fits_catalogue(entry: Entry, folder: Path, found: list[str]) -> "pd.DataFrame | None":
    from lensflow.ingest.catalogue import read_catalogue

    given = entry.get("catalogue")
    return read_catalogue(given, required=("id",)) if given else None


def _challenge2_catalogue(entry: Entry, folder: Path, found: list[str]) -> "pd.DataFrame | None":
    given = entry.get("catalogue")
    return challenge2.read_catalogue(given) if given else None


def _no_catalogue(entry: Entry, folder: Path, found: list[str]) -> None:
    """Say that there is no catalogue of files: the reader of the kind has its own."""
    return None


def _count_files(entry: Entry, layout: Layout) -> int:
    """Count the files of the first band by their names, no more than are taken."""
    names = matching_names(entry["path"], layout)
    return sum(1 for _ in islice(names, entry.get("max_objects")))


def _count_listed(entry: Entry, layout: Layout) -> int:
    """Count the rows of a catalogue that is named, else the files."""
    from lensflow.ingest.objects import count_rows

    given = entry.get("catalogue")
    return count_rows(given) if given else _count_files(entry, layout)


def _simulated_words(entry: Entry) -> str:
    return (
        f"{entry['n_objects']:,} simulated images, made by this workflow, of the population "
        f"“{entry['population']}”. They are not the images of the Lens Finding Challenge, so "
        "the numbers are not those of the paper."
    )


def _fits_words(entry: Entry) -> str:
    state = " (already denoised)" if entry.get("state") == "denoised" else ""
    return f"FITS cutouts{state} from {entry['path']}."


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="simulate",
            is_made_here=True,
            layout=lambda entry: CHALLENGE,
            settings=_challenge_settings,
            read_catalogue=_challenge_catalogue,
            is_labelled=lambda entry: True,
            title=lambda name, entry: f"simulated ({name}: {entry['n_objects']:,} images)",
            words=_simulated_words,
            count=lambda entry, layout: entry["n_objects"],
            band_file=challenge2.band_file,
            first_band=challenge2.FIRST,
            pixel_arcsec=CHALLENGE_ARCSEC,
        ),
        Kind(
            name="challenge1",
            is_made_here=False,
            layout=lambda entry: CHALLENGE,
            settings=_challenge_settings,
            read_catalogue=_challenge_catalogue,
            is_labelled=lambda entry: True,
            title=lambda name, entry: f"Lens Finding Challenge 1.0 ({name})",
            words=lambda entry: f"images of the Lens Finding Challenge 1.0, from {entry['path']}.",
            count=_count_listed,
            pixel_arcsec=CHALLENGE_ARCSEC,
        ),
        Kind(
            name="challenge2",
            is_made_here=False,
            layout=lambda entry: challenge2.LAYOUT,
            settings=_challenge2_settings,
            read_catalogue=_challenge2_catalogue,
            is_labelled=lambda entry: entry.get("catalogue") is not None,
            title=lambda name, entry: f"Lens Finding Challenge 2.0 ({name})",
            words=lambda entry: f"images of the Lens Finding Challenge 2.0, from {entry['path']}.",
            count=_count_listed,
            band_file=challenge2.band_file,
            first_band=challenge2.FIRST,
            pixel_arcsec=CHALLENGE_ARCSEC,
        ),
        Kind(
            name="fits",
            is_made_here=False,
            layout=lambda entry: Layout(entry.get("pattern"), entry.get("id_pattern")),
            settings=_fits_settings,
            read_catalogue=_fits_catalogue,
            is_labelled=lambda entry: entry.get("catalogue") is not None,
            title=lambda name, entry: f"FITS cutouts ({name})",
            words=_fits_words,
            count=_count_files,
            band_keys=(*FITS_KEYS, "pixel_scale"),
        ),
        Kind(
            name="mosaic",
            is_made_here=False,
            layout=lambda entry: Layout(entry.get("pattern"), entry.get("tile_pattern")),
            settings=_mosaic_settings,
            read_catalogue=_no_catalogue,
            is_labelled=lambda entry: False,
            title=lambda name, entry: f"mosaics ({name})",
            words=lambda entry: (
                f"objects of {entry['catalogue']}, cut from the mosaics in {entry['path']}."
            ),
            band_keys=MOSAIC_KEYS,
            reader="lensflow.ingest.mosaic",
        ),
        Kind(
            name="stack",
            is_made_here=False,
            layout=lambda entry: Layout(entry.get("pattern")),
            settings=_stack_settings,
            read_catalogue=_no_catalogue,
            is_labelled=lambda entry: False,
            title=lambda name, entry: f"stacks ({name})",
            words=lambda entry: f"images of the stacks in {entry['path']}.",
            band_keys=("zero_point",),
            reader="lensflow.ingest.stack",
        ),
    )
}
