"""What Keras trains: a network with its loss, and with the images beside or inside it."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from lensflow.networks.build import BuiltNetwork
from lensflow.networks.runtime import Tensor


class TrainingModel(keras.Model):
    """A network with its loss and, on the device, its images.

    Parameters
    ----------
    network : BuiltNetwork
        What is trained.
    images : ndarray of shape (n, size, size), optional
        The training set, to be kept on the device: a batch is then a list of its rows, and many
        steps can run without the host. Without it a batch holds the images.
    augment : bool
        Turn and mirror the images as each batch says.
    """

    def __init__(
        self, network: BuiltNetwork, images: np.ndarray | None = None, augment: bool = False
    ):
        super().__init__(name="training")
        self.network = network.model
        self.network_loss = network.loss.value
        self.augment = augment
        self.keeps_metrics = False
        self.resident = None
        if images is not None:
            self.resident = self.add_weight(
                shape=(*images.shape, 1),
                initializer=lambda shape, dtype: ops.convert_to_tensor(images[..., None], dtype),
                trainable=False,
                dtype="float32",
                name="images",
            )

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> dict:
        """Return a batch, with its images as the network was given them, and the outputs.

        Parameters
        ----------
        inputs : dict
            ``turns`` (n,), and ``images`` (n, size, size, 1) or ``rows`` (n,).
        training : bool
            Passed to the network.
        """
        if self.resident is None:
            images = inputs["images"]
        else:
            images = ops.take(self.resident, inputs["rows"], axis=0)
        if self.augment:
            images = turn(images, inputs["turns"])
        batch = {"images": images, "turns": inputs["turns"]}
        return {"batch": batch, "outputs": self.network(images, training=training)}

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> Tensor:
        """Return the network's loss for what `call` returned."""
        return self.network_loss(y_pred["batch"], y_pred["outputs"])

    def reset_metrics(self) -> None:
        """Start a new running mean, unless the rest of an interrupted epoch is to be trained."""
        if not self.keeps_metrics:
            super().reset_metrics()


def turn(images: Tensor, turns: Tensor) -> Tensor:
    """Turn and mirror each image by one of the eight symmetries of the square, exactly.

    Parameters
    ----------
    images : tensor of shape (n, size, size, 1)
        The images.
    turns : integer tensor of shape (n,)
        0-7: bit 0 mirrors the columns, bit 1 the rows, bit 2 transposes; 0 leaves the image.

    Returns
    -------
    tensor of shape (n, size, size, 1)
    """
    turns = ops.reshape(turns, (-1, 1, 1, 1))
    images = ops.where(turns % 2 == 1, ops.flip(images, 2), images)
    images = ops.where(turns // 2 % 2 == 1, ops.flip(images, 1), images)
    return ops.where(turns // 4 == 1, ops.transpose(images, (0, 2, 1, 3)), images)
