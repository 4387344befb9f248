"""How well clusters of an encoder's features find lenses, on objects that nothing was chosen on.

    PYTHONPATH=scripts python -m lensflow.studies.compare_encoders --work WORK --output FILE.csv

Simulates training-like objects to fit the encoders and the mixtures on, and fresh ones of both
populations; writes one row an encoder, sample and mixture seed: the AUC, before and after the cut,
TPR0 and TPR10, with the true fractions of the training sample's clusters. The simulated images
stay in the work folder for the next run (42 kB an object).
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap
from threadpoolctl import threadpool_limits

from lensflow.cluster import clusterers
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.probability import lens_probability
from lensflow.embed.pca import PcaEncoder
from lensflow.embed.polar import PolarEncoder
from lensflow.errors import ConfigError
from lensflow.evaluate.metrics import all_metrics, auroc
from lensflow.evaluate.selection import apply_cut, passes_cut
from lensflow.files.tables import write_csv
from lensflow.prepare.binning import bin_images
from lensflow.prepare.polar_grid import KNEE
from lensflow.samples.bands import band_axes
from lensflow.simulate.constants import SIZE
from lensflow.simulate.population import load
from lensflow.simulate.shards import simulate_object
from lensflow.studies.command import command

SIMULATION_SEED = 1
PCA_SIZE = 51
"""Side of the images that principal components are taken of."""

BLOCK = 500


class Sample(NamedTuple):
    """Consecutive simulated objects of one population, in one band or several."""

    population: str
    first_id: int
    n_objects: int
    bands: tuple[str, ...] = ("VIS",)


def simulated(work: Path, sample: Sample) -> tuple[np.ndarray, pd.DataFrame]:
    """Return images (n, 101, 101) float32 in sky sigma, mapped from disk, and what is known.

    Of several bands the images are (n, band, 101, 101), each in its own sky sigma.
    The table has the columns id, is_lens, numb_pix_lensed_image and flux_lensed_image_in_sigma.

    Raises
    ------
    ConfigError
        When there is to be no object.
    """
    if sample.n_objects < 1:
        raise ConfigError(
            f"{sample.n_objects} objects of the population {sample.population!r} are asked for; "
            "expected at least one. Give larger numbers of objects"
        )
    stem = work / "_".join(map(str, [*sample[:3], *sample.bands[1:]]))
    images_path, table_path = stem.with_suffix(".npy"), stem.with_suffix(".csv")
    if not table_path.exists():
        work.mkdir(parents=True, exist_ok=True)
        shape = (sample.n_objects, *band_axes(sample.bands), SIZE, SIZE)
        images = open_memmap(images_path, mode="w+", dtype=np.float32, shape=shape)
        rows = list(_simulate(sample, images))
        images.flush()
        # The table comes last: where it is, the images are complete.
        pd.DataFrame(rows).to_csv(table_path, index=False)
    return np.load(images_path, mmap_mode="r"), pd.read_csv(table_path, dtype={"id": str})


def _simulate(sample: Sample, images: np.ndarray) -> Iterator[dict]:
    """Fill the images, and yield what is known of each object."""
    population = load(sample.population)
    with threadpool_limits(1, user_api="blas"):
        for row in range(sample.n_objects):
            identifier = sample.first_id + row
            made = simulate_object(population, SIMULATION_SEED, identifier, sample.bands)
            several = [made["public"], *made["other_bands"].values()]
            images[row] = several if len(several) > 1 else several[0]
            lensed = made["no_lens"][made["no_lens"] > 1]
            yield {
                "id": sample.first_id + row,
                "is_lens": int(made["is_lens"]),
                "numb_pix_lensed_image": lensed.size,
                "flux_lensed_image_in_sigma": float(lensed.sum()),
            }


def pixels(images: np.ndarray) -> np.ndarray:
    """Return images at 51 pixels on the scale of the polar grid: ``log10(1 + max(f, 0) / 2)``."""
    return np.log10(1 + np.maximum(bin_images(images, PCA_SIZE), 0) / np.float32(KNEE))


def blocks(images: np.ndarray, ids: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield images and identifiers, `BLOCK` at a time."""
    for start in range(0, len(images), BLOCK):
        yield images[start : start + BLOCK], ids[start : start + BLOCK]


