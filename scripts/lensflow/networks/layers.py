"""The convolution of the networks, with its neighbours folded in: exact, and several times faster.

A nearest-neighbour upsampling that precedes a convolution repeats every pixel 2 x 2 times, so most
products of the convolution are computed more than once. With ``up[u] = x[u // 2]`` and a kernel
``w`` of ``k`` taps, output ``2 i + p`` of phase ``p`` (0 or 1) along one axis is

    y[2 i + p] = sum_t w[t] x[(2 i + p + t) // 2] = sum_j v_p[j] x[i + j],
    v_p[j]     = sum of w[t] over the t with (p + t) // 2 == j,

a convolution of the small map with ``k // 2 + 1`` taps. The two phases of either axis share one
window, so a single convolution with four times the filters computes them all, and depth-to-space
interleaves them. The sums are regrouped, nothing is approximated: outputs and gradients equal the
plain layers' to rounding, and the layer's weights are the plain kernel and bias.
"""

import keras
import numpy as np
from keras import ops


class Conv2D(keras.layers.Conv2D):
    """Convolution that may first double its input and may halve its output before the activation.

    Equal to ``UpSampling2D() -> Conv2D(activation) -> MaxPooling2D(padding="same")`` with the first
    or the last left out. It keeps Keras's name because a weights file names its groups by the
    class: files of the plain layers and of this one are interchangeable. Strides and dilations are
    not supported.

    Parameters
    ----------
    filters, kernel_size, padding, activation, **kwargs
        As in ``keras.layers.Conv2D``.
    upsample : bool
        Repeat every pixel of the input 2 x 2 times before the convolution.
    pool : bool
        Take the maximum over blocks of 2 x 2 pixels of the output. The activation comes after
        it, on a quarter of the pixels, which is the same for the increasing functions allowed.
    """

    def __init__(self, filters, kernel_size, upsample=False, pool=False, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        self.upsample = upsample
        self.pool = pool

    def build(self, input_shape):
        """Create the plain kernel and bias, and the map from the kernel to its phases."""
        super().build(input_shape)
        if self.upsample:
            self.phase_map = phase_map(self.kernel_size[0])

    def call(self, inputs):
        """Compute the layer for a batch of maps (n, rows, columns, channels)."""
        if self.upsample:
            outputs = self._upsampled_convolution(inputs)
        else:
            outputs = self._plain_convolution(inputs)
        if self.pool:
            outputs = ops.max_pool(outputs, (2, 2), strides=(2, 2), padding="same")
        return self.activation(outputs)

    def compute_output_shape(self, input_shape):
        """Return the shape of the output for a batch of inputs of ``input_shape``."""
        batch, rows, columns, channels = input_shape
        scale = 2 if self.upsample else 1
        shape = super().compute_output_shape((batch, scale * rows, scale * columns, channels))
        if self.pool:
            shape = (shape[0], -(-shape[1] // 2), -(-shape[2] // 2), shape[3])
        return shape

    def get_config(self):
        """Return the arguments that rebuild the layer."""
        return super().get_config() | {"upsample": self.upsample, "pool": self.pool}

    def _plain_convolution(self, inputs):
        outputs = ops.conv(inputs, self.kernel, padding=self.padding)
        return outputs + self.bias

    def _upsampled_convolution(self, inputs):
        windows = [
            phase_windows(side, self.kernel_size[0], self.padding) for side in inputs.shape[1:3]
        ]
        padded = ops.pad(inputs, [[0, 0], *[[w.before, w.after] for w in windows], [0, 0]])
        kernel = phase_kernel(self.kernel, ops.cast(self.phase_map, self.compute_dtype))
        phases = ops.conv(padded, kernel, padding="valid") + ops.tile(self.bias, 4)
        outputs = ops.depth_to_space(phases, 2)
        (top, bottom), (left, right) = [(w.skip, w.skip + w.length) for w in windows]
        return outputs[:, top:bottom, left:right, :]


class PhaseWindow:
    """Zeros to add to the small map along one axis, and which outputs to keep."""

    def __init__(self, before, after, skip, length):
        self.before = before
        self.after = after
        self.skip = skip
        self.length = length


def phase_windows(side, kernel, padding):
    """Return how an upsampled convolution along one axis sits on the small map.

    Parameters
    ----------
    side : int
        Pixels of the small map along this axis.
    kernel : int
        Taps of the plain kernel.
    padding : {"same", "valid"}
        Padding of the plain convolution; ``same`` puts the larger half after the data.

    Returns
    -------
    PhaseWindow
        ``before`` and ``after`` in pixels of the small map, ``skip`` and ``length`` in pixels of
        the output.
    """
    taps = kernel // 2 + 1
    zeros_before = (kernel - 1) // 2 if padding == "same" else 0
    length = 2 * side if padding == "same" else 2 * side - kernel + 1
    before = -(-zeros_before // 2)
    skip = 2 * before - zeros_before
    n_windows = -(-(skip + length) // 2)
    return PhaseWindow(before, n_windows + taps - 1 - side - before, skip, length)


def phase_map(kernel):
    """Return the map (2, taps, kernel) from the taps of a kernel to those of its two phases."""
    phase, small, tap = np.ogrid[:2, : kernel // 2 + 1, :kernel]
    return ((phase + tap) // 2 == small).astype("float32")


def phase_kernel(kernel, mapping):
    """Return the kernel that computes all four phases of an upsampled convolution.

    Parameters
    ----------
    kernel : tensor of shape (k, k, channels, filters)
        The plain kernel.
    mapping : tensor of shape (2, k // 2 + 1, k)
        From `phase_map`.

    Returns
    -------
    tensor of shape (k // 2 + 1, k // 2 + 1, channels, 4 * filters)
        The filters are ordered (row phase, column phase, filter), as depth-to-space expects.
    """
    size, _, channels, filters = kernel.shape
    taps = size // 2 + 1
    rows = ops.matmul(
        ops.reshape(mapping, (2 * taps, size)), ops.reshape(kernel, (size, -1))
    )  # (2 taps, k channels filters)
    rows = ops.reshape(rows, (2, taps, size, channels, filters))
    rows = ops.transpose(rows, (2, 0, 1, 3, 4))
    both = ops.matmul(ops.reshape(mapping, (2 * taps, size)), ops.reshape(rows, (size, -1)))
    both = ops.reshape(both, (2, taps, 2, taps, channels, filters))
    return ops.reshape(ops.transpose(both, (3, 1, 4, 2, 0, 5)), (taps, taps, channels, 4 * filters))
