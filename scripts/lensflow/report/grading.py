"""Stage: the page on which people grade the best candidates of a dataset."""

import logging
from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow.figures import sources
from lensflow.figures.colour import in_sigma
from lensflow.files import tables
from lensflow.report import pixels
from lensflow.report.candidates import sky_links
from lensflow.report.interactive import write_interactive
from lensflow.samples.bands import first_band, first_of_bands
from lensflow.samples.grades import GRADES, INTERESTING, IS_LENS, IS_NO_LENS, SUB_CLASSES
from lensflow.samples.hidden import read_hidden
from lensflow.samples.images import images_hash
from lensflow.seeds import rng

Path = str | PathLike

logger = logging.getLogger(__name__)


def write_grading_page(
    output: Path,
    experiment: str,
    dataset: str,
    candidates: Path,
    images: Sequence[Path],
    hidden: Path | None,
    n_graded: int,
    seed: int,
) -> None:
    """Write the grading page of a dataset.

    Nothing on it tells the rank of an object, nor which ones are hidden: they stand in a random
    order, which the page shuffles again for each grader. Positions are left out where there are
    hidden objects, which have none.

    Parameters
    ----------
    output : path-like
        The HTML file.
    experiment, dataset : str
    candidates : path-like
        ``candidates_<dataset>.csv``.
    images : sequence of path-like
        Image shards of the dataset.
    hidden : path-like or None
        What `lensflow.samples.hidden.write_hidden` wrote.
    n_graded : int
        How many of the best candidates.
    seed : int
    """
    best = tables.read_objects(candidates).sort_values("rank").head(n_graded)
    shown, colours = _images(images, best["id"].tolist())
    objects = _objects(best, with_places=hidden is None)
    if hidden is not None:
        ids, simulated = read_hidden(hidden)
        objects += [{"id": name} for name in ids]
        shown, colours = _joined((shown, colours), _shown(simulated, np.ones(simulated.shape[:-2])))
    order = rng(seed, "grading", dataset).permutation(len(objects))
    data = {
        "experiment": experiment,
        "dataset": dataset,
        "images_hash": images_hash(images),
        "encoding": pixels.ENCODING,
        "colours": pixels.colour_tables(),
        "grades": {name: grade.words for name, grade in GRADES.items()},
        "marks": {"lens": IS_LENS, "interesting": INTERESTING, "no_lens": IS_NO_LENS},
        "sub_classes": list(SUB_CLASSES),
        "objects": [objects[i] for i in order],
        "images": _packed(shown, colours, order) if len(order) else None,
    }
    title = f"Grade the candidates of {dataset} ({experiment})"
    write_interactive(output, "grade", title, data, ["grade"])
    logger.info("%d objects to grade", len(objects))


def _images(shards: Sequence[Path], ids: list[str]) -> tuple[np.ndarray, tuple]:
    """Return images in units of their sky noise, and flux and noise of all bands, if several."""
    if not ids:
        return np.zeros((0, 1, 1)), ()
    return _shown(*sources.dataset_images(shards, ids, all_bands=True))


def _shown(flux: np.ndarray, sky_sigma: np.ndarray) -> tuple[np.ndarray, tuple]:
    shown = in_sigma(first_band(flux), first_of_bands(sky_sigma))
    return shown, (flux, sky_sigma) if flux.ndim == 4 else ()


def _joined(some: tuple[np.ndarray, tuple], others: tuple[np.ndarray, tuple]) -> tuple:
    """Return the images of two lists one after the other, as `_images` returns them."""
    if not len(some[0]):
        return others
    colours = tuple(np.concatenate(pair) for pair in zip(some[1], others[1], strict=True))
    return np.concatenate([some[0], others[0]]), colours


def _objects(best: pd.DataFrame, with_places: bool) -> list[dict]:
    """Return identifiers; where positions are known (ICRS, degrees) these, and links to them."""
    has_places = with_places and {"ra", "dec"} <= set(best)
    places = best[["ra", "dec"]].to_numpy(float) if has_places else np.full((len(best), 2), np.nan)
    return [
        {"id": name, **(_place(ra, dec) if np.isfinite([ra, dec]).all() else {})}
        for name, (ra, dec) in zip(best["id"], places.tolist(), strict=True)
    ]


def _place(ra: float, dec: float) -> dict:
    return {"place": f"RA {ra:.5f}, Dec {dec:+.5f}", "links": list(sky_links(ra, dec))}


def _packed(images: np.ndarray, bands: tuple, order: np.ndarray) -> dict:
    packed = {
        "side": images.shape[1],
        "raw": pixels.packed_images(images[order]),
        "light": pixels.packed_light(images[order]),
    }
    return {**packed, **pixels.packed_colour(*(each[order] for each in bands))} if bands else packed
