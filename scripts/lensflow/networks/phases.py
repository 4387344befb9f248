"""Convolution after nearest-neighbour upsampling, computed on the small map: exact, and cheaper.

Upsampling repeats every pixel 2 x 2 times, so most products of a convolution that follows are
computed more than once. With ``up[u] = x[u // 2]`` and a kernel ``w`` of ``k`` taps, output
``2 i + p`` of phase ``p`` (0 or 1) along one axis is

    y[2 i + p] = sum_t w[t] x[(2 i + p + t) // 2] = sum_j v_p[j] x[i + j],
    v_p[j]     = sum of w[t] over the t with (p + t) // 2 == j,

a convolution of the small map with ``k // 2 + 1`` taps. The two phases of either axis share one
window, so a single convolution with four times the filters computes them all, and depth-to-space
interleaves them. The sums are regrouped, nothing is approximated.

The small map may itself still lie in phases, as such a convolution leaves it before depth-to-space:
then two phases of the input and four of the output share the window. That costs some products
twice, but a last convolution to one channel gets sixteen filters, with which it runs several times
faster, and the largest map of the network is never interleaved.
"""

import dataclasses

import numpy as np
from keras import ops

from lensflow.networks.runtime import Tensor


@dataclasses.dataclass(frozen=True)
class Window:
    """How an upsampled convolution along one axis sits on the small map.

    Attributes
    ----------
    before, after : int
        Zeros to add to the map, in its pixels.
    skip, length : int
        Which outputs to keep.
    """

    before: int
    after: int
    skip: int
    length: int


def window(side: int, kernel: int, padding: str, inner: int = 1) -> Window:
    """Return the window along one axis.

    Parameters
    ----------
    side : int
        Pixels of the small map along this axis, all phases counted.
    kernel : int
        Taps of the plain kernel.
    padding : {"same", "valid"}
        Padding of the plain convolution; ``same`` puts the larger half after the data.
    inner : {1, 2}
        Phases in which the map lies; 2 needs ``valid`` and an even ``side``.

    Returns
    -------
    Window
        ``before`` and ``after`` count pixels of one phase.
    """
    zeros_before = (kernel - 1) // 2 if padding == "same" else 0
    length = 2 * side if padding == "same" else 2 * side - kernel + 1
    before = -(-zeros_before // 2)
    skip = 2 * before - zeros_before
    n_windows = -(-(skip + length) // (2 * inner))
    after = n_windows + n_taps(kernel, inner) - 1 - side // inner - before
    return Window(before, max(after, 0), skip, length)


def dealt_window(side: int, kernel: int, padding: str, inner: int) -> Window:
    """Return the window along one axis of a convolution without upsampling, as for `window`.

    Returns
    -------
    Window
        ``before`` and ``after`` count pixels of the map before it is dealt into phases.
    """
    before = (kernel - 1) // 2 if padding == "same" else 0
    length = side if padding == "same" else side - kernel + 1
    n_blocks = -(-length // inner) + n_taps(kernel, inner, repeat=1) - 1
    return Window(before, n_blocks * inner - side - before, 0, length)


def n_taps(kernel: int, inner: int = 1, repeat: int = 2) -> int:
    """Return the taps along one axis of the kernel that computes all phases."""
    return (repeat * inner - 1 + kernel - 1) // repeat // inner + 1


def phase_map(kernel: int, inner: int = 1, repeat: int = 2) -> np.ndarray:
    """Return the map from the taps of a kernel to those of its phases, along one axis.

    Parameters
    ----------
    kernel : int
        Taps of the plain kernel.
    inner : int
        Phases in which the input lies.
    repeat : {1, 2}
        How often its pixels are repeated: 2 when it is upsampled.

    Returns
    -------
    ndarray of shape (repeat * inner, taps, inner, kernel)
        1 where an output phase needs a tap of an input phase.
    """
    phase, tap = np.ogrid[: repeat * inner, :kernel]
    small = (phase + tap) // repeat
    place = np.arange(n_taps(kernel, inner, repeat) * inner).reshape(-1, inner)
    return (small[:, None, None, :] == place[None, :, :, None]).astype("float32")


def phase_kernel(kernel: Tensor, mapping: Tensor) -> Tensor:
    """Return the kernel that computes all phases of a convolution.

    Parameters
    ----------
    kernel : tensor of shape (k, k, channels, filters)
        The plain kernel.
    mapping : tensor of shape (p, taps, r, k)
        From `phase_map`: ``p`` phases of the output, ``r`` of the input.

    Returns
    -------
    tensor of shape (taps, taps, r * r * channels, p * p * filters)
        Channels and filters are ordered (row phase, column phase, channel), as in depth-to-space.
    """
    n_out, taps, n_in, size = mapping.shape
    channels, filters = kernel.shape[2:]
    flat = ops.reshape(mapping, (-1, size))
    rows = ops.matmul(flat, ops.reshape(kernel, (size, -1)))
    rows = ops.reshape(rows, (n_out * taps * n_in, size, channels * filters))
    both = ops.matmul(flat, ops.reshape(ops.transpose(rows, (1, 0, 2)), (size, -1)))
    both = ops.reshape(both, (n_out, taps, n_in, n_out, taps, n_in, channels, filters))
    ordered = ops.transpose(both, (4, 1, 5, 2, 6, 3, 0, 7))
    shape = (taps, taps, n_in * n_in * channels, n_out * n_out * filters)
    return ops.reshape(ordered, shape)
