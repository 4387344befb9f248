"""Baselines: principal components in place of the autoencoder, all else alike.

The same number of linear features of the same stacks, the same mixture, equation 7 with known
fractions. What the networks add is what they gain over this.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.mixture.fitting import fit
from lensflow.cluster.mixture.parameters import MixtureParameters
from lensflow.cluster.probability import lens_probability
from lensflow.errors import ConfigError
from lensflow.evaluate.metrics import all_metrics
from lensflow.evaluate.runs import (
    BASELINE_COLUMNS,
    Run,
    Scores,
    Settings,
    cut_of_lenses,
    cuts,
    numbers,
)
from lensflow.prepare.augmentation import mean_over_views
from lensflow.seeds import rng
from lensflow.tables import write_csv

IMAGES_AT_MOST = 8192
"""Images that determine the components: 330 MB at 101 x 101 pixels, however large the sample."""

logger = logging.getLogger(__name__)


def fit_components(
    stack_paths: Iterable, n_features: int, seed: int, images_at_most: int = IMAGES_AT_MOST
) -> PCA:
    """Fit principal components to images drawn evenly from all shards of a stack.

    Parameters
    ----------
    stack_paths : iterable of path
        Shards (kind ``stack``) of the training sample.
    n_features : int
        Components to keep.
    seed : int
        Of the draw and of the randomised decomposition.
    images_at_most : int

    Returns
    -------
    sklearn.decomposition.PCA

    Raises
    ------
    ConfigError
        When there are fewer images than components.
    """
    stack_paths = list(stack_paths)
    sizes = np.array([_n_images(path) for path in stack_paths])
    total = int(sizes.sum())
    if total < n_features:
        raise ConfigError(
            f"{n_features} principal components need as many images, received {total}; "
            "use fewer features or more images"
        )
    drawn = np.sort(rng(seed, "pca").permutation(total)[:images_at_most])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    images = [
        _images(path)[drawn[(drawn >= start) & (drawn < stop)] - start]
        for path, start, stop in zip(stack_paths, starts[:-1], starts[1:], strict=True)
    ]
    rows = _as_rows(np.concatenate(images))
    solver = "randomized" if min(rows.shape) > 500 else "full"
    return PCA(n_features, svd_solver=solver, random_state=seed).fit(rows)


def project(
    stack_paths: Iterable, components: PCA, pooling: str = "none"
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the components of every image of a sample and what is known of it.

    Parameters
    ----------
    stack_paths : iterable of path
    components : sklearn.decomposition.PCA
    pooling : {"none", "d4"}
        Of the image, or their mean over its eight views, as for an embedding.

    Returns
    -------
    numpy.ndarray of shape (n, d), float64
    pandas.DataFrame
        id, is_lens, in the same order.
    """
    features, tables = [], []
    for path in stack_paths:
        features.append(_transform(components, _images(path), pooling).astype(np.float64))
        with artifacts.open(path, "stack") as f:
            columns = {
                "id": artifacts.read_strings(f, "id"),
                "is_lens": artifacts.read(f, "is_lens"),
            }
        tables.append(pd.DataFrame(columns))
    return np.concatenate(features), pd.concat(tables, ignore_index=True)


def _transform(components: PCA, images: np.ndarray, pooling: str) -> np.ndarray:
    if pooling == "none":
        return components.transform(_as_rows(images))
    return mean_over_views(lambda view: components.transform(_as_rows(view)), images)


def _n_images(path: str | Path) -> int:
    with artifacts.open(path, "stack") as f:
        return f["image"].shape[0]


def _images(path: str | Path) -> np.ndarray:
    """Return the images of one shard: (n, size, size) float32."""
    with artifacts.open(path, "stack") as f:
        return artifacts.read(f, "image")


