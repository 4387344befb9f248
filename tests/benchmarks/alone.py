"""One layer of a network by itself: what a training step spends on it."""

import keras
from keras import ops


class Alone(keras.Model):
    """A layer whose input lies on the device; a step is its forward pass and all its gradients.

    Parameters
    ----------
    layer : keras.Layer
        A layer of a built network.
    batch : int
        Inputs that it is given at once.
    """

    def __init__(self, layer: keras.Layer, batch: int):
        super().__init__()
        self.layer = layer
        shape, dtype = (batch, *layer.input.shape[1:]), layer.input.dtype
        # What the layer before would have left, in its precision; any numbers will do.
        self.given = self.add_weight(
            shape, "random_normal", dtype, trainable=False, autocast=False, name="given"
        )
        # Trained, so that the gradient by the input is needed as in the network.
        self.shift = self.add_weight((), "zeros", dtype, autocast=False, name="shift")
        self.compile(keras.optimizers.SGD(0.001))

    def call(self, inputs):
        """Return the layer's output; the batch only counts steps."""
        return self.layer(self.given + self.shift)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> object:
        """Return a number whose gradient by the output is the output, up to a factor."""
        return ops.mean(ops.square(ops.cast(y_pred, "float32")))
