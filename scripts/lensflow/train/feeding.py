"""How each backend is handed the batches of a training, and starts its steps."""

import itertools
import math
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from lensflow.networks import runtime

STEPS_ON_ACCELERATOR = 32
IMAGES_ON_CPU = 128
"""Two to four seconds of the paper's networks on two cores, in which a job cannot stop."""


def steps_together(n_images: int, batch_size: int) -> int:
    """Return how many training steps are computed between two looks at the clock.

    Parameters
    ----------
    n_images : int
        Images to train on, which are on the device.
    batch_size : int
        Images in a step.
    """
    if runtime.has_accelerator():
        return n_joined(n_images // batch_size)
    # To start a step takes TensorFlow some two milliseconds, a third of a step of the smallest
    # networks. Keras starts each of JAX's by itself.
    is_tensorflow = keras.backend.backend() == "tensorflow"
    return max(1, IMAGES_ON_CPU // batch_size) if is_tensorflow else 1


def n_joined(n_steps: int) -> int:
    """Return how many of an epoch's steps with full batches an accelerator runs at once.

    A divisor where there is one from half of `STEPS_ON_ACCELERATOR` on, since what is left over
    would be compiled by itself.
    """
    most = STEPS_ON_ACCELERATOR
    return max((n for n in range(most // 2, most + 1) if n_steps % n == 0), default=most)


def joined_steps(step: Callable, n_steps: int, made_by_keras: Callable) -> Callable:
    """Return what trains many steps at once, in the place of what Keras made for that.

    With JAX, Keras starts each step by itself, which takes the host about a millisecond: with the
    paper's batches of 32 images longer than an H100 computes. Here the steps are one loop that the
    device runs alone. TensorFlow has that already.

    Parameters
    ----------
    step : callable
        From (state, batch) to (logs, state), as ``keras.Model.train_step`` is with JAX.
    n_steps : int
        How many are joined.
    made_by_keras : callable
        What Keras made: from (state, iterator over batches) to (logs, state).

    Returns
    -------
    callable
        The same; the logs are those of the last step.
    """
    return _joined_in_jax(step, n_steps) if keras.backend.backend() == "jax" else made_by_keras


def _joined_in_jax(step: Callable, n_steps: int) -> Callable:
    import jax

    def one(state, batch):
        logs, state = step(state, batch)
        return state, logs

    def train_steps(state, batches):
        state, logs = jax.lax.scan(one, state, batches)
        return jax.tree.map(lambda values: values[-1], logs), state

    compiled = jax.jit(train_steps, donate_argnums=0)

    def train(state, iterator):
        first = next(iterator)  # Keras takes its StopIteration for the end of the pass
        batches = itertools.chain([first], itertools.islice(iterator, n_steps - 1))
        for _, alike in itertools.groupby(batches, _shapes):
            stacked = jax.tree.map(lambda *parts: jax.numpy.stack(parts), *alike)
            logs, state = compiled(state, stacked)
        return logs, state

    return train


def _shapes(batch: Any) -> list[tuple[int, ...]]:
    import jax

    return [part.shape for part in jax.tree.leaves(batch)]


class Batches(keras.utils.PyDataset):
    """Batches of images from host memory, in the order of the given rows.

    Parameters
    ----------
    parts : mapping of str to ndarray of shape (n, ...)
        The images, and what else there is of each.
    rows : ndarray of shape (m,)
        Which rows, in which order.
    drawn : mapping of str to ndarray of shape (m, ...)
        What was drawn for each of them.
    batch_size : int
        Images in a batch; the last may be smaller.
    """

    def __init__(
        self,
        parts: Mapping[str, np.ndarray],
        rows: np.ndarray,
        drawn: Mapping[str, np.ndarray],
        batch_size: int,
    ):
        super().__init__()
        self.parts = parts
        self.rows = rows
        self.drawn = drawn
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        batch = {name: values[self.rows[part]] for name, values in self.parts.items()}
        return (batch | {name: values[part] for name, values in self.drawn.items()},)


def in_order(arrays: Mapping[str, np.ndarray], batch_size: int) -> dict[str, Any]:
    """Return the arguments that have ``keras.Model.fit`` go through arrays in their order.

    Parameters
    ----------
    arrays : mapping of str to ndarray of shape (n, ...)
        The inputs of the model.
    batch_size : int
        Rows in a batch; the last may have fewer.
    """
    if keras.backend.backend() != "tensorflow":
        return {"x": dict(arrays), "batch_size": batch_size}
    import tensorflow as tf

    batches = tf.data.Dataset.from_tensor_slices(dict(arrays)).batch(batch_size)
    return {"x": _not_tuned(batches.prefetch(2))}


def one_by_one(batches: Batches) -> dict[str, Any]:
    """Return the arguments that have ``keras.Model.fit`` take batches which are made on the way.

    Parameters
    ----------
    batches : Batches
        Which, and in which order.
    """
    if keras.backend.backend() != "tensorflow":
        return {"x": batches}
    import tensorflow as tf

    (first,) = batches[0]
    signature = {
        name: tf.TensorSpec((None, *values.shape[1:]), values.dtype)
        for name, values in first.items()
    }
    # TensorFlow keeps the function for ever, and would keep what was drawn for every pass.
    kept = weakref.ref(batches)

    def made() -> Iterator[dict[str, np.ndarray]]:
        one_pass = kept()
        return (one_pass[i][0] for i in range(len(one_pass)))

    dataset = tf.data.Dataset.from_generator(made, output_signature=signature)
    counted = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    fed = _not_tuned(counted.prefetch(2))
    fed.batches = batches  # which live as long as it
    return {"x": fed}


def _not_tuned(dataset: Any) -> Any:
    """Return a dataset of TensorFlow's that looks for no better number of threads as it is used.

    The thread that looks for it sleeps ever longer, and whoever ends a pass waits until it wakes:
    passes of six seconds took ten, in which a core did nothing for four.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
