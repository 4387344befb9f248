r"""What makes the autoencoder better than principal components: a sweep over representations.

    PYTHONPATH=scripts python -m lensflow.studies.sweep_representations \
        --output results/published/representations.csv

Needs the demo's images and split (run the demo first) and writes one row a representation and
number of clusters: the AUC on the demo's held-out objects, before and after the cut, with known
fractions. It is a record of how the demo's settings were chosen; the workflow does not use it.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.decomposition import PCA

from lensflow.cluster import clusterers
from lensflow.cluster.judgements import known_fractions
from lensflow.cluster.probability import lens_probability
from lensflow.evaluate import selection
from lensflow.evaluate.metrics import auroc
from lensflow.networks.denoising import load_denoiser
from lensflow.networks.runtime import start_backend
from lensflow.prepare.augmentation import mean_over_views
from lensflow.prepare.binning import bin_images, binned_noise
from lensflow.prepare.scaling import min_max
from lensflow.samples.stacks import open_stack, write_stack
from lensflow.studies.command import command
from lensflow.studies.whole_samples import flux_of_sample

ROOT = Path(__file__).resolve().parents[3]
CLUSTERS = (8, 24)
MIXTURE_SEEDS = (0, 1)


@dataclass(frozen=True)
class Variant:
    """One representation of the images.

    Attributes
    ----------
    features : {"pca", "autoencoder"}
    knee : float
        Of the logarithm, in sky sigmas; infinity is the linear scale.
    denoiser_levels : int
        Poolings of the denoiser; 0 leaves the images as they are.
    n_features, epochs : int
        Of the embedding, and of the autoencoder's training.
    activation : {"linear", "relu"}
        Of the embedding.
    pooling : {"none", "d4"}
        Whether features are averaged over turns and mirror images.
    optimizer : {"muon", "adam", "none"}
        Of denoiser and autoencoder; with it go batch and rate, see ``OPTIMIZERS``. None where no
        network is trained.
    """

    features: str = "autoencoder"
    knee: float = 4.0
    denoiser_levels: int = 2
    n_features: int = 8
    epochs: int = 10
    activation: str = "linear"
    pooling: str = "none"
    optimizer: str = "muon"


# What the demo's presets say (muon), and what they said before (adam).
OPTIMIZERS = {
    "muon": {},
    "adam": {"optimizer": "adam", "batch_size": 16, "learning_rate": 0.003},
}
DEMO = Variant()
LONG = replace(DEMO, epochs=40)
ADAM = replace(DEMO, optimizer="adam")
PCA_RAW = replace(DEMO, features="pca", denoiser_levels=0, optimizer="none")
LONG_ADAM = replace(ADAM, epochs=40)
LONG_ADAM_RAW = replace(LONG_ADAM, denoiser_levels=0)
VARIANTS = [
    DEMO,
    replace(DEMO, features="pca"),
    replace(DEMO, features="pca", n_features=16),
    replace(DEMO, denoiser_levels=0),
    replace(DEMO, n_features=16),
    replace(DEMO, activation="relu"),
    LONG,
    # Without a network.
    *(replace(PCA_RAW, knee=knee) for knee in (0.5, 1, 2, 4, 8, np.inf)),
    replace(PCA_RAW, pooling="d4"),
    replace(PCA_RAW, n_features=16),
    replace(PCA_RAW, n_features=16, knee=8.0),
    # Adam, one change at a time.
    ADAM,
    replace(ADAM, features="pca"),
    replace(ADAM, features="pca", denoiser_levels=3),
    replace(ADAM, features="pca", n_features=16),
    replace(ADAM, denoiser_levels=0),
    replace(ADAM, denoiser_levels=3),
    replace(ADAM, knee=1.0),
    replace(ADAM, knee=8.0),
    LONG_ADAM,
    replace(LONG_ADAM, n_features=16),
    replace(LONG_ADAM_RAW, n_features=16),
    replace(LONG_ADAM_RAW, n_features=16, pooling="d4"),
]


class Sweep:
    """Images of the demo's samples, and the stacks and networks made of them so far."""

    def __init__(self, results: Path, work: Path):
        config = yaml.safe_load((results / "demo/config.yaml").read_text())
        self.preset = config["presets"]["demo"]
        self.work = work
        folder = results / "data" / config["experiments"]["demo"]["dataset"]
        self.samples = {
            part: flux_of_sample(results / "demo/split.csv", folder, part)
            for part in ("train", "test")
        }

    def stacks(self, variant: Variant) -> dict:
        """Return the path of each sample's stack: scaled, and denoised where asked for."""
        name = f"knee{variant.knee:g}_levels{variant.denoiser_levels}"
        if variant.denoiser_levels:
            name = f"{name}_{variant.optimizer}"
        paths = {part: self.work / f"{name}_{part}.h5" for part in self.samples}
        if all(path.exists() for path in paths.values()):
            return paths
        raw = {part: self._scaled(part, variant.knee) for part in self.samples}
        if variant.denoiser_levels:
            raw_paths = self.stacks(replace(variant, denoiser_levels=0))
            denoise = self._denoiser(name, variant, raw_paths["train"])
            raw = {part: denoise(images) for part, images in raw.items()}
        for part, path in paths.items():
            rows, size = self.samples[part][0], self.preset["image_size"]
            write_stack(path, rows, [raw[part]], size, "log", "image of one representation")
        return paths

    def _scaled(self, part: str, knee: float) -> np.ndarray:
        rows, flux = self.samples[part]
        size = self.preset["image_size"]
        images = bin_images(flux, size)
        if np.isinf(knee):
            return min_max(images)
        sigma = binned_noise(rows["sky_sigma"].to_numpy(), flux.shape[-1], size)
        return min_max(np.log10(1 + np.maximum(images / sigma[:, None, None], 0) / knee))

    def _denoiser(self, name: str, variant: Variant, stack: Path):
        preset = {
            **self.preset,
            "denoiser": denoiser_layers(variant.denoiser_levels),
            "training": self._training(variant, "denoiser"),
        }
        weights = self.work / f"{name}.weights.h5"
        self._train("denoiser", preset, stack, weights)
        return load_denoiser(weights, preset)

    def _training(self, variant: Variant, network: str, **changes) -> dict:
        """Return the demo's training settings, one network's changed as the variant asks."""
        settings = self.preset["training"][network] | OPTIMIZERS[variant.optimizer] | changes
        return {**self.preset["training"], network: settings}

    def _train(self, network: str, preset: dict, stack: Path, weights: Path, **options) -> None:
        # Keras takes the backend that is set when it is imported.
        from lensflow.train.network import train_network

        train_network(
            network,
            preset,
            [stack],
            weights,
            weights.with_suffix(".csv"),
            weights.with_suffix(".json"),
            backup_folder=weights.with_suffix(".backup"),
            **options,
        )

    def features(self, variant: Variant) -> dict:
        """Return the features of each sample, one row an image."""
        paths = self.stacks(variant)
        images = {part: read_stack(path) for part, path in paths.items()}
        if variant.features == "pca":
            rows = images["train"].reshape(len(images["train"]), -1)
            components = PCA(variant.n_features, random_state=0, svd_solver="randomized").fit(rows)
            encode = components_of(components)
        else:
            encode = self._encoder(variant, paths["train"])
        if variant.pooling == "d4":
            return {part: mean_over_views(encode, values) for part, values in images.items()}
        return {part: encode(values) for part, values in images.items()}

    def _encoder(self, variant: Variant, stack: Path):
        from lensflow.networks.inference import embed, load_network

        preset = {
            **self.preset,
            "autoencoder": {
                **self.preset["autoencoder"],
                "embedding_activation": variant.activation,
            },
            "training": self._training(variant, "autoencoder", epochs=variant.epochs),
        }
        weights = self.work / "autoencoder.weights.h5"
        self._train("autoencoder", preset, stack, weights, n_features=variant.n_features, seed=1)
        network = load_network("autoencoder", preset, weights, variant.n_features)
        return lambda images: embed(network, images)


