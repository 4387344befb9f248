"""Layers that Keras does not have, or not as fast.

The convolution of the networks with its neighbours folded in: the same, several times faster. And
what networks on polar images and networks that end in a summary of their maps need.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from lensflow.networks import phases, rows, runtime
from lensflow.networks.runtime import Tensor

Shape = tuple[int | None, ...]

FEW_CHANNELS = 4
"""Fewer than these are dealt into phases on a GPU: an image of one band, or of three."""
DEALT = 4
"""Pixels along a side of what is dealt."""


class Conv2D(keras.layers.Conv2D):
    """Convolution that may first double its input and may halve its output before the activation.

    Equal to ``UpSampling2D() -> Conv2D(activation) -> MaxPooling2D(padding="same")`` with the first
    or the last left out, up to rounding; its weights are the plain kernel and bias. It keeps
    Keras's name because a weights file names its groups by the class: files of the plain layers
    and of this one are interchangeable. Strides and dilations are not supported.

    Parameters
    ----------
    filters, kernel_size, padding, activation, **kwargs
        As in ``keras.layers.Conv2D``.
    upsample : bool
        Repeat every pixel of the input 2 x 2 times before the convolution, see
        `lensflow.networks.phases`.
    pool : bool
        Take the maximum over blocks of 2 x 2 pixels of the output. Bias and activation come after
        it, on a quarter of the pixels, which is the same for increasing functions.
    input_phases : {1, 2}
        2 when the input, to be upsampled, is what a layer with ``keep_phases`` returns.
    keep_phases : bool
        Return the 2 x 2 phases of an upsampled convolution as channels.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        upsample: bool = False,
        pool: bool = False,
        input_phases: int = 1,
        keep_phases: bool = False,
        **kwargs,
    ):
        super().__init__(filters, kernel_size, **kwargs)
        self.upsample = upsample
        self.pool = pool
        self.input_phases = input_phases
        self.keep_phases = keep_phases

    def build(self, input_shape: Shape) -> None:
        """Create the plain kernel and bias, and choose the way to compute."""
        *shape, channels = input_shape
        super().build((*shape, channels // self.input_phases**2))
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={-1: channels})
        on_accelerator = runtime.has_accelerator()
        # Seven products for sixteen lose bits, which bfloat16 does not have to spare; on a GPU
        # the libraries do as well by themselves.
        self.may_transform_rows = self.compute_dtype == "float32" and not on_accelerator
        # Where results must repeat, XLA sorts all pixels for the gradient of the backend's pooling
        # on a GPU (older versions refuse it). On the CPU the backend's is faster.
        self.pools_by_blocks = on_accelerator
        self.deals_inputs = on_accelerator and not self.upsample and channels < FEW_CHANNELS

    def call(self, inputs: Tensor) -> Tensor:
        """Compute the layer for a batch of maps (n, rows, columns, channels)."""
        if self.upsample:
            return self._upsampled_convolution(inputs)
        if self.deals_inputs:
            return self._dealt_convolution(inputs)
        outputs = self._convolve(inputs, self.kernel, self.padding)
        if self.pool:
            outputs = self._maximum(outputs)
        return self.activation(outputs + self.bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for a batch of inputs of ``input_shape``."""
        batch, height, width, channels = input_shape
        scale = 2 * self.input_phases if self.upsample else 1
        plain = (batch, scale * height, scale * width, channels // self.input_phases**2)
        batch, height, width, filters = super().compute_output_shape(plain)
        if self.pool:
            return (batch, -(-height // 2), -(-width // 2), filters)
        if self.keep_phases:
            return (batch, height // 2, width // 2, 4 * filters)
        return (batch, height, width, filters)

    def get_config(self) -> dict:
        """Return the arguments that rebuild the layer."""
        return super().get_config() | {
            "upsample": self.upsample,
            "pool": self.pool,
            "input_phases": self.input_phases,
            "keep_phases": self.keep_phases,
        }

    def _upsampled_convolution(self, inputs: Tensor) -> Tensor:
        inner, size = self.input_phases, self.kernel_size[0]
        row, column = (
            phases.window(inner * side, size, self.padding, inner) for side in inputs.shape[1:3]
        )
        mapping = ops.convert_to_tensor(phases.phase_map(size, inner), self.compute_dtype)
        kernel = phases.phase_kernel(self.kernel, mapping)
        outputs = self._convolve(_frame(inputs, row, column), kernel, "valid")
        outputs = self.activation(outputs + ops.tile(self.bias, 4 * inner * inner))
        if self.keep_phases:
            return outputs
        return _crop(ops.depth_to_space(outputs, 2 * inner), row, column)

    def _dealt_convolution(self, inputs: Tensor) -> Tensor:
        """Convolve few channels as 16 times as many, which lie in the phases of 4 x 4 pixels."""
        size, shape = self.kernel_size[0], inputs.shape[1:3]
        row, column = (phases.dealt_window(side, size, self.padding, DEALT) for side in shape)
        mapping = phases.phase_map(size, DEALT, repeat=1)
        kernel = phases.phase_kernel(
            self.kernel, ops.convert_to_tensor(mapping, self.compute_dtype)
        )
        maps = ops.space_to_depth(_frame(inputs, row, column), DEALT)
        outputs, side = self._convolve(maps, kernel, "valid"), DEALT
        if self.pool:
            outputs = _phase_maximum(outputs, row, column)
            row, column = (phases.Window(0, 0, 0, -(-one.length // 2)) for one in (row, column))
            side = DEALT // 2
        outputs = self.activation(outputs + ops.tile(self.bias, side * side))
        return _crop(ops.depth_to_space(outputs, side), row, column)

    def _maximum(self, maps: Tensor) -> Tensor:
        if self.pools_by_blocks:
            return block_maximum(maps)
        return ops.max_pool(maps, (2, 2), strides=(2, 2), padding="same")

    def _convolve(self, inputs: Tensor, kernel: Tensor, padding: str) -> Tensor:
        if self.may_transform_rows and rows.is_worthwhile(kernel):
            return rows.convolve(inputs, kernel, padding)
        return ops.conv(inputs, kernel, padding=padding)


def block_maximum(maps: Tensor) -> Tensor:
    """Return the maximum over blocks of 2 x 2 pixels, as a reduction: the same wherever it runs.

    Where several pixels of a block are largest, they share its gradient; the backend's pooling
    gives it to one of them.

    Parameters
    ----------
    maps : tensor of shape (n, rows, columns, channels)
        At an odd side the last block is cut off.

    Returns
    -------
    tensor of shape (n, ceil(rows / 2), ceil(columns / 2), channels)
    """
    rows_of_blocks, columns_of_blocks = (-(-side // 2) for side in maps.shape[1:3])
    missing = [[0, side % 2] for side in maps.shape[1:3]]
    if missing != [[0, 0], [0, 0]]:
        maps = ops.pad(maps, [[0, 0], *missing, [0, 0]], constant_values=-math.inf)
    blocks = ops.reshape(maps, (-1, rows_of_blocks, 2, columns_of_blocks, 2, maps.shape[-1]))
    return ops.max(blocks, axis=(2, 4))


def _phase_maximum(maps: Tensor, row: phases.Window, column: phases.Window) -> Tensor:
    """Return `block_maximum` of what two windows keep of dealt maps, dealt half as finely."""
    half, blocks = DEALT // 2, tuple(maps.shape[1:3])
    within = [
        (np.arange(n * DEALT) < window.length).reshape(n, half, 2)
        for n, window in zip(blocks, (row, column), strict=True)
    ]
    both = within[0][:, None, :, :, None, None] & within[1][None, :, None, None]
    # What lies beyond the last pixel comes from zeros around the map, and may be largest.
    outside = ops.convert_to_tensor(np.where(both, 0.0, -math.inf)[..., None], maps.dtype)
    dealt = ops.reshape(maps, (-1, *blocks, half, 2, half, 2, maps.shape[-1] // DEALT**2))
    return ops.reshape(ops.max(dealt + outside, axis=(4, 6)), (-1, *blocks, maps.shape[-1] // 4))


def _frame(maps: Tensor, row: phases.Window, column: phases.Window) -> Tensor:
    """Add the zeros that two windows ask for."""
    if (row.before, row.after, column.before, column.after) == (0, 0, 0, 0):
        return maps
    return ops.pad(maps, [[0, 0], [row.before, row.after], [column.before, column.after], [0, 0]])


def _crop(maps: Tensor, row: phases.Window, column: phases.Window) -> Tensor:
    """Keep the outputs that two windows ask for."""
    if maps.shape[1:3] == (row.length, column.length):
        return maps
    rows, columns = (slice(one.skip, one.skip + one.length) for one in (row, column))
    return runtime.cut(maps, rows, columns)


class Closing(keras.layers.Layer):
    """Frame of a map whose last column is beside its first, for a valid convolution.

    Parameters
    ----------
    kernel_size : int
        Side of the convolution's kernel (pixels), odd: the output has the side of the map.
    """

    def __init__(self, kernel_size: int, **kwargs):
        super().__init__(**kwargs)
        self.kernel_size = kernel_size

    def call(self, inputs: Tensor) -> Tensor:
        """Repeat columns from the other end, and put rows of zeros above and below."""
        before, after = (self.kernel_size - 1) // 2, self.kernel_size // 2
        columns = inputs.shape[2]
        last, first = slice(columns - before, None), slice(after)
        ends = [runtime.cut(inputs, slice(None), part) for part in (last, first)]
        closed = ops.concatenate([ends[0], inputs, ends[1]], axis=2)
        return ops.pad(closed, [[0, 0], [before, after], [0, 0], [0, 0]])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the framed maps."""
        batch, rows, columns, channels = input_shape
        return (batch, rows + self.kernel_size - 1, columns + self.kernel_size - 1, channels)

    def get_config(self) -> dict:
        """Return the arguments that rebuild the layer."""
        return super().get_config() | {"kernel_size": self.kernel_size}


class MeanAndMaximum(keras.layers.Layer):
    """Mean and maximum of maps over some of their axes, as one vector.

    Parameters
    ----------
    axes : sequence of int
        Of (batch, rows, columns, channels).
    """

    def __init__(self, axes: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        self.axes = tuple(axes)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the means, then the maxima (n, units)."""
        parts = [ops.mean(inputs, self.axes), ops.max(inputs, self.axes)]
        units = math.prod(parts[0].shape[1:])
        return ops.concatenate([ops.reshape(part, (-1, units)) for part in parts], axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, units)."""
        kept = [side for axis, side in enumerate(input_shape) if axis not in (0, *self.axes)]
        return (input_shape[0], 2 * math.prod(kept))

    def get_config(self) -> dict:
        """Return the arguments that rebuild the layer."""
        return super().get_config() | {"axes": self.axes}
