"""A dataset: what its entry in the configuration says, and where its files are."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lensflow.ingest.kinds import KINDS, Kind

INJECTED = "_injected"
"""Ends the name of a dataset's images with lensed sources in them."""

NOT_OF_IMAGES = ("completeness", "known_lenses", "match_radius")
"""Keys of an entry that say what is made of the images, not what these are."""


@dataclass(frozen=True)
class Dataset:
    """One named source of cutouts.

    Attributes
    ----------
    name : str
    entry : mapping
        Its entry in a complete configuration.
    """

    name: str
    entry: Mapping[str, object]

    @property
    def kind(self) -> Kind:
        """Its entry in the table of kinds."""
        return KINDS[self.entry["kind"]]

    @property
    def image_entry(self) -> dict[str, object]:
        """What of its entry makes its images, so that nothing else makes them again."""
        return {key: value for key, value in self.entry.items() if key not in NOT_OF_IMAGES}

    @property
    def is_labelled(self) -> bool:
        """Whether true labels come with the images."""
        return self.kind.is_labelled(self.entry)

    @property
    def is_simulated(self) -> bool:
        """Whether the workflow makes the images itself."""
        return self.kind.is_made_here

    @property
    def is_denoised(self) -> bool:
        """Whether the images are denoised already, and so carry no sky noise."""
        return self.entry.get("state") == "denoised"

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands of its images, in order; none where there is a single one."""
        bands = self.kind.bands(self.entry)
        return bands if len(bands) > 1 else ()

    @property
    def keeps_sources(self) -> bool:
        """Whether the images of the lensed sources alone are kept."""
        return bool(self.entry.get("source_images"))

    @property
    def known_lenses_paths(self) -> list[str]:
        """Table of known lenses, where one is given."""
        path = self.entry.get("known_lenses")
        return [path] if path else []

    @property
    def match_radius(self) -> float | None:
        """Distance within which an object is a known lens (arcsec), where there are such."""
        return self.entry["match_radius"] if self.known_lenses_paths else None

    @property
    def completeness(self) -> Mapping[str, object] | None:
        """What sources are put into its images to measure completeness; None where none are."""
        return self.entry.get("completeness")

    @property
    def injection(self) -> dict[str, object]:
        """What of that makes the images with the sources in them."""
        return {key: value for key, value in self.completeness.items() if key != "lens_fractions"}

    @property
    def injected(self) -> "InjectedDataset":
        """The same images with these sources in them."""
        return InjectedDataset(f"{self.name}{INJECTED}", self.entry)

    @property
    def title(self) -> str:
        """The dataset in a few words."""
        return self.kind.title(self.name, self.entry)

    @property
    def words(self) -> str:
        """What the dataset is, in a sentence."""
        return self.kind.words(self.entry)

    @property
    def n_shards(self) -> int:
        """Parts that are worked on as separate jobs."""
        return self.entry["shards"]

    @property
    def most_objects(self) -> int | None:
        """The most objects that it can have, as far as the configuration says."""
        return self.entry.get("n_objects" if self.is_simulated else "max_objects")

    @property
    def folder(self) -> str:
        """Folder of everything that is made of it."""
        return f"results/data/{self.name}"

    @property
    def shards_path(self) -> str:
        """How many shards were chosen for it, where its entry does not say."""
        return f"{self.folder}/shards.json"

    @property
    def manifest_path(self) -> str:
        """List of its usable files."""
        return f"{self.folder}/manifest.h5"

    @property
    def index_path(self) -> str:
        """List of its objects."""
        return f"{self.folder}/index.h5"

    @property
    def quarantine_path(self) -> str:
        """What was left out, and why."""
        return f"{self.folder}/quarantine.csv"

    @property
    def image_paths(self) -> list[str]:
        """Image shards, in order."""
        return [f"{self.folder}/images/shard_{i}.h5" for i in range(self.n_shards)]

    @property
    def shard_quarantine_paths(self) -> list[str]:
        """What was left out of each shard."""
        return [f"{self.folder}/images/quarantine_{i}.csv" for i in range(self.n_shards)]

    @property
    def simulated_parts(self) -> list[str]:
        """Catalogue parts of the shards of a simulated dataset."""
        folders = [f"{self.folder}/simulated/Data.{i}" for i in range(self.n_shards)]
        return [f"{folder}/catalogue_part.csv" for folder in folders]

    @property
    def cutout_folder(self) -> str:
        """Folder that holds its FITS files."""
        return f"{self.folder}/simulated" if self.is_simulated else self.entry["path"]

    def local_folder(self, sources: Sequence[str]) -> str:
        """Return that folder where `cutout_sources` are on this machine, wherever they are kept."""
        first = str(sources[0])
        return os.path.dirname(first) if self.is_simulated else first

    @property
    def cutout_sources(self) -> list[str]:
        """What must exist before its files are listed."""
        if self.is_simulated:
            shards = [f"{self.cutout_folder}/Data.{i}/Public" for i in range(self.n_shards)]
            return [f"{self.cutout_folder}/classifications.csv", *shards]
        catalogue = self.entry.get("catalogue")
        is_one = bool(catalogue) and "{tile}" not in catalogue
        return [self.cutout_folder, *([catalogue] if is_one else [])]


@dataclass(frozen=True)
class InjectedDataset(Dataset):
    """Images of a dataset with lensed sources in them; ``entry`` is the entry of that dataset.

    It is embedded and scored as others are, but nobody trains on it, nor judges or ranks it.
    """

    @property
    def n_shards(self) -> int:
        """Parts that are worked on as separate jobs."""
        return self.completeness["shards"]


def find_dataset(name: str, datasets: Mapping[str, Mapping]) -> Dataset:
    """Return a dataset of a configuration by its name, or one with sources in its images.

    Parameters
    ----------
    name : str
    datasets : mapping of str to mapping
        The section ``datasets`` of a complete configuration.
    """
    if name in datasets:
        return Dataset(name, datasets[name])
    name = name.removesuffix(INJECTED)
    return Dataset(name, datasets[name]).injected
