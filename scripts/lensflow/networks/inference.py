"""Networks applied to images, in batches and with constant memory."""

import weakref

import keras
import numpy as np

from lensflow import artifacts
from lensflow.networks.build import build_autoencoder, build_denoiser, encoder
from lensflow.prepare.scaling import min_max
from lensflow.seeds import rng

ROWS_AT_ONCE = 1024
N_EXAMPLES = 32

# One encoder a model: Keras compiles each new one again.
_encoders = weakref.WeakKeyDictionary()


def load_network(preset, weights, n_features=None, layers="phase"):
    """Rebuild a trained network from its preset and its weights file.

    Parameters
    ----------
    preset : mapping
        The preset it was trained with.
    weights : path-like
        A ``.weights.h5`` file.
    n_features : int, optional
        The size of the embedding for a feature autoencoder; without it, a denoiser.
    layers : {"phase", "plain"}
        As for `lensflow.networks.build.build_denoiser`.

    Returns
    -------
    keras.Model
    """
    if n_features is None:
        model = build_denoiser(preset, layers)
    else:
        model = build_autoencoder(preset, n_features, layers)
    model.load_weights(weights)
    return model


def embed(model, images, batch=32):
    """Return the embeddings of images.

    Parameters
    ----------
    model : keras.Model
        From `lensflow.networks.build.build_autoencoder`, or its `lensflow.networks.build.encoder`.
    images : ndarray or h5py.Dataset of shape (n, size, size)
        In [0, 1]; a dataset is read in blocks.
    batch : int
        Images that the network sees at once.

    Returns
    -------
    ndarray of shape (n, n_features)
        float32.
    """
    if model.name != "encoder":
        if model not in _encoders:
            _encoders[model] = encoder(model)
        model = _encoders[model]
    return _concatenate(model, images, batch)


def reconstruct(model, images, batch=32):
    """Return the reconstructions of images.

    Parameters
    ----------
    model : keras.Model
        A denoiser or a feature autoencoder.
    images, batch
        As for `embed`.

    Returns
    -------
    ndarray of shape (n, size, size)
        float32 in (0, 1).
    """
    return _concatenate(model, images, batch)[..., 0]


def denoise_stack(preset, weights, stack, output, batch=32, attrs=None):
    """Denoise one shard of a sample.

    The denoiser's output is min-maxed again, image by image, as in the author's code; an image
    that comes out constant becomes zeros.

    Parameters
    ----------
    preset : mapping
        The preset.
    weights : path-like
        The denoiser's weights.
    stack, output : path-like
        Artifacts of kind ``stack``, read and written. Ids, rotations and labels are copied.
    batch : int
        Images that the network sees at once.
    attrs : mapping, optional
        Root attributes of the output.
    """
    model = load_network(preset, weights)
    with (
        artifacts.open(stack, "stack") as source,
        artifacts.create(output, "stack", attrs) as target,
    ):
        images = source["image"]
        description = "denoised image, min-max to [0, 1]"
        denoised = target.fixed("image", images.shape, "float32", "1", description, False)
        for rows, outputs in _blocks(model, images, batch):
            denoised[rows] = min_max(outputs[..., 0])
        target.strings("id", artifacts.read_strings(source, "id"), "identifier")
        for name in ("rotation", "is_lens"):
            description = source[name].attrs.get("description", "")
            target.dataset(name, artifacts.read(source, name), "1", description)


def write_examples(model, stacks, path, batch, seed):
    """Store some training images beside their reconstructions, for a figure.

    Parameters
    ----------
    model : keras.Model
        A feature autoencoder.
    stacks : sequence of path-like
        The stacks it was trained on.
    path : path-like
        An artifact of kind ``examples`` to write.
    batch : int
        Images that the network sees at once.
    seed : int
        Seed of the choice of `N_EXAMPLES` images, all from the first stack.
    """
    with artifacts.open(stacks[0], "stack") as file:
        ids = artifacts.read_strings(file, "id")
        rows = np.sort(rng(seed, "examples").permutation(len(ids))[:N_EXAMPLES])
        images, is_lens = file["image"][rows], artifacts.read(file, "is_lens")[rows]
    with artifacts.create(path, "examples") as writer:
        writer.strings("id", ids[rows], "identifier")
        writer.dataset("is_lens", is_lens, "1", "1 lens, 0 non-lens, -1 unknown")
        writer.dataset("input", images, "1", "image given to the autoencoder, 0 to 1")
        made = reconstruct(model, images, batch)
        writer.dataset("reconstruction", made, "1", "what the autoencoder makes of it, 0 to 1")


def _concatenate(model, images, batch):
    result = np.empty((len(images), *model.output_shape[1:]), "float32")
    for rows, outputs in _blocks(model, images, batch):
        result[rows] = outputs
    return result


def _blocks(model, images, batch):
    """Yield (rows, outputs) block by block; a block is a whole number of batches."""
    size = max(batch, ROWS_AT_ONCE // batch * batch)
    for start in range(0, len(images), size):
        rows = slice(start, min(start + size, len(images)))
        block = np.asarray(images[rows], "float32")[..., None]
        yield rows, predict(model, block, batch)


def predict(model, images, batch):
    """Apply a model to an array of images (n, size, size, 1), batch by batch."""
    outputs = [
        model.predict_on_batch(images[start : start + batch])
        for start in range(0, len(images), batch)
    ]
    return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *outputs)
