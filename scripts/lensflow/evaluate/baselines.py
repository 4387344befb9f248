"""Baselines: principal components in place of the encoder, all else alike.

The same number of linear features of the same stacks, the same mixture, equation 7 with known
fractions. What an encoder adds is what it gains over this.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from lensflow.cluster import clusterers
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.judgements import TRUE_FRACTIONS, known_fractions
from lensflow.cluster.probability import lens_probability
from lensflow.errors import ConfigError
from lensflow.evaluate.columns import BASELINE_COLUMNS
from lensflow.evaluate.metrics import all_metrics, as_numbers
from lensflow.evaluate.selection import cuts, passing_lenses
from lensflow.files.tables import write_csv
from lensflow.prepare.augmentation import mean_over_views
from lensflow.prepare.scaling import compressed
from lensflow.samples.images import read_index
from lensflow.samples.rows import MEASURES
from lensflow.samples.runs import Run
from lensflow.samples.stacks import open_stack
from lensflow.seeds import rng

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
    sizes = [_n_images(path) for path in stack_paths]
    total = sum(sizes)
    if total < n_features:
        raise ConfigError(
            f"{n_features} principal components need as many images, received {total}; "
            "use fewer features or more images"
        )
    drawn = np.sort(rng(seed, "pca").permutation(total)[:images_at_most])
    stops = np.cumsum(sizes)
    images = [
        _images(path)[drawn[(drawn >= stop - size) & (drawn < stop)] - (stop - size)]
        for path, size, stop in zip(stack_paths, sizes, stops, strict=True)
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
        id, rotation, is_lens, in the same order.
    """
    features, tables = [], []
    for path in stack_paths:
        with open_stack(path) as stack:
            images, rows = compressed(stack.images(), stack.scale), stack.rows()
        tables.append(rows)
        # Of fewer images than shards some have none, which scikit-learn does not take.
        if len(images):
            features.append(_transform(components, images, pooling).astype(np.float64))
    return np.concatenate(features), pd.concat(tables, ignore_index=True)


def _transform(components: PCA, images: np.ndarray, pooling: str) -> np.ndarray:
    if pooling == "none":
        return components.transform(_as_rows(images))
    return mean_over_views(lambda view: components.transform(_as_rows(view)), images)


def _n_images(path: str | Path) -> int:
    with open_stack(path) as stack:
        return len(stack)


def _images(path: str | Path) -> np.ndarray:
    """Return the images of one shard: (n, size, size) float32."""
    with open_stack(path) as stack:
        return compressed(stack.images(), stack.scale)


def _as_rows(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def baseline_rows(
    representation: str,
    samples: Mapping[str, tuple[np.ndarray, pd.DataFrame, np.ndarray | None]],
    run: Run,
    mixture: Clustering,
) -> list[dict]:
    """Return the metrics of one baseline run on every sample, known fractions of ``train``.

    Parameters
    ----------
    representation : str
    samples : mapping of str to (features (n, d), table of id and is_lens, passes (n,) or None)
    run : Run
    mixture : Clustering
        Fitted to the features of ``train``.

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
        truth = table["is_lens"].to_numpy()[known]
        p_lens = lens_probability(mixture.responsibilities(features[known]), fractions)
        for cut, keep in cuts(truth, None if passes is None else passes[known]):
            found = as_numbers(all_metrics(truth[keep], p_lens[keep]))
            key = {"representation": representation, "sample": sample, "labels": TRUE_FRACTIONS}
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
    seed: int,
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
        CSV: scale, n_features, run, representation, sample, labels, cut, and the metrics; without
        rows where no training image has a known class.
    scale : str
    n_features : iterable of int
    n_runs : int
        Mixtures with seeds of their own.
    mixture_settings : mapping
        ``engine``, and the clusterer's settings but for the seed; ``n_components`` None takes the
        number of features.
    seed : int
        Of the components, and of the first run's mixture.
    n_threads : int, optional
        Most threads of linear algebra.
    """
    n_features, rows = sorted(n_features), []
    chosen = stacks if _has_classes(stacks) else {}
    with threadpool_limits(limits=n_threads):
        for representation, pooled, shards in _representations(chosen, pooling):
            full = _project_all(shards, n_features[-1], pooled, index_path, seed)
            for d in n_features:
                samples = {name: (x[:, :d], *rest) for name, (x, *rest) in full.items()}
                for run in range(n_runs):
                    mixture = _fit(samples["train"][0], mixture_settings, seed + run)
                    rows += baseline_rows(representation, samples, Run(scale, d, run), mixture)
                logger.info("%s, %d features: %d runs done", representation, d, n_runs)
    write_csv(output_path, pd.DataFrame(rows, columns=BASELINE_COLUMNS))


def _has_classes(stacks: Mapping[str, Mapping[str, list]]) -> bool:
    """Return whether any training image has a known class: a catalogue need not say any."""
    for path in next(iter(stacks.values()))["train"]:
        with open_stack(path) as stack:
            if (stack.rows()["is_lens"] >= 0).any():
                return True
    logger.info("no training image has a known class: no baseline")
    return False


def _project_all(
    shards: Mapping[str, list], n_features: int, pooling: str, index_path: str | Path, seed: int
) -> dict[str, tuple]:
    """Return features, rows, and which pass the cut, of each sample that there is."""
    components = fit_components(shards["train"], n_features, seed)
    projected = {
        name: project(paths, components, pooling) for name, paths in shards.items() if paths
    }
    return {
        name: (features, table, _passes(table, index_path))
        for name, (features, table) in projected.items()
    }


def _fit(features: np.ndarray, mixture_settings: Mapping, seed: int) -> Clustering:
    chosen = {**mixture_settings, "seed": seed}
    chosen["n_components"] = chosen["n_components"] or features.shape[1]
    return clusterers.fit(chosen.pop("engine"), features, **chosen)


def _representations(stacks: Mapping, pooling: str) -> Iterator[tuple[str, str, Mapping]]:
    """Yield (name, pooling, shards) of every baseline."""
    for name, shards in stacks.items():
        yield name, "none", shards
        if pooling != "none":
            yield f"{name}_{pooling}", pooling, shards


def _passes(table: pd.DataFrame, index_path: str | Path) -> np.ndarray | None:
    """Return which rows pass the cut, None when no lens has the values it takes."""
    catalogue = read_index(index_path, catalogue=MEASURES).set_index("id")
    return passing_lenses(table["is_lens"], catalogue.loc[table["id"]])
