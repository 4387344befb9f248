"""The images of a training: read from stacks, split by object, and handed out in a fixed order."""

import dataclasses
import hashlib
import math

import keras
import numpy as np

from lensflow import artifacts
from lensflow.errors import ConfigError
from lensflow.seeds import rng

ROWS_AT_ONCE = 4096


@dataclasses.dataclass(frozen=True)
class TrainingImages:
    """Images (n, size, size) float32 in [0, 1]; the rows from ``n_training`` on are held out."""

    images: np.ndarray
    n_training: int

    @property
    def held_out(self):
        """The held-out images."""
        return self.images[self.n_training :]

    def digest(self):
        """Return a hash of the images and of the split."""
        content = hashlib.sha256(str((self.images.shape, self.n_training)).encode())
        content.update(memoryview(self.images).cast("B"))
        return content.hexdigest()


def load_images(stacks, fraction, seed):
    """Read stacks into memory, with a share of the objects held out.

    All rotations of an object fall on one side: rows that share an id are held out together.

    Parameters
    ----------
    stacks : sequence of path-like, or ndarray of shape (n, size, size)
        Artifacts of kind ``stack``, or the images themselves, each its own object.
    fraction : float
        Share of the objects to hold out; at least one is.
    seed : int
        Seed of the choice.

    Returns
    -------
    TrainingImages

    Raises
    ------
    lensflow.errors.ConfigError
        When there are fewer than two objects.
    """
    if isinstance(stacks, np.ndarray):
        ids = np.arange(len(stacks)).astype(str)
        parts = [(slice(0, len(stacks)), stacks)]
        shape = stacks.shape
    else:
        ids, parts, shape = _survey(stacks)
    is_held_out = _choose_held_out(ids, fraction, seed)
    n_training = int(np.sum(~is_held_out))
    target = np.empty(len(ids), int)
    target[~is_held_out] = np.arange(n_training)
    target[is_held_out] = np.arange(n_training, len(ids))
    images = np.empty(shape, "float32")
    for rows, values in parts if isinstance(stacks, np.ndarray) else _read(parts):
        images[target[rows]] = values
    return TrainingImages(images, n_training)


def _survey(paths):
    """Return the ids of all rows, the rows that each file holds, and the shape of the whole."""
    ids, parts, start = [], [], 0
    for path in paths:
        with artifacts.open(path, "stack") as file:
            ids.append(artifacts.read_strings(file, "id"))
            side = file["image"].shape[1:]
        parts.append((slice(start, start + len(ids[-1])), path))
        start += len(ids[-1])
    return np.concatenate(ids), parts, (start, *side)


def _read(parts):
    """Yield (rows, images) in blocks, so that no file is in memory twice."""
    for rows, path in parts:
        with artifacts.open(path, "stack") as file:
            for start in range(rows.start, rows.stop, ROWS_AT_ONCE):
                stop = min(start + ROWS_AT_ONCE, rows.stop)
                block = slice(start - rows.start, stop - rows.start)
                yield slice(start, stop), artifacts.read(file, "image", block)


def _choose_held_out(ids, fraction, seed):
    objects = np.unique(np.asarray(ids, dtype=str))
    if len(objects) < 2:
        raise ConfigError(
            f"training: received {len(objects)} object(s), expected at least 2 (one to train on, "
            "one held out). Enlarge the training sample: its `fraction`, or the dataset."
        )
    n_held_out = min(max(1, round(fraction * len(objects))), len(objects) - 1)
    chosen = rng(seed, "held_out").permutation(len(objects))[:n_held_out]
    return np.isin(np.asarray(ids, dtype=str), objects[chosen])


class Batches(keras.utils.PyDataset):
    """Batches of images from host memory, in the order of the given rows.

    Parameters
    ----------
    images : ndarray of shape (n, size, size)
        The images.
    rows, turns : ndarray of shape (m,)
        Which rows, in which order, and how each is turned (`lensflow.train.model.turn`).
    batch_size : int
        Images in a batch; the last may be smaller.
    """

    def __init__(self, images, rows, turns, batch_size):
        super().__init__()
        self.images = images
        self.rows = rows
        self.turns = turns
        self.batch_size = batch_size

    def __len__(self):
        return math.ceil(len(self.rows) / self.batch_size)

    def __getitem__(self, index):
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        images = self.images[self.rows[part], :, :, None]
        return ({"images": images, "turns": self.turns[part]},)


def epoch_order(n_images, seed, epoch, augment):
    """Return the order of the images in one epoch and how each is turned.

    Parameters
    ----------
    n_images : int
        Images to train on.
    seed, epoch : int
        What the draw depends on, and nothing else.
    augment : {"none", "quarter_turns"}
        Whether images are turned.

    Returns
    -------
    rows, turns : ndarray of shape (n_images,)
        int32; turns lie in 0-7.
    """
    rows = rng(seed, "shuffle", epoch).permutation(n_images).astype("int32")
    turns = np.zeros(n_images, "int32")
    if augment == "quarter_turns":
        turns = rng(seed, "augment", epoch).integers(0, 8, n_images).astype("int32")
    return rows, turns
