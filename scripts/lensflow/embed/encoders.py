"""The encoders: what makes features of images, each an entry of `ENCODERS`.

A preset names one of them under ``encoder``. The rules and the stages ask the table where its
artifact is and which images it sees; nothing else compares its name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike

import numpy as np

Encode = Callable[[np.ndarray], np.ndarray]
"""From images (n, size, size) in [0, 1] to features (n, n_features), float32."""


@dataclass(frozen=True)
class Encoder:
    """One encoder.

    Attributes
    ----------
    name : str
        The value of ``encoder`` in a preset.
    artifact : str
        Name of its file in the folder of a run.
    input_stage : {"denoised", "stacks"}
        Which images it sees: denoised, or prepared alone.
    is_network : bool
        Whether it is trained on a GPU, epoch by epoch.
    load : callable
        From (path of its artifact, preset, number of features) to an `Encode`. What it needs is
        imported when it is called: Keras takes the backend that is set by then.
    words : str
        What it is, after "the features come from" in the report.
    """

    name: str
    artifact: str
    input_stage: str
    is_network: bool
    load: Callable[[str | PathLike, Mapping, int], Encode]
    words: str


def _load_autoencoder(path: str | PathLike, preset: Mapping, n_features: int) -> Encode:
    from lensflow.networks.inference import embed, load_network
    from lensflow.prepare.augmentation import mean_over_views

    network = load_network("autoencoder", preset, path, n_features)
    batch = preset["training"]["autoencoder"]["batch_size"]
    if preset["autoencoder"]["embedding_pooling"] == "none":
        return lambda images: embed(network, images, batch)
    return lambda images: mean_over_views(lambda view: embed(network, view, batch), images)


ENCODERS: dict[str, Encoder] = {
    encoder.name: encoder
    for encoder in (
        Encoder(
            name="autoencoder",
            artifact="autoencoder.weights.h5",
            input_stage="denoised",
            is_network=True,
            load=_load_autoencoder,
            words="a convolutional autoencoder that learns to reproduce denoised images",
        ),
    )
}
