"""What Keras trains: a network with its loss, and with the images beside or inside it."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from lensflow.networks.build import BuiltNetwork
from lensflow.networks.runtime import Tensor
from lensflow.train import feeding


class TrainingModel(keras.Model):
    """A network with its loss and, on the device, its images.

    Parameters
    ----------
    network : BuiltNetwork
        What is trained.
    parts : mapping of str to ndarray of shape (n, ...), optional
        The training set, to be kept on the device: a batch is then a list of its rows, and many
        steps can run without the host. Without it a batch holds its part of them.
    """

    def __init__(self, network: BuiltNetwork, parts: Mapping[str, np.ndarray] | None = None):
        super().__init__(name="training")
        self.network = network.model
        self.network_loss = network.loss.value
        self.look = network.examples.look
        self.keeps_metrics = False
        self.resident = parts and {name: self._resident(name, parts[name]) for name in parts}

    def _resident(self, name: str, values: np.ndarray) -> keras.Variable:
        return self.add_weight(
            shape=values.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(values, dtype),
            trainable=False,
            dtype="float32",
            name=name,
        )

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> dict:
        """Return a batch, with its images as the network was given them, and the outputs.

        Parameters
        ----------
        inputs : dict
            What was drawn for each image, and ``rows`` (n,) or what there is of each.
        training : bool
            Passed to the network.
        """
        batch = dict(inputs)
        if self.resident:
            rows = batch.pop("rows")
            batch |= {name: ops.take(part, rows, axis=0) for name, part in self.resident.items()}
        batch["images"] = self.look(batch)
        return {"batch": batch, "outputs": self.network(batch["images"], training=training)}

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> Tensor:
        """Return the network's loss for what `call` returned."""
        return self.network_loss(y_pred["batch"], y_pred["outputs"])

    def make_train_function(self, force: bool = False) -> None:
        """Have the device run many steps at once, where it is asked to."""
        before = self.train_function
        super().make_train_function(force)
        if self.train_function is not before and self.steps_per_execution > 1 and self.jit_compile:
            self.train_function = feeding.joined_steps(
                self.train_step, self.steps_per_execution, self.train_function
            )

    def reset_metrics(self) -> None:
        """Start a new running mean, unless the rest of an interrupted epoch is to be trained."""
        if not self.keeps_metrics:
            super().reset_metrics()