def encoded(encode: Callable, images: np.ndarray) -> np.ndarray:
    """Return the features of images (n, 101, 101), a block at a time: (n, d)."""
    ids = np.arange(len(images))
    return np.concatenate([encode(block) for block, _ in blocks(images, ids)])


def _polar(images: np.ndarray, ids: np.ndarray, n_features: int, seed: int) -> Callable:
    return PolarEncoder.fit(blocks(images, ids), n_features, seed).encode


def _pca(images: np.ndarray, ids: np.ndarray, n_features: int, seed: int) -> Callable:
    scaled = (pixels(block) for block, _ in blocks(images, ids))
    encoder = PcaEncoder.fit(scaled, len(images), n_features, seed)
    return lambda block: encoder.encode(pixels(block))


STUDIED = {"polar": _polar, "pca": _pca}
"""From images, ids, number of features and seed to a function from images to features."""


def clustered(
    features: dict[str, np.ndarray], is_lens: np.ndarray, n_clusters: int, seed: int
) -> dict[str, np.ndarray]:
    """Return the lens probabilities of each sample by the true fractions of ``train``."""
    train = features["train"].astype(np.float64)
    settings = {"n_components": n_clusters, "seed": seed, "max_iter": 300}
    mixture = clusterers.fit("lensflow", train, tol=1e-3 * len(train) / 100, **settings)
    fractions = known_fractions(mixture.labels(train), is_lens, n_clusters)
    return {
        name: lens_probability(mixture.responsibilities(values.astype(np.float64)), fractions)
        for name, values in features.items()
        if name != "train"
    }


def metrics(table: pd.DataFrame, p_lens: np.ndarray) -> dict[str, float]:
    """Return the AUC before and after the cut, TPR0 and TPR10 of one sample."""
    is_lens = table["is_lens"].to_numpy()
    passes = passes_cut(table["flux_lensed_image_in_sigma"], table["numb_pix_lensed_image"])
    keep = apply_cut(is_lens, passes)
    found = all_metrics(is_lens, p_lens)
    return {
        "auc": float(found["auc"]),
        "auc_cut": auroc(is_lens[keep], p_lens[keep]),
        "tpr0": float(found["tpr0"]),
        "tpr10": float(found["tpr10"]),
    }


def compare(samples: dict[str, tuple[np.ndarray, pd.DataFrame]], given) -> Iterator[dict]:
    """Yield one row an encoder, sample and mixture seed."""
    images, train = samples["train"]
    for name, fitted in STUDIED.items():
        start = time.perf_counter()
        encode = fitted(images, train["id"].to_numpy(), given.n_features, given.seed)
        between = time.perf_counter()
        features = {sample: encoded(encode, values) for sample, (values, _) in samples.items()}
        n_encoded, seconds = sum(map(len, features.values())), time.perf_counter() - between
        cost = {"fit_seconds": between - start, "images_per_second": n_encoded / seconds}
        for mixture_seed in range(given.n_runs):
            found = clustered(features, train["is_lens"].to_numpy(), given.n_clusters, mixture_seed)
            for sample, p_lens in found.items():
                key = {"encoder": name, "n_features": given.n_features, "sample": sample}
                yield {**key, "seed": mixture_seed, **metrics(samples[sample][1], p_lens), **cost}


@command
def main() -> None:
    """Read the command line, simulate, compare, and write and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="CSV to write")
    parser.add_argument("--n-train", type=int, default=6000, help="objects to fit on")
    parser.add_argument("--n-test", type=int, default=3000, help="fresh objects a population")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-clusters", type=int, default=24)
    parser.add_argument("--n-runs", type=int, default=3, help="mixture seeds")
    parser.add_argument("--seed", type=int, default=1, help="of the encoders")
    given = parser.parse_args()
    wanted = {
        "train": Sample("training", 100000, given.n_train),
        "training": Sample("training", 700000, given.n_test),
        "challenge": Sample("challenge", 800000, given.n_test),
    }
    samples = {name: simulated(given.work, sample) for name, sample in wanted.items()}
    table = pd.DataFrame(compare(samples, given))
    write_csv(given.output, table)
    means = table.groupby(["encoder", "sample"], sort=False).mean(numeric_only=True)
    print(table.round(3).to_string(index=False))
    print(means.drop(columns="seed").round(3).to_string())


if __name__ == "__main__":
    main()
