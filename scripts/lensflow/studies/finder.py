"""A trained experiment as a finder, in a notebook: from cutouts to features, clusters, candidates.

from lensflow.studies.finder import Finder

finder = Finder.open("results/best")
cutouts = finder.read(["a.fits", "b.fits"])     # or finder.take(array)
table = finder.score(cutouts)                   # id, cluster, p_lens, log_density
finder.picture(cutouts, table)                  # a matplotlib figure
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.scoring import Mixtures, judged_chances, load_mixtures, memberships
from lensflow.errors import ConfigError, CutoutError
from lensflow.experiment import Dataset, Experiment
from lensflow.figures.candidates import sheet
from lensflow.figures.colour import shown_images
from lensflow.ingest.bands import read_bands
from lensflow.ingest.cutouts import fit_to_size
from lensflow.ingest.patterns import stem
from lensflow.ingest.positions import pixel_scales
from lensflow.ingest.settings import NATIVE_SIZE, CutoutSettings
from lensflow.ingest.sky import sky_sigma
from lensflow.networks.denoising import load_denoiser
from lensflow.networks.runtime import start_backend
from lensflow.prepare.inputs import prepare_images
from lensflow.samples.runs import Run
from lensflow.seeds import rng
from lensflow.studies.trained import existing, read_experiment

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cutouts:
    """Images with the noise of their sky, as a finder takes them.

    Attributes
    ----------
    ids : list of str
    flux : ndarray of shape (n, 101, 101), float32
        In any unit; (n, band, 101, 101) of several bands.
    sky_sigma : ndarray of shape (n,), float32
        Noise of a pixel of the sky, in the same unit; (n, band) of several bands.
    problems : dict of str to str
        What could not be used, and why.
    are_denoised : bool
        Whether the images came denoised, and so carry no sky noise.
    pixel_arcsec : ndarray of shape (n,), optional
        Sides of their pixels (arcsec), NaN where neither their WCS nor their dataset says one; None
        where nothing does.
    """

    ids: list[str]
    flux: np.ndarray
    sky_sigma: np.ndarray
    problems: dict[str, str]
    are_denoised: bool = False
    pixel_arcsec: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)


class Finder:
    """The headline model of a trained experiment, one of its runs.

    Parameters
    ----------
    experiment : lensflow.experiment.Experiment
    root : Path
        The folder that holds ``results``.
    run : int
        Which of the runs, from 0.
    """

    def __init__(self, experiment: Experiment, root: Path, run: int = 0):
        self.experiment, self.root = experiment, root
        self.run = Run(**experiment.model, run=run)
        self._encode, self._denoise = self._load_encoder(), self._load_denoiser()
        self._mixtures = self._load_mixtures()

    @classmethod
    def open(cls, folder: str | PathLike, run: int = 0) -> Self:
        """Load the encoder and the clusters of an experiment that was run.

        Parameters
        ----------
        folder : path-like
            Its results, such as ``results/best``.
        run : int
            Which of its runs, from 0.

        Raises
        ------
        ArtifactError
            When the folder or one of its files is missing or damaged.
        ConfigError
            When there is no such run.
        """
        experiment, root = read_experiment(folder)
        n_runs = len(experiment.headline_runs)
        if run not in range(n_runs):
            raise ConfigError(
                f"run: received {run!r}; expected one of the {n_runs} of {experiment.name}, which "
                "are counted from 0"
            )
        return cls(experiment, root, run)

    def _load_encoder(self):
        experiment = self.experiment
        if experiment.encoder.is_network:
            start_backend(experiment.config["backend"], experiment.config["math_threads"])
        path = existing(self.root / experiment.encoder_path(self.run))
        return experiment.encoder.load(path, experiment.preset, self.run.n_features)

    def _load_denoiser(self):
        """Return the denoiser, or what leaves images as they are where there is none."""
        for needed in self.experiment.needed_denoiser_paths(self.run.scale):
            return load_denoiser(existing(self.root / needed), self.experiment.preset)
        return lambda images: images

    def _load_mixtures(self) -> Mixtures:
        further = self.experiment.further_paths(self.run)
        paths = zip(further["mixture"], further["shares"], strict=True)
        return load_mixtures(
            existing(self.root / self.experiment.mixture_path(self.run)),
            [tuple(existing(self.root / path) for path in pair) for pair in paths],
        )

    def read(
        self,
        paths: Sequence[str | PathLike] | Mapping[str, Sequence[str | PathLike]],
        hdus: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
        zero_point: float | None = None,
        dataset: str | None = None,
    ) -> Cutouts:
        """Read FITS cutouts, as the workflow does: cropped or padded, their sky measured.

        Parameters
        ----------
        paths : sequence of path-like, or mapping of str to that
            Their names, which differ, become the ids, without suffixes. Of bands that have files of
            their own a mapping with the paths of each, object by object; the first band's names
            count.
        hdus : sequence of str, or mapping of str to that, optional
            Names of HDUs, of which the first that a file has is read, instead of the dataset's. Of
            several bands a mapping with the names for each.
        zero_point : float, optional
            AB magnitude of one count, instead of the dataset's; fluxes stay in counts where neither
            says one. Scores do not depend on it.
        dataset : str, optional
            Name of a dataset of the experiment, as whose files these are read: with its HDUs, maps
            of noise and flags, zero points, pixel scales and state. By default the one that it was
            trained on.

        Returns
        -------
        Cutouts
            A bad file is among its ``problems``.

        Raises
        ------
        ConfigError
            When it is not clear which file and HDUs are which band.
        CutoutError
            When no file can be used, or two objects would have one id.
        """
        like = self._dataset(dataset)
        settings = self._settings(like, hdus, zero_point)
        files = self._files(like, paths, hdus)
        _check_apart(files, settings)
        ids = [stem(Path(path).name) for path in files[0]]
        _check_names(ids, files[0])
        batch = read_bands(files, ids, settings, self.experiment.config["seed"])
        problems = {ids[row]: reason for row, reason in batch.problems.items()}
        if not len(batch.rows):
            raise CutoutError(
                f"none of {len(ids)} files can be used: {problems or 'no file was given'}. Give "
                "paths of FITS files with an image."
            )
        names, is_denoised = [ids[row] for row in batch.rows], settings[0].denoised
        scales = _pixel_scales(like, batch.headers)
        return Cutouts(names, batch.flux, batch.sky_sigma, problems, is_denoised, scales)

    def _dataset(self, name: str | None) -> Dataset:
        """Return the dataset as whose files cutouts are read."""
        known = {dataset.name: dataset for dataset in self.experiment.datasets}
        if name is None:
            return self.experiment.dataset
        if name not in known:
            raise ConfigError(
                f"dataset: received {name!r}; expected one of the experiment "
                f"{self.experiment.name}, {sorted(known)}"
            )
        return known[name]

    def _settings(self, like: Dataset, hdus, zero_point: float | None) -> list[CutoutSettings]:
        """Return how each band is read."""
        settings = list(like.kind.settings(like.entry))
        if like.is_simulated:
            # What is read here was not simulated, and no number stands for a missing pixel in it.
            settings = [replace(each, masked_value=None) for each in settings]
        if hdus is not None:
            names = self._by_band("hdus", hdus, "names of HDUs")
            settings = [
                replace(each, hdus=tuple(name.upper() for name in own))
                for each, own in zip(settings, names, strict=True)
            ]
        if zero_point is not None:
            settings = [replace(each, zero_point=zero_point) for each in settings]
        return settings

    def _files(self, like: Dataset, paths, hdus) -> list[list[str]]:
        """Return the files of each band."""
        if isinstance(paths, Mapping) or (hdus is None and len(like.kind.layouts(like.entry)) > 1):
            files = [[*map(str, own)] for own in self._by_band("paths", paths, "paths")]
            if len({len(own) for own in files}) > 1:
                raise ConfigError(
                    f"paths: received {[len(own) for own in files]} of the bands "
                    f"{list(self._bands)}; expected as many of each, object by object"
                )
            return files
        if isinstance(paths, str | PathLike):
            raise ConfigError(
                f"paths: received the one path {str(paths)!r}; expected a list of paths, [path]"
            )
        first = [*map(str, paths)]
        if hdus is not None:
            return [first] * len(self._bands)
        others = self._bands[1:]
        return [first, *([like.kind.band_file(path, band) for path in first] for band in others)]

    def _by_band(self, key: str, given, what: str) -> list:
        """Return what is given of each band, in order."""
        bands = self._bands
        by_band = given if isinstance(given, Mapping) else {"": given}
        if set(by_band) != set(bands):
            each = f"a mapping from each of its bands {list(bands)} to " if bands[0] else ""
            raise ConfigError(
                f"{key}: received {given!r}; expected, for the experiment {self.experiment.name}, "
                f"{each}{what}"
            )
        return [by_band[band] for band in bands]

    @property
    def _bands(self) -> tuple[str, ...]:
        """The bands that the experiment sees, one without a name where there is a single one."""
        return self.experiment.dataset.bands or ("",)

    def take(self, images: np.ndarray, ids: Sequence[str] | None = None) -> Cutouts:
        """Take images that are in memory; their sky is measured in the border.

        Parameters
        ----------
        images : array-like of shape (n, height, width)
            Flux in any unit, first row at the bottom; cropped about the centre, or padded with
            noise of the sky, to 101 pixels. (n, band, height, width) of several bands.
        ids : sequence of str, optional
            Their names; numbers by default.

        Raises
        ------
        CutoutError
            When the shape is another, a pixel is not finite, or an image has no noise.
        """
        images = _checked(images, len(self._bands))
        names = [str(name) for name in (range(len(images)) if ids is None else ids)]
        if len(names) != len(images) or len(set(names)) != len(names):
            raise CutoutError(
                f"received {len(names)} ids ({len(set(names))} different) for {len(images)} "
                "images; expected one of its own for each."
            )
        if images.ndim == 3:
            return Cutouts(names, *self._taken(images, names, ()), {})
        keys = [(), *((band,) for band in self._bands[1:])]
        bands = [self._taken(images[:, place], names, key) for place, key in enumerate(keys)]
        flux, sigma = (np.stack(each, axis=1) for each in zip(*bands, strict=True))
        return Cutouts(names, flux, sigma, {})

    def _taken(self, images: np.ndarray, names: Sequence[str], keys: tuple[str, ...]):
        """Return images of one band at the size of cutouts, and the noise of their sky."""
        sigma = np.array([sky_sigma(image) for image in images], dtype=np.float32)
        _check_noise(names, sigma)
        seed = self.experiment.config["seed"]
        flux = [
            fit_to_size(image, NATIVE_SIZE, noise, rng(seed, "missing", *keys, name))
            for image, noise, name in zip(images, sigma, names, strict=True)
        ]
        return np.array(flux, dtype=np.float32), sigma

    def embed(self, cutouts: Cutouts) -> np.ndarray:
        """Return the features (n, d), float32."""
        size = self.experiment.preset["image_size"]
        images = prepare_images(cutouts.flux, cutouts.sky_sigma, self.run.scale, size)
        return self._encode(images if cutouts.are_denoised else self._denoise(images))

    def score(self, cutouts: Cutouts) -> pd.DataFrame:
        """Return a table of id, cluster, p_lens (where clusters are judged) and log_density.

        The probability is what the clusters of the run say by the judgement that counts: that of
        the workflow's scores, unless the experiment has more that ranks, which a warning names.
        """
        features, mixture = self.embed(cutouts).astype(np.float64), self._mixtures.judged
        table = pd.DataFrame({"id": cutouts.ids, "cluster": mixture.labels(features)})
        if self.experiment.judgement.gives_probabilities:
            table["p_lens"] = self._probability(features)
            self._tell_of_more()
        return table.assign(log_density=mixture.log_density(features))

    def _probability(self, features: np.ndarray) -> np.ndarray:
        experiment, mixture = self.experiment, self._mixtures.judged
        path = self.root / experiment.cluster_labels_path(self.run, experiment.judgement.name)
        prior = experiment.settings["prior"]
        labels = cluster_labels.read(path, mixture.hash, mixture.n_components, prior)
        said = memberships(self._mixtures, features, mixture.responsibilities(features))
        return judged_chances(said, labels).p_lens

    def _tell_of_more(self) -> None:
        """Warn where the clusters of the run are not all that ranks its candidates."""
        experiment = self.experiment
        more = [f"the clusters of {other.name}" for other in experiment.beside]
        more += ["a student"] if experiment.students else []
        more += ["graded images"] if experiment.has_head else []
        if more:
            logger.warning(
                "p_lens is what the clusters of %s say by themselves; its candidates are ranked "
                "by %s too. Put the images into a dataset under apply_to for the same numbers.",
                experiment.name,
                " and ".join(more),
            )

    def picture(self, cutouts: Cutouts, table: pd.DataFrame, n: int = 30) -> Figure:
        """Return a figure of the best of a table, the first that ranks.

        A bar of an arcsecond is drawn where it is known how large the pixels are.

        Parameters
        ----------
        cutouts : Cutouts
        table : DataFrame
            What `score` returned for them, or some rows of it in any order.
        n : int
            How many are drawn.

        Raises
        ------
        CutoutError
            When it has an object that is none of the cutouts.
        """
        by, upward = ("p_lens", False) if "p_lens" in table else ("log_density", True)
        best = table.sort_values(by, ascending=upward, kind="stable").head(n)
        # Not by the index: who chooses or sorts rows may number them anew.
        places = pd.Index(cutouts.ids).get_indexer(best["id"])
        if (places < 0).any():
            raise CutoutError(
                f"the table has an object {best['id'].iloc[places.argmin()]!r}, which is none of "
                f"the {len(cutouts)} cutouts; expected those that were scored."
            )
        images = shown_images(cutouts.flux, cutouts.sky_sigma, self.experiment.shown_scale)
        best = best.assign(rank=range(1, len(best) + 1))
        unknown = np.full(len(cutouts), np.nan)
        scales = unknown if cutouts.pixel_arcsec is None else cutouts.pixel_arcsec
        return sheet(best, images[places], scales[places], self.experiment.judgement.title)


def _pixel_scales(like: Dataset, headers: np.ndarray) -> np.ndarray:
    """Return the sides of the pixels (arcsec) of n images by their dataset's kind, or their WCS.

    What is read as simulated images was not simulated, so that the kind says nothing of it.
    """
    known = like.kind.pixel_arcsec
    if known is not None and not like.is_simulated:
        return np.full(len(headers), known)
    return pixel_scales(headers[:, 2:])


def _check_apart(files: Sequence[Sequence[str]], settings: Sequence[CutoutSettings]) -> None:
    """Refuse two bands of an object that would be the same image."""
    for one, other in combinations(range(len(settings)), 2):
        same = [a for a, b in zip(files[one], files[other], strict=True) if a == b]
        if same and settings[one].hdus == settings[other].hdus:
            raise ConfigError(
                f"the bands {settings[one].band} and {settings[other].band} would be read from the "
                f"same files and HDUs ({same[0]}, {settings[one].hdus}); expected, as hdus or "
                f"paths, a mapping from each of its bands {[each.band for each in settings]} to "
                "HDUs or files of its own"
            )


def _check_names(ids: Sequence[str], paths: Sequence[str]) -> None:
    """Refuse two objects of one identifier."""
    seen: dict[str, str] = {}
    for name, path in zip(ids, paths, strict=True):
        if name in seen:
            raise CutoutError(
                f"{seen[name]} and {path} would both have the id {name!r}; expected files of "
                "different names. Read them in two calls."
            )
        seen[name] = path


def _checked(images: np.ndarray, n_bands: int) -> np.ndarray:
    images = np.asarray(images, dtype=np.float32)
    bands = () if n_bands == 1 else (n_bands,)
    if images.ndim != 3 + len(bands) or not len(images) or images.shape[1:-2] != bands:
        wanted = f"(n, {n_bands}, height, width)" if bands else "(n, height, width)"
        raise CutoutError(
            f"received an array of shape {images.shape}, expected {wanted} with n > 0. "
            "Give one image as images[None]."
        )
    bad = np.flatnonzero(~np.isfinite(images.reshape(len(images), -1)).all(axis=1))
    if bad.size:
        raise CutoutError(
            f"{bad.size} of {len(images)} images have pixels that are not finite, number {bad[0]} "
            "first; expected numbers. Fill them, or read the files, whose gaps are filled."
        )
    return images


def _check_noise(names: Sequence[str], sigma: np.ndarray) -> None:
    without = np.flatnonzero(~(sigma > 0))
    if without.size:
        raise CutoutError(
            f"{without.size} of {len(sigma)} images have no noise in their border, "
            f"{names[without[0]]!r} first; expected sky there. Give images as they were observed."
        )
