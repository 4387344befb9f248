"""The images of a training: read from stacks, split by object, in an order that is fixed."""

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike

import numpy as np
import pandas as pd

from lensflow.errors import ConfigError
from lensflow.networks.examples import IMAGES, Examples
from lensflow.samples.rows import BLOCK
from lensflow.samples.stacks import open_stack
from lensflow.seeds import rng


@dataclasses.dataclass(frozen=True)
class TrainingImages:
    """What a network is trained on; the rows from ``n_training`` on are held out.

    Attributes
    ----------
    images : ndarray of shape (n, ...), float32
        What is kept of each image, see `lensflow.networks.examples.Examples`.
    n_training : int
    targets : ndarray of shape (n,), float32, optional
        What is to be said of each image, where somebody says it.
    """

    images: np.ndarray
    n_training: int
    targets: np.ndarray | None = None

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """What a batch has of each image, by name."""
        parts = {"images": self.images, "targets": self.targets}
        return {name: values for name, values in parts.items() if values is not None}

    @property
    def held_out(self) -> np.ndarray:
        """The held-out images."""
        return self.images[self.n_training :]

    @property
    def held_out_parts(self) -> dict[str, np.ndarray]:
        """What a batch has of each held-out image, by name."""
        return {name: values[self.n_training :] for name, values in self.parts.items()}

    def digest(self) -> str:
        """Return a hash of the images, of what is to be said of them, and of the split."""
        content = hashlib.sha256(str((self.images.shape, self.n_training)).encode())
        for values in self.parts.values():
            content.update(memoryview(values).cast("B"))
        return content.hexdigest()


@dataclasses.dataclass(frozen=True)
class StackedSample:
    """The images of stacks, or of some of their rows, block by block.

    Attributes
    ----------
    paths : sequence of path-like
        Stacks, in order.
    chosen : ndarray of bool
        Which of all rows count.
    """

    paths: Sequence[str | PathLike]
    chosen: np.ndarray

    @property
    def scale(self) -> str:
        """Scale of the images."""
        with open_stack(self.paths[0]) as stack:
            return stack.scale

    def blocks(self) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Yield images and identifiers, so that no file is in memory twice."""
        start = 0
        for path in self.paths:
            with open_stack(path) as stack:
                ids, chosen = stack.rows()["id"], self.chosen[start : start + len(stack)]
                start += len(stack)
                for first in range(0, len(stack), BLOCK):
                    rows = np.flatnonzero(chosen[first : first + BLOCK])
                    if len(rows):
                        images = stack.images(slice(first, first + BLOCK))[rows]
                        yield images, ids.iloc[first + rows].tolist()


def load_images(
    stack_paths: Sequence[str | PathLike],
    fraction: float,
    seed: int,
    examples: Examples = IMAGES,
    preset: Mapping | None = None,
    targets: np.ndarray | None = None,
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
        Seed of the choice, and of what is kept.
    examples : lensflow.networks.examples.Examples
        What is kept of an image; by default the image.
    preset : mapping, optional
        The preset, for what is kept.
    targets : ndarray of shape (n,), float32, optional
        What is to be said of each image, in the order of the stacks' rows.

    Returns
    -------
    TrainingImages

    Raises
    ------
    lensflow.errors.ConfigError
        When there are fewer than two objects.
    """
    ids = _ids(stack_paths)
    chosen = (
        ~pd.Series(ids).duplicated().to_numpy()
        if examples.one_an_object
        else np.full(len(ids), True)
    )
    is_held_out = _choose_held_out(ids[chosen], fraction, seed)
    n_training = int(np.sum(~is_held_out))
    place = np.empty(len(is_held_out), int)
    place[~is_held_out] = np.arange(n_training)
    place[is_held_out] = np.arange(n_training, len(place))
    kept = examples.keep(StackedSample(stack_paths, chosen), preset, seed)
    images = _placed(kept, place)
    if targets is not None:
        targets = _placed([targets[chosen]], place)
    return TrainingImages(images, n_training, targets)


def _ids(paths: Iterable[str | PathLike]) -> np.ndarray:
    """Return the ids of all rows."""
    ids = []
    for path in paths:
        with open_stack(path) as stack:
            ids.append(stack.rows()["id"].to_numpy())
    return np.concatenate(ids)


def _placed(blocks: Iterable[np.ndarray], place: np.ndarray) -> np.ndarray:
    """Return blocks of rows as one array (n, ...), row ``i`` at ``place[i]``."""
    whole, start = None, 0
    for block in blocks:
        if whole is None:
            whole = np.empty((len(place), *block.shape[1:]), "float32")
        whole[place[start : start + len(block)]] = block
        start += len(block)
    return whole


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


def epoch_order(n_images: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order of the images in one epoch.

    Parameters
    ----------
    n_images : int
        Images to train on.
    seed, epoch : int
        What the order depends on, and nothing else.

    Returns
    -------
    ndarray of shape (n_images,)
        int32.
    """
    return rng(seed, "shuffle", epoch).permutation(n_images).astype("int32")


def epoch_draws(
    examples: Examples, shape: tuple[int, ...], seed: int, epoch: int, settings: Mapping
) -> dict[str, np.ndarray]:
    """Return what is drawn for each image in one epoch, such as how it is turned.

    Parameters
    ----------
    examples : lensflow.networks.examples.Examples
        Draws it.
    shape : tuple of int
        Shape of what is kept of the images to train on.
    seed, epoch : int
        What the draw depends on.
    settings : mapping
        What the preset says of the training.
    """
    return examples.draw(rng(seed, "augment", epoch), shape, settings)
