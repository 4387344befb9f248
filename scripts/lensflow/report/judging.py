"""Stage: the page on which a person judges the clusters of one model, or of several at once."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow.cluster import clusterers
from lensflow.cluster.judgements import N_INSPECTED, representatives
from lensflow.cluster.makeup import describe_clusters
from lensflow.cluster.matching import (
    Match,
    match_clusters,
    member_shares,
    nearest_clusters,
)
from lensflow.errors import ArtifactError
from lensflow.figures import sources
from lensflow.figures.colour import in_sigma
from lensflow.prepare.augmentation import rotate
from lensflow.report import pixels
from lensflow.report.interactive import write_interactive
from lensflow.samples.bands import first_band, first_of_bands
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.grades import IS_LENS, IS_NO_LENS

N_IMAGES = 1300
"""Most members on a page: with denoised images too it stays below 10 MB."""

MOST_SHOWN, LEAST_SHOWN = 54, 9
"""Members of one cluster; the least too of one that need not be judged."""

EXTREME_SHARE = 9
"""One in so many of them is among the most typical, and one among the least certain."""

N_NEAREST = 3

Path = str | PathLike

logger = logging.getLogger(__name__)


class Model(NamedTuple):
    """One clustered model as the page needs it: n images, K clusters."""

    hash: str
    n_components: int
    clusters: np.ndarray
    certainty: np.ndarray
    log_density: np.ndarray
    rows: pd.DataFrame
    nearest: list[list[int]]


class Shown(NamedTuple):
    """Rows of the members that are shown of one cluster: all, and places in them by choice."""

    rows: np.ndarray
    random: list[int]
    typical: list[int]
    uncertain: list[int]


def write_judging_page(
    output: Path,
    experiment: str,
    names: Sequence[Mapping[str, str]],
    mixtures: Sequence[Path],
    embeddings: Sequence[Path],
    images: Sequence[Path],
    denoised: Sequence[Path],
    dataset: str,
    blind: bool,
    seed: int,
) -> None:
    """Write the judging page of one or more models of an experiment.

    The clusters of the first model are to be judged. Those of another that hold the same objects as
    one of them are judged with it, see `lensflow.cluster.matching.match_clusters`; the others
    follow: they get the mean of what is said of their members, unless somebody judges them too.

    Parameters
    ----------
    output : path-like
        The HTML file.
    experiment : str
    names : sequence of mappings
        Of each model ``name``, in words, and ``table``, the file to save its judgements in.
    mixtures : sequence of path-like
        One a model.
    embeddings : sequence of path-like
        Shards of the training sample's embeddings, as many of each model, model by model.
    images : sequence of path-like
        Image shards of the dataset.
    denoised : sequence of path-like
        Shards of the denoised training sample of the first model; empty where nothing denoises.
    dataset : str
        Name of the dataset: marks of single members are exported as grades of its objects.
    blind : bool
        Whether nothing that true labels say is on the page.
    seed : int
        Seed of the random choice: the one given to the stage that labels the clusters.

    Raises
    ------
    ArtifactError
        When the models do not embed the same images.
    """
    n_shards = len(embeddings) // len(mixtures)
    shards = [embeddings[i * n_shards : (i + 1) * n_shards] for i in range(len(mixtures))]
    models = [_read(*paths) for paths in zip(mixtures, shards, strict=True)]
    _check_rows(models)
    counts = [model.n_components for model in models]
    groups = match_clusters([model.clusters for model in models], counts)
    sheets = _sheets(models, groups, blind, seed)
    _add_pixels(sheets, models[0].rows, images, denoised)
    data = {
        "experiment": experiment,
        "dataset": dataset,
        "encoding": pixels.ENCODING,
        "colours": pixels.colour_tables(),
        "n_inspected": N_INSPECTED,
        "grades": {"lens": IS_LENS, "no_lens": IS_NO_LENS},
        "models": [
            {**name, "hash": model.hash, "n_members": _sizes(model).tolist()}
            for name, model in zip(names, models, strict=True)
        ],
        "sheets": sheets,
    }
    write_interactive(output, "judge", f"Judge the clusters of {experiment}", data, ["judge"])
    n_judged = sum(bool(sheet["n_members"]) and "follows" not in sheet for sheet in sheets)
    logger.info("%d clusters of %d models: %d to judge", sum(counts), len(models), n_judged)


def _read(mixture: Path, shards: Iterable[Path]) -> Model:
    fitted = clusterers.load(mixture)
    features, rows = read_embeddings(shards)
    n, count = len(features), fitted.n_components
    clusters, certainty, density = np.empty(n, int), np.empty(n), np.empty(n)
    for part in fitted.iterate(features.astype(float)):
        clusters[part.rows], density[part.rows] = part.clusters, part.log_density
        certainty[part.rows] = part.responsibilities.max(axis=1)
    nearest = nearest_clusters(features, clusters, count, N_NEAREST)
    return Model(fitted.hash, count, clusters, certainty, density, rows, nearest)


def _check_rows(models: Sequence[Model]) -> None:
    keys = ["id", "rotation"]
    for model in models[1:]:
        if not model.rows[keys].equals(models[0].rows[keys]):
            raise ArtifactError(
                "The models do not embed the same images in the same order, so that their clusters "
                "cannot be compared. Delete their embeddings and run again."
            )


def _sizes(model: Model) -> np.ndarray:
    return np.bincount(model.clusters, minlength=model.n_components)


def _sheets(models, groups: Sequence[Sequence[Match]], blind: bool, seed: int) -> list[dict]:
    """Return what the page says of each group of clusters, without the pixels."""
    founders = [group[0] for group in groups]
    filled = [match.model for match in founders if _sizes(models[match.model])[match.cluster]]
    n_judged = filled.count(0)
    left = N_IMAGES - LEAST_SHOWN * (len(filled) - n_judged)
    n_shown = int(np.clip(left // n_judged, LEAST_SHOWN, MOST_SHOWN))
    shown = [
        _shown_of(model, LEAST_SHOWN if number else n_shown, seed)
        for number, model in enumerate(models)
    ]
    place = {(match.model, match.cluster): i for i, g in enumerate(groups) for match in g}
    sheets = [_sheet(models, group, shown, place, blind) for group in groups]
    for sheet, founder in zip(sheets, founders, strict=True):
        if founder.model:
            sheet["follows"] = _shares(models, founder, place)
    return sheets


def _shares(models, match: Match, place: Mapping) -> list[tuple[int, float]]:
    """Return which sheets of the first model hold the members of a cluster, and what share each."""
    first, own = models[0], models[match.model]
    shape = own.n_components, first.n_components
    shares = member_shares(own.clusters, first.clusters, shape)[match.cluster]
    return [(place[0, k], float(shares[k])) for k in np.flatnonzero(shares)]


def _shown_of(model: Model, n_shown: int, seed: int) -> list[Shown]:
    """Return which members of each cluster of a model are shown."""
    n_extreme = n_shown // EXTREME_SHARE
    ids = model.rows["id"].to_numpy()
    drawn = representatives(model.clusters, ids, model.n_components, seed, n_shown - 2 * n_extreme)
    return [
        _choose(np.flatnonzero(model.clusters == k), random, model, n_extreme)
        for k, random in enumerate(drawn)
    ]


def _choose(members: np.ndarray, random: np.ndarray, model: Model, n_extreme: int) -> Shown:
    typical = _first(members, -model.log_density, model, n_extreme)
    uncertain = _first(members, model.certainty, model, n_extreme)
    rows = np.array(list(dict.fromkeys([*random, *typical, *uncertain])), int)
    place = {row: i for i, row in enumerate(rows)}
    return Shown(rows, *([place[row] for row in part] for part in (random, typical, uncertain)))


def _first(members: np.ndarray, by: np.ndarray, model: Model, count: int) -> np.ndarray:
    """Return the members with the lowest values, no object twice."""
    ordered = members[np.argsort(by[members], kind="stable")]
    return ordered[~model.rows["id"].iloc[ordered].duplicated()][:count]


def _sheet(models, group: Sequence[Match], shown, place: Mapping, blind: bool) -> dict:
    founder = group[0]
    model, chosen = models[founder.model], shown[founder.model][founder.cluster]
    others = [models[m.model].clusters[chosen.rows] == m.cluster for m in group[1:]]
    sheet = {
        "clusters": [match._asdict() for match in group],
        "n_members": int(_sizes(model)[founder.cluster]),
        "ids": model.rows["id"].iloc[chosen.rows].tolist(),
        "random": chosen.random,
        "typical": chosen.typical,
        "uncertain": chosen.uncertain,
        "shared": [other.astype(int).tolist() for other in others],
        "nearest": [place[founder.model, k] for k in model.nearest[founder.cluster]],
        "rows": chosen.rows,
    }
    return sheet if blind else {**sheet, "truth": _truth(model, founder.cluster)}


def _truth(model: Model, cluster: int) -> str:
    table = describe_clusters(model.clusters, model.rows["is_lens"], model.n_components)
    row = table.iloc[cluster]
    known = f"{row['n_lenses']} of {row['n_members']} members of known class are lenses"
    return f"{known} ({row['lens_fraction']:.2f})" if row["n_members"] else "no member is labelled"


def _add_pixels(sheets: Sequence[dict], rows: pd.DataFrame, images, denoised) -> None:
    """Put the packed images of its members into each sheet, in the place of their rows."""
    wanted = rows.iloc[np.concatenate([sheet["rows"] for sheet in sheets])]
    flux, sky_sigma = sources.dataset_images(images, wanted["id"].tolist(), all_bands=True)
    flux = rotate(flux, wanted["rotation"].to_numpy())
    raw = in_sigma(first_band(flux), first_of_bands(sky_sigma))
    keys = list(zip(wanted["id"], wanted["rotation"].tolist(), strict=True))
    smooth = sources.stack_images(denoised, keys) if denoised else None
    start = 0
    for sheet in sheets:
        part = slice(start, start + len(sheet.pop("rows")))
        start = part.stop
        sheet["side"] = raw.shape[1]
        sheet["raw"] = pixels.packed_images(raw[part])
        sheet["light"] = pixels.packed_light(raw[part])
        if flux.ndim == 4:
            sheet |= pixels.packed_colour(flux[part], sky_sigma[part])
        if smooth is not None:
            sheet["denoised_side"] = smooth.shape[1]
            sheet["denoised"] = pixels.packed_pictures(smooth[part])
