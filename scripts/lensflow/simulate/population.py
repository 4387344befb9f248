"""What the objects of a named population are like: targets, masses and light.

A population is data: a JSON file in ``populations/``, written by
`lensflow.studies.fit_population` from a challenge catalogue, that holds quantiles of the lensed
images. The light of the lens galaxies and of the field, and where sources lie, are one more file,
``galaxies.json``, shared by all populations and by both classes; its numbers were set by hand until
`lensflow.studies.compare_realism` found central galaxies and neighbours like those of the
challenge's cutouts.

A file may name another one under ``extends`` and hold only what differs: ``hard`` is ``challenge``
with impostors (`lensflow.simulate.impostors`), ``rare`` has the tables of ``training`` and lenses
of rare kinds (`lensflow.simulate.rarities`).
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from lensflow.errors import ConfigError
from lensflow.simulate.constants import FAINTEST

FOLDER = Path(__file__).parent / "populations"
GALAXIES = "galaxies.json"


@dataclass(frozen=True)
class Population:
    """Fitted quantiles of one population.

    Attributes
    ----------
    name : str
        Its name.
    lens_fraction : float
        Share of the objects that have a background source.
    invisible_fraction : float
        Share of the lenses of which no pixel exceeds one sky sigma.
    levels : dict of numpy.ndarray
        Quantile levels of each table.
    einstein_radius : numpy.ndarray
        Quantiles of log Einstein radius (arcsec).
    flux : numpy.ndarray
        Quantiles of log flux (sky sigma) in equal bins of the Einstein radius' rank, (b, l).
    pixels : numpy.ndarray
        Quantiles of log pixels in equal bins of both ranks, (b, c, l).
    objects_of : str
        Name of the population whose objects these are, but for the impostors: its own, mostly.
    impostors : dict
        Fraction and numbers of each kind of impostor; see `lensflow.simulate.impostors`.
    rarities : dict
        Numbers of each kind of lens; see `lensflow.simulate.rarities`. Empty: ordinary objects.
    """

    name: str
    lens_fraction: float
    invisible_fraction: float
    levels: dict
    einstein_radius: np.ndarray
    flux: np.ndarray
    pixels: np.ndarray
    objects_of: str
    impostors: dict = field(default_factory=dict)
    rarities: dict = field(default_factory=dict)

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Columns of the catalogue that say of what kind an object is."""
        kinds = {"impostor": self.impostors, "rarity": self.rarities}
        return tuple(column for column, known in kinds.items() if known)

    def rank_of(self, theta_e: float) -> float:
        """Return the rank in [0, 1] of an Einstein radius (arcsec)."""
        levels = self.levels["einstein_radius"]
        return float(np.interp(np.log(theta_e), self.einstein_radius, levels))

    def draw_einstein_radius(self, random) -> tuple[float, float]:
        """Return a rank in [0, 1) and the Einstein radius (arcsec) of that rank."""
        rank = float(random.random())
        log_radius = np.interp(rank, self.levels["einstein_radius"], self.einstein_radius)
        return rank, float(np.exp(log_radius))

    def draw_lensed_image(self, random, rank: float) -> tuple[float, float]:
        """Return the pixels above one sigma and their flux for an Einstein radius of that rank."""
        flux_rank, pixel_rank = random.random(2)
        log_flux = np.interp(flux_rank, self.levels["flux"], _blend(self.flux, rank))
        table = _blend(_blend(self.pixels, rank), flux_rank)
        log_pixels = np.interp(pixel_rank, self.levels["pixels"], table)
        flux = float(np.exp(log_flux))
        return float(np.clip(np.exp(log_pixels), 1.0, flux / FAINTEST)), flux


def _blend(table, rank):
    """Return the row of a binned table at a rank, linear between the centres of the bins."""
    position = np.clip(rank * len(table) - 0.5, 0.0, len(table) - 1.0)
    low = min(int(position), len(table) - 2)
    return table[low] + (position - low) * (table[low + 1] - table[low])


def names() -> list[str]:
    """Return the names of the populations that exist."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if path.name != GALAXIES)


@cache
def load(name: str) -> Population:
    """Return a population by name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in names():
        raise ConfigError(
            f"simulation population {name!r} does not exist; known populations: "
            f"{', '.join(names())}. Choose one, or fit one with lensflow.studies.fit_population."
        )
    content = _content(name)
    tables = {
        key: np.array(content[key]["values"]) for key in ("einstein_radius", "flux", "pixels")
    }
    levels = {key: np.array(content[key]["levels"]) for key in tables}
    kinds = {key: content[key] for key in ("impostors", "rarities") if key in content}
    shares = content["lens_fraction"], content["invisible_fraction"]
    return Population(
        name, *shares, levels, **tables, objects_of=content.get("objects_of", name), **kinds
    )


def _content(name):
    """Return what the file of a population holds, over what it extends."""
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    extended = _content(content["extends"]) if "extends" in content else {}
    return extended | content


@cache
def galaxies() -> dict:
    """Return the description of lens galaxies, their neighbours and look-alikes."""
    return json.loads((FOLDER / GALAXIES).read_text(encoding="utf-8"))
