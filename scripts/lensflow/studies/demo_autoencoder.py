"""The demo's denoiser and autoencoder, as `make run` trained them, on images in memory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml

from lensflow import artifacts
from lensflow.embed.encoders import ENCODERS
from lensflow.errors import ConfigError
from lensflow.experiment import Experiment
from lensflow.files import provenance
from lensflow.networks.denoising import load_denoiser
from lensflow.networks.runtime import start_backend
from lensflow.prepare.inputs import prepare_images
from lensflow.studies.trained import existing

EXPERIMENT, RUN = "demo", 0


def demo_autoencoder(root: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return what makes features of images by the networks of the experiment `EXPERIMENT`.

    They were trained without labels on 4,200 training-like objects, identifiers from 100000 on.

    Parameters
    ----------
    root : Path
        The folder that holds ``results``.

    Returns
    -------
    callable
        From images (n, 101, 101) in units of their sky noise to features.

    Raises
    ------
    ConfigError
        When the demo has not been run there.
    """
    experiment = _demo(root)
    run, preset = experiment.headline_runs[RUN], experiment.preset
    start_backend(experiment.config["backend"], 1)
    denoise = load_denoiser(root / experiment.denoiser_path(run.scale), preset)
    encoder_path = root / experiment.encoder_path(run)
    encode = ENCODERS[preset["encoder"]].load(encoder_path, preset, run.n_features)

    def features(images: np.ndarray) -> np.ndarray:
        sigma = np.ones(len(images))
        return encode(denoise(prepare_images(images, sigma, run.scale, preset["image_size"])))

    return features


def demo_networks(root: Path) -> str:
    """Return what names these networks: a hash of what they hold.

    Raises
    ------
    ConfigError
        As from `demo_autoencoder`.
    ArtifactError
        When they are not trained yet.
    """
    experiment = _demo(root)
    run = experiment.headline_runs[RUN]
    paths = experiment.denoiser_path(run.scale), experiment.encoder_path(run)
    files = [existing(root / path) for path in paths]
    return provenance.joined_hash([artifacts.content_of(path) for path in files])


def _demo(root: Path) -> Experiment:
    path = root / "results" / EXPERIMENT / "config.yaml"
    if not path.is_file():
        raise ConfigError(
            f"{path} is not there; the study needs the demo's networks: run `make run` first, or "
            "leave the autoencoder out by --encoders"
        )
    return Experiment(EXPERIMENT, yaml.safe_load(path.read_text()))
