"""How weights follow their gradients: Adam, or Muon for every kernel that is a matrix."""

import math
from collections.abc import Mapping, Sequence

import keras
from keras import ops

from lensflow.networks.runtime import Tensor
from lensflow.train.schedule import learning_rate


def make_optimizer(settings: Mapping, n_steps: int) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer of a training.

    Parameters
    ----------
    settings : mapping
        ``optimizer`` (``adam`` or ``muon``), and what `lensflow.train.schedule.learning_rate`
        takes.
    n_steps : int
        Steps of the whole training.

    Returns
    -------
    keras.optimizers.Optimizer
    """
    rate = learning_rate(settings, n_steps)
    if settings["optimizer"] == "adam":
        return keras.optimizers.Adam(rate)
    # Keras would also let the weights decay, which Adam here does not.
    return KernelMuon(rate, weight_decay=0.0, adam_weight_decay=0.0, name="muon")


class KernelMuon(keras.optimizers.Muon):
    """Muon that also takes the kernels of convolutions, as matrices (rows x columns x in, out).

    A step along the momentum of a matrix would follow its few strongest directions; Muon gives all
    directions the same length (Jordan et al. 2024; scaled to Adam's step as in Liu et al. 2025,
    arXiv:2502.16982). Keras's own leaves four-dimensional kernels, which is all that a
    convolutional network has, to Adam. Biases and kernels of one output stay with Adam.
    """

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return min(_matrix_shape(variable.shape)) < 2

    def lr_adjust(self, x: Tensor) -> Tensor:
        """Return a step scaled by 0.2 of the root of the matrix's longer side."""
        return x * (self.rms_rate * math.sqrt(max(_matrix_shape(x.shape))))

    def zeropower_via_newtonschulz5(self, x: Tensor, steps: int) -> Tensor:
        """Return ``x`` with all singular values of its matrix brought near 1."""
        matrix = ops.reshape(x, _matrix_shape(x.shape))
        return ops.reshape(super().zeropower_via_newtonschulz5(matrix, steps), x.shape)


def _matrix_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Return what a kernel maps to what, as (inputs, outputs); a vector has one input."""
    return math.prod(shape[:-1]), shape[-1]
