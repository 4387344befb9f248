"""Runs of an experiment: their paths, the scores of their samples, and what an evaluation keeps.

Runs are known by their paths, ``.../<scale>/features_<d>/run_<r>/<file>``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.errors import ArtifactError, ConfigError
from lensflow.evaluate import selection
from lensflow.evaluate.resampling import TABLE1_RATIOS, ratio_weights

METRICS = ("auc", "tpr0", "tpr10", "recall", "precision", "f1", "accuracy", "tp", "fp", "fn", "tn")
METRICS_COLUMNS = [
    *("scale", "n_features", "run", "sample", "labels", "cut", "n_lens", "n_nonlens"),
    *METRICS,
]
BASELINE_COLUMNS = [*METRICS_COLUMNS[:3], "representation", *METRICS_COLUMNS[3:]]


class Run(NamedTuple):
    """One trained and clustered network of an experiment."""

    scale: str
    n_features: int
    run: int


@dataclass(frozen=True)
class Settings:
    """What an evaluation chooses beyond its inputs.

    Attributes
    ----------
    seed : int
    n_bootstrap : int
        Bootstrap samples behind the 68 % interval; 0 leaves it empty.
    n_shuffles : int
        Shuffles of the null for each run.
    held_out : str or None
        Sample that the null scores; half of the training objects when None.
    ratio_sample : str or None
        Sample that is also evaluated at the ratios of table 1, as ``<sample>_1to<ratio>``.
    min_pixels, min_snr : float
        The cut on lenses.
    """

    seed: int
    n_bootstrap: int = 200
    n_shuffles: int = 20
    held_out: str | None = "test"
    ratio_sample: str | None = None
    min_pixels: float = selection.MIN_PIXELS
    min_snr: float = selection.MIN_SNR

    @property
    def cut_name(self) -> str:
        """Name of the cut in tables, such as ``n100_snr50``."""
        return f"n{self.min_pixels:g}_snr{self.min_snr:g}"


@dataclass(frozen=True)
class Scores:
    """The rows of known class of one run's sample.

    Attributes
    ----------
    table : pandas.DataFrame
        Rows of ``scores_<sample>.csv`` whose class is known.
    passes : numpy.ndarray of bool or None
        Which rows pass the cut; None where the catalogue does not say.
    """

    run: Run
    sample: str
    table: pd.DataFrame
    passes: np.ndarray | None

    @property
    def methods(self) -> list[str]:
        """Labelling methods that scored this sample."""
        return [name[7:] for name in self.table.columns if name.startswith("p_lens_")]


def parse_path(path: str | Path, prefix: str) -> tuple[Run, str]:
    """Return the run and the rest of the name of ``<scale>/features_<d>/run_<r>/<prefix><rest>``.

    Raises
    ------
    ConfigError
        When the path is of another form.
    """
    pattern = rf"([^/]+)/features_(\d+)/run_(\d+)/{re.escape(prefix)}([^/]*)\.\w+$"
    match = re.search(pattern, Path(path).as_posix())
    if match is None:
        raise ConfigError(
            f"{path}: expected is .../<scale>/features_<d>/run_<r>/{prefix}... , from which the "
            "run is known"
        )
    return Run(match[1], int(match[2]), int(match[3])), match[4]


def read_scores(scores_path: str | Path, embeddings_path: str | Path, settings: Settings) -> Scores:
    """Read the scores of one sample, and from its embeddings which lenses pass the cut.

    Raises
    ------
    ArtifactError
        When the two files do not hold the same rows.
    """
    run, sample = parse_path(scores_path, "scores_")
    table = pd.read_csv(scores_path, dtype={"id": str}, keep_default_na=False)
    with artifacts.open(embeddings_path, "embeddings") as f:
        ids = artifacts.read_strings(f, "id")
        flux = artifacts.read(f, "catalogue/flux_lensed_image_in_sigma")
        n_pixels = artifacts.read(f, "catalogue/numb_pix_lensed_image")
    if not np.array_equal(ids, table["id"]):
        raise ArtifactError(
            f"{scores_path} and {embeddings_path} hold different rows; score the sample again"
        )
    is_lens = table["is_lens"].to_numpy()
    passes = cut_of_lenses(is_lens, flux, n_pixels, settings)
    known = is_lens >= 0
    return Scores(run, sample, table[known], None if passes is None else passes[known])


def cut_of_lenses(
    is_lens: np.ndarray, flux: np.ndarray, n_pixels: np.ndarray, settings: Settings
) -> np.ndarray | None:
    """Return which rows pass the cut: (n,) bool; None when the catalogue tells of no lens."""
    # Catalogues mark an unknown count of pixels by -1.
    if not ((is_lens == 1) & np.isfinite(flux) & (n_pixels >= 0)).any():
        return None
    return selection.passes_cut(flux, n_pixels, settings.min_pixels, settings.min_snr)


def cuts(scores: Scores, settings: Settings) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each cut and which rows stay: (n,) bool."""
    yield "none", np.ones(len(scores.table), dtype=bool)
    if scores.passes is not None:
        yield settings.cut_name, selection.apply_cut(scores.table["is_lens"], scores.passes)


def weightings(scores: Scores, settings: Settings) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the sample as it is and, if asked for, at the ratios of table 1: name, (n,) weights."""
    weight = scores.table["weight"].to_numpy()
    yield scores.sample, weight
    is_lens = scores.table["is_lens"].to_numpy()
    if scores.sample == settings.ratio_sample and {0, 1} <= set(is_lens):
        for ratio in TABLE1_RATIOS:
            drawn = ratio_weights(is_lens, ratio, settings.seed)
            yield f"{scores.sample}_1to{ratio}", weight * drawn


def by_sample(score_paths: Iterable) -> dict[tuple, list]:
    """Group the paths of scores by scale, number of features and sample, runs in order."""
    groups: dict[tuple, list] = {}
    for path in sorted(map(str, score_paths), key=lambda p: (parse_path(p, "scores_"), p)):
        run, sample = parse_path(path, "scores_")
        groups.setdefault((*run[:2], sample), []).append(path)
    return groups


def beside(score_path: str, embedding_paths: list) -> str | Path:
    """Return the embeddings of the same run and sample."""
    wanted = parse_path(score_path, "scores_")
    for path in embedding_paths:
        if parse_path(path, "embeddings_") == wanted:
            return path
    raise ConfigError(f"{score_path}: the embeddings of this sample are not among the inputs")


def numbers(metrics: dict) -> dict[str, float]:
    """Return the metrics of one weighting as numbers for a table."""
    return {name: float(value) for name, value in metrics.items()}
