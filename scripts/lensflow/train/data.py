"""The images of a training: read from stacks, split by object, and handed out in a fixed order."""

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike

import keras
import numpy as np

from lensflow.errors import ConfigError
from lensflow.samples.stacks import open_stack
from lensflow.seeds import rng


@dataclasses.dataclass(frozen=True)
class TrainingImages:
    """Images (n, size, size) float32 in [0, 1]; the rows from ``n_training`` on are held out."""

    images: np.ndarray
    n_training: int

    @property
    def held_out(self) -> np.ndarray:
        """The held-out images."""
        return self.images[self.n_training :]

    def digest(self) -> str:
        """Return a hash of the images and of the split."""
        content = hashlib.sha256(str((self.images.shape, self.n_training)).encode())
        content.update(memoryview(self.images).cast("B"))
        return content.hexdigest()


def load_images(
    stack_paths: Sequence[str | PathLike], fraction: float, seed: int
) -> TrainingImages:
    """Read stacks into memory, with a share of the objects held out.

    All rotations of an object fall on one side: rows that share an id are held out together.

    Parameters
    ----------
    stack_paths : sequence of path-like
        Stacks, in order.
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
    ids, size = _survey(stack_paths)
    is_held_out = _choose_held_out(ids, fraction, seed)
    n_training = int(np.sum(~is_held_out))
    target = np.empty(len(ids), int)
    target[~is_held_out] = np.arange(n_training)
    target[is_held_out] = np.arange(n_training, len(ids))
    images, start = np.empty((len(ids), size, size), "float32"), 0
    for block in _blocks(stack_paths):
        images[target[start : start + len(block)]] = block
        start += len(block)
    return TrainingImages(images, n_training)


def _survey(paths: Iterable[str | PathLike]) -> tuple[np.ndarray, int]:
    """Return the ids of all rows, and the side of the images."""
    ids = []
    for path in paths:
        with open_stack(path) as stack:
            ids.append(stack.rows()["id"].to_numpy())
            size = stack.size
    return np.concatenate(ids), size


def _blocks(paths: Iterable[str | PathLike]) -> Iterator[np.ndarray]:
    """Yield the images of all stacks in blocks, so that no file is in memory twice."""
    for path in paths:
        with open_stack(path) as stack:
            yield from stack.blocks()


def _choose_held_out(ids: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    ids = np.asarray(ids, dtype=str)
    objects = np.unique(ids)
    if len(objects) < 2:
        raise ConfigError(
            f"training: received {len(objects)} object(s), expected at least 2 (one to train on, "
            "one held out). Enlarge the training sample: its `fraction`, or the dataset."
        )
    n_held_out = min(max(1, round(fraction * len(objects))), len(objects) - 1)
    chosen = rng(seed, "held_out").permutation(len(objects))[:n_held_out]
    return np.isin(ids, objects[chosen])


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

    def __init__(self, images: np.ndarray, rows: np.ndarray, turns: np.ndarray, batch_size: int):
        super().__init__()
        self.images = images
        self.rows = rows
        self.turns = turns
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        images = self.images[self.rows[part], :, :, None]
        return ({"images": images, "turns": self.turns[part]},)


def epoch_order(
    n_images: int, seed: int, epoch: int, augment: str
) -> tuple[np.ndarray, np.ndarray]:
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
