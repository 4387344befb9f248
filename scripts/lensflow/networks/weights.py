"""The weights of a trained network: Keras' own file, made an artifact with checksums and origin."""

import logging
import warnings
from collections.abc import Sequence
from os import PathLike

import keras

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.files import writing
from lensflow.samples.bands import bands_attribute, bands_of

KIND = "weights"

logger = logging.getLogger(__name__)


def write_weights(
    model: keras.Model,
    path: str | PathLike,
    network: str,
    n_features: int | None = None,
    bands: Sequence[str] = (),
) -> None:
    """Write the weights of a network.

    Parameters
    ----------
    model : keras.Model
    path : path-like
        A ``.weights.h5`` file; Keras reads it too.
    network : str
        Which of `lensflow.networks.kinds.NETWORKS`.
    n_features : int, optional
        Size of its embedding.
    bands : sequence of str
        Those of the images that it was trained on, where they have several.

    Raises
    ------
    ArtifactError
        When the file cannot be written: the disk is full.
    """
    known = {"network": network} | ({} if n_features is None else {"n_features": n_features})
    known |= bands_attribute(bands)
    with writing.replacing(path) as partial, artifacts.writing_to(path):
        model.save_weights(partial)
        artifacts.seal(partial, KIND, path, known)


def trained_bands(path: str | PathLike) -> tuple[str, ...]:
    """Return the bands of the images that a network was trained on; none for a single one."""
    with artifacts.peek(path) as file:
        return bands_of(file.attrs)


def read_weights(
    model: keras.Model, path: str | PathLike, network: str, n_features: int | None = None
) -> None:
    """Set the weights of a network from what `write_weights` wrote; parameters as there.

    What Keras alone wrote, as older versions did, is read too, and nothing of it is verified.

    Raises
    ------
    ArtifactError
        When the file is damaged or missing, or does not hold weights of that network.
    """
    _check(path, network, n_features)
    try:
        with warnings.catch_warnings():
            # Keras only warns when a layer finds no weights in the file.
            warnings.filterwarnings("error", "Skipping", UserWarning)
            model.load_weights(path)
    except (*artifacts.DAMAGE, AttributeError, UserWarning) as error:
        raise ArtifactError(
            f"{path} does not hold weights of the network that the preset describes "
            f"({type(error).__name__}: {error}). Train it again, or restore the preset it was "
            "trained with."
        ) from error


def _check(path: str | PathLike, network: str, n_features: int | None) -> None:
    """Read everything once and compare the checksums: Keras does not."""
    with artifacts.peek(path) as file:
        if "format" not in file.attrs:
            logger.info("%s carries no checksums: not verified", path)
            return
    with artifacts.open(path, KIND) as file:
        artifacts.expect(file, network=network)
        if n_features is not None:
            artifacts.expect(file, n_features=n_features)
        artifacts.verify(file)