def _as_rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def baseline_rows(
    representation: str,
    samples: Mapping[str, tuple[np.ndarray, pd.DataFrame, np.ndarray | None]],
    run: Run,
    mixture: MixtureParameters,
    settings: Settings,
) -> list[dict]:
    """Return the metrics of one baseline run on every sample, known fractions of ``train``.

    Parameters
    ----------
    representation : str
    samples : mapping of str to (features (n, d), table of id and is_lens, passes (n,) or None)
    run : Run
    mixture : MixtureParameters
        Fitted to the features of ``train``.
    settings : Settings

    Returns
    -------
    list of dict
    """
    train, train_table, _ = samples["train"]
    is_lens = train_table["is_lens"].to_numpy()
    fractions = known_fractions(mixture.labels(train), is_lens, mixture.n_components)
    rows = []
    for sample, (features, table, passes) in samples.items():
        known = (table["is_lens"] >= 0).to_numpy()
        p_lens = lens_probability(mixture.responsibilities(features[known]), fractions)
        passes = None if passes is None else passes[known]
        scores = Scores(run, sample, table[known], passes)
        for cut, keep in cuts(scores, settings):
            found = numbers(all_metrics(scores.table["is_lens"].to_numpy()[keep], p_lens[keep]))
            key = {"representation": representation, "sample": sample, "labels": "known"}
            rows.append({**run._asdict(), **key, "cut": cut, **found})
    return rows


def fit_baseline_stage(
    stacks: Mapping[str, Mapping[str, list]],
    pooling: str,
    index_path: str | Path,
    output_path: str | Path,
    scale: str,
    n_features: Iterable[int],
    n_runs: int,
    mixture_settings: Mapping,
    settings: Settings,
    n_threads: int | None = None,
) -> None:
    """Write the metrics of principal-component baselines of one scale.

    Parameters
    ----------
    stacks : mapping
        Shards by representation (``pca_raw``, ``pca_denoised``) and sample (``train``, ``test``).
    pooling : {"none", "d4"}
        The preset's pooling: with "d4" the pooled components stand beside the plain ones, as
        ``<representation>_d4``, so that the networks win by what they learn and not by pooling.
    index_path : str or Path
        ``index.h5`` of the dataset: the lensed pixels and fluxes for the cut.
    output_path : str or Path
        CSV: scale, n_features, run, representation, sample, labels, cut, and the metrics.
    scale : str
    n_features : iterable of int
    n_runs : int
        Mixtures with seeds of their own.
    mixture_settings : mapping
        Settings of `lensflow.cluster.mixture.fitting.fit` but for the seed; ``n_components``
        None takes the number of features.
    settings : Settings
    n_threads : int, optional
        Most threads of linear algebra.
    """
    n_features, rows = sorted(n_features), []
    with threadpool_limits(limits=n_threads):
        for representation, pooled, shards in _representations(stacks, pooling):
            components = fit_components(shards["train"], n_features[-1], settings.seed)
            full = {s: project(paths, components, pooled) for s, paths in shards.items() if paths}
            cut = {s: _passes(table, index_path, settings) for s, (_, table) in full.items()}
            for d in n_features:
                samples = {s: (x[:, :d], table, cut[s]) for s, (x, table) in full.items()}
                k = mixture_settings["n_components"] or d
                for run in range(n_runs):
                    chosen = {**mixture_settings, "n_components": k, "seed": settings.seed + run}
                    mixture = fit(samples["train"][0], **chosen)
                    key = Run(scale, d, run)
                    rows += baseline_rows(representation, samples, key, mixture, settings)
                logger.info("%s, %d features: %d runs done", representation, d, n_runs)
    write_csv(output_path, pd.DataFrame(rows, columns=BASELINE_COLUMNS))


def _representations(stacks: Mapping, pooling: str) -> Iterator[tuple[str, str, Mapping]]:
    """Yield (name, pooling, shards) of every baseline."""
    for name, shards in stacks.items():
        yield name, "none", shards
        if pooling != "none":
            yield f"{name}_{pooling}", pooling, shards


def _passes(table: pd.DataFrame, index_path: str | Path, settings: Settings) -> np.ndarray | None:
    """Return which rows pass the cut, None when no lens has the values it takes."""
    with artifacts.open(index_path, "index") as f:
        catalogue = pd.DataFrame(
            {
                "n_pixels": artifacts.read(f, "catalogue/numb_pix_lensed_image"),
                "flux": artifacts.read(f, "catalogue/flux_lensed_image_in_sigma"),
            },
            index=artifacts.read_strings(f, "id"),
        )
    rows = catalogue.loc[table["id"]]
    return cut_of_lenses(
        table["is_lens"].to_numpy(), rows["flux"].to_numpy(), rows["n_pixels"].to_numpy(), settings
    )
