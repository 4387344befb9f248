"""What is trained: a network that reproduces its own input, with the images beside or inside it."""

import keras
from keras import ops


class Reconstruction(keras.Model):
    """Trains a network to reproduce its input: the input is the target.

    The denoiser, too, has its own noisy input as target; what does not fit through its bottleneck
    is the noise (paper, section 3.2).

    Parameters
    ----------
    network : keras.Model
        From images (n, size, size, 1) to images.
    images : ndarray of shape (n, size, size), optional
        The training set, to be kept on the device: a batch is then a list of its rows, and many
        steps can run without the host. Without it a batch holds the images.
    augment : bool
        Turn and mirror the images as each batch says.
    """

    def __init__(self, network, images=None, augment=False):
        super().__init__(name="reconstruction")
        self.network = network
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

    def call(self, inputs, training=False):
        """Return the target and its reconstruction for one batch.

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
        return {"target": images, "reconstruction": self.network(images, training=training)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the mean binary cross-entropy a pixel, in nats."""
        target, reconstruction = y_pred["target"], y_pred["reconstruction"]
        return ops.mean(keras.losses.binary_crossentropy(target, reconstruction))

    def reset_metrics(self):
        """Start a new running mean, unless the rest of an interrupted epoch is to be trained."""
        if not self.keeps_metrics:
            super().reset_metrics()


def turn(images, turns):
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