def components_of(components: PCA):
    """Return a function from images to their principal components."""
    return lambda images: components.transform(images.reshape(len(images), -1))


def denoiser_layers(levels: int) -> dict:
    """Return a denoiser for 51 pixels with 2 or 3 poolings."""
    filters, output_kernel = (8, 2) if levels == 2 else (16, 6)
    block = {"filters": filters, "kernel": 3}
    return {
        "encoder": [{"filters": filters, "kernel": 5}, *[block] * (levels - 1)],
        "decoder": [{**block, "padding": "same"}] * levels,
        "output_kernel": output_kernel,
        "output_activation": "sigmoid",
    }


def read_stack(path: Path) -> np.ndarray:
    """Return the images of a stack."""
    with open_stack(path) as stack:
        return stack.images()


def evaluate(features: dict, samples: dict, n_clusters: int) -> dict:
    """Return the held-out AUC before and after the cut, mean over mixtures of different seeds."""
    is_lens = {part: rows["is_lens"].to_numpy() for part, (rows, _) in samples.items()}
    test = samples["test"][0]
    passes = selection.passes_cut(
        test["flux_lensed_image_in_sigma"].to_numpy(), test["numb_pix_lensed_image"].to_numpy()
    )
    keep = selection.apply_cut(is_lens["test"], passes)
    found = []
    for seed in MIXTURE_SEEDS:
        chosen = {"n_components": n_clusters, "seed": seed, "max_iter": 300}
        mixture = clusterers.fit("lensflow", features["train"], **chosen)
        fractions = known_fractions(mixture.labels(features["train"]), is_lens["train"], n_clusters)
        p_lens = lens_probability(mixture.responsibilities(features["test"]), fractions)
        cut = auroc(is_lens["test"][keep], p_lens[keep])
        found.append((auroc(is_lens["test"], p_lens), cut))
    auc, cut = np.mean(found, axis=0)
    return {"n_clusters": n_clusters, "auc": round(auc, 4), "auc_cut": round(cut, 4)}


@command
def main() -> None:
    """Run every variant and write the table after each, so that nothing is lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--work", type=Path, default=ROOT / "results/sweep")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    start_backend("tensorflow", options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    sweep, rows = Sweep(options.results, options.work), []
    for variant in VARIANTS:
        start = time.perf_counter()
        features = sweep.features(variant)
        seconds = round(time.perf_counter() - start)
        for n_clusters in CLUSTERS:
            scores = evaluate(features, sweep.samples, n_clusters)
            rows.append({**vars(variant), **scores, "seconds": seconds})
            print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(options.output, index=False)


if __name__ == "__main__":
    main()
