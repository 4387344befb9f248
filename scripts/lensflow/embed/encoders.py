"""The encoders: what makes features of images, each an entry of `ENCODERS`.

A preset names one of them under ``encoder``. The rules and the stages ask the table where its
artifact is and which images it sees; nothing else compares its name. Its module offers

    load(path, preset, n_features) -> Encode
    fit(stack_paths, preset, n_features, seed) -> an object with ``save(path)``

the latter unless it is a network, which has a training rule of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from os import PathLike

import numpy as np

Encode = Callable[[np.ndarray], np.ndarray]
"""From images (n, size, size) on a scale to features (n, n_features), float32."""


@dataclass(frozen=True)
class Encoder:
    """One encoder.

    Attributes
    ----------
    name : str
        The value of ``encoder`` in a preset.
    module : str
        Where its functions are. Imported when one of them is called: Keras takes the backend that
        is set by then. The code hash of a stage covers the module of its encoder alone.
    artifact : str
        Name of its file in the folder of a run.
    input_stage : {"denoised", "stacks"}
        Which images it sees: denoised, or prepared alone.
    scales : tuple of str
        On which of `lensflow.prepare.scaling.SCALES`.
    is_network : bool
        Whether it is trained on a GPU, epoch by epoch.
    is_invariant : bool
        Whether an object has the same features in all eight orientations; a network may average
        over them too, by its preset.
    gains_by_arcs : bool
        Whether objects are ranked better by density and arc statistic than by density alone, where
        nobody judges (workflow/docs/looking.md says by how much).
    title : str
        What it is called, after "the".
    words : str
        What it is, after "the features come from" in the report.
    most_features : int, optional
        The most that it makes; None where its images alone set a limit.
    """

    name: str
    module: str
    artifact: str
    input_stage: str
    scales: tuple[str, ...]
    is_network: bool
    is_invariant: bool
    title: str
    words: str
    gains_by_arcs: bool = False
    most_features: int | None = None

    def load(self, path: str | PathLike, preset: Mapping, n_features: int) -> Encode:
        """Return the function from images to features that an artifact holds."""
        return import_module(self.module).load(path, preset, n_features)

    def fit(self, stack_paths: list, preset: Mapping, n_features: int, seed: int):
        """Return the encoder fitted to stacks, which has ``save(path)``; not for a network."""
        return import_module(self.module).fit(stack_paths, preset, n_features, seed)


ENCODERS: dict[str, Encoder] = {
    encoder.name: encoder
    for encoder in (
        Encoder(
            name="autoencoder",
            module="lensflow.embed.autoencoder",
            artifact="autoencoder.weights.h5",
            input_stage="denoised",
            scales=("log", "linear"),
            is_network=True,
            is_invariant=False,
            title="autoencoder",
            words="a convolutional autoencoder that learns to reproduce denoised images",
            gains_by_arcs=True,
        ),
        Encoder(
            name="pca",
            module="lensflow.embed.pca",
            artifact="pca.h5",
            input_stage="stacks",
            scales=("log", "linear"),
            is_network=False,
            is_invariant=False,
            title="PCA encoder",
            words="principal components of the images",
        ),
        Encoder(
            name="polar",
            module="lensflow.embed.polar",
            artifact="polar.h5",
            input_stage="stacks",
            scales=("sigma",),
            is_network=False,
            is_invariant=True,
            title="polar encoder",
            words="Fourier magnitudes along rings about the centre, of which those combinations "
            "are kept that differ most between objects for how much they differ between altered "
            "views of one object; no network, and the same for any orientation",
            most_features=120,
        ),
        Encoder(
            name="contrastive",
            module="lensflow.embed.contrastive",
            artifact="contrastive.weights.h5",
            input_stage="stacks",
            scales=("sigma",),
            is_network=True,
            is_invariant=True,
            title="contrastive encoder",
            words="a network on polar images that learned, without labels, to tell objects apart "
            "and not the altered views of one object; the same for any orientation",
        ),
    )
}

FITTED = tuple(encoder.name for encoder in ENCODERS.values() if not encoder.is_network)
"""The encoders that are fitted in one job, without a GPU."""
