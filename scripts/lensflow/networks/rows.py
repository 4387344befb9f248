"""Fast convolution along the rows: seven products where the plain sum needs sixteen.

The rows of the map, of the kernel and of the output are dealt into four phases each. The phases of
the output are then a small convolution (four outputs, four taps) whose products are themselves
convolutions, and Toom and Cook's algorithm (Winograd's minimal filtering, Lavin & Gray 2016) needs
``4 + 4 - 1 = 7`` of them instead of 16:

    y = A [(G w) * (B x)],

``*`` being a convolution of maps. ``A``, ``B`` and ``G`` hold small fractions, so the result is
that of the plain sum up to rounding, which grows about fivefold: to some 1e-6 of the result.
The transforms of the rows are products with constant matrices that also hold the zeros outside
the map, so no map is padded, sliced or added up.
"""

import functools

import numpy as np
from keras import ops

from lensflow.networks.runtime import Tensor

PHASES = 4
POINTS = (0, 1, -1, 0.5, -0.5, 2)

# Below these sizes the transforms cost more than they save.
LEAST_TAPS = 4
LEAST_CHANNELS = 32


def is_worthwhile(kernel: Tensor) -> bool:
    """Say whether a float32 convolution on a CPU gains from `convolve`.

    Parameters
    ----------
    kernel : tensor of shape (k, k, channels, filters)
        Its kernel.
    """
    return kernel.shape[0] >= LEAST_TAPS and min(kernel.shape[2:]) >= LEAST_CHANNELS


def convolve(maps: Tensor, kernel: Tensor, padding: str) -> Tensor:
    """Return the convolution of maps with a kernel.

    Parameters
    ----------
    maps : tensor of shape (n, rows, columns, channels)
        float32.
    kernel : tensor of shape (k, k, channels, filters)
        The plain kernel.
    padding : {"same", "valid"}
        ``same`` puts the larger half of the zeros after the data.

    Returns
    -------
    tensor of shape (n, rows, columns, filters)
        Fewer rows and columns when ``valid``.
    """
    size, _, channels, filters = kernel.shape
    if padding == "same":
        zeros = (size - 1) // 2
        maps = ops.pad(maps, [[0, 0], [0, 0], [zeros, size - 1 - zeros], [0, 0]])
    rows, columns = maps.shape[1:3]
    into, out = transforms(rows, size, padding)
    parts = ops.matmul(into, ops.reshape(maps, (-1, rows, columns * channels)))
    parts = ops.reshape(parts, (-1, into.shape[0], columns, channels))
    products = [
        ops.conv(part, piece, padding="valid")
        for part, piece in zip(
            ops.split(parts, 2 * PHASES - 1, axis=1), kernel_parts(kernel), strict=True
        )
    ]
    stacked = ops.concatenate(products, axis=1)
    columns = stacked.shape[2]
    flat = ops.reshape(stacked, (-1, out.shape[1], columns * filters))
    return ops.reshape(ops.matmul(out, flat), (-1, out.shape[0], columns, filters))


def kernel_parts(kernel: Tensor) -> list[Tensor]:
    """Return the seven kernels of the products, each (ceil(k / 4), k, channels, filters)."""
    _, mixing, _ = toom_cook(POINTS, PHASES)
    size = kernel.shape[0]
    taps = -(-size // PHASES)
    padded = ops.pad(kernel, [[0, taps * PHASES - size], [0, 0], [0, 0], [0, 0]])
    phases = ops.reshape(padded, (taps, PHASES, -1))
    mixed = ops.matmul(ops.convert_to_tensor(mixing, "float32"), phases)
    return ops.unstack(
        ops.reshape(ops.transpose(mixed, (1, 0, 2)), (-1, taps, *kernel.shape[1:])), axis=0
    )


@functools.cache
def transforms(rows: int, kernel: int, padding: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices that take rows to the products' inputs, and their outputs to rows.

    Parameters
    ----------
    rows : int
        Rows of the map.
    kernel : int
        Taps of the plain kernel.
    padding : {"same", "valid"}
        Padding of the rows.

    Returns
    -------
    into : ndarray of shape (7 * m, rows)
        ``m`` rows for each product.
    out : ndarray of shape (rows of the output, 7 * (m - taps + 1))
    """
    a, _, b = toom_cook(POINTS, PHASES)
    zeros = (kernel - 1) // 2 if padding == "same" else 0
    n_out = rows if padding == "same" else rows - kernel + 1
    taps, length = -(-kernel // PHASES), -(-n_out // PHASES)
    into = np.zeros((len(b), length + taps - 1, rows), "float32")
    for row, term in np.ndindex(length + taps - 1, len(b)):
        source = PHASES * row + term - zeros
        if 0 <= source < rows:
            into[:, row, source] += b[:, term]
    out = np.zeros((n_out, len(b), length), "float32")
    for target in range(n_out):
        out[target, :, target // PHASES] = a[target % PHASES]
    return into.reshape(-1, rows), out.reshape(n_out, -1)


@functools.cache
def toom_cook(points: tuple[float, ...], n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the matrices of minimal filtering with ``n`` outputs and ``n`` taps.

    Parameters
    ----------
    points : tuple of float
        ``2 n - 2`` different numbers; infinity is the last point.
    n : int
        Outputs and taps.

    Returns
    -------
    a : ndarray of shape (n, 2 n - 1)
        From products to outputs.
    g : ndarray of shape (2 n - 1, n)
        From taps to the products' factors.
    b : ndarray of shape (2 n - 1, 2 n - 1)
        From inputs to the products' factors, the largest entry of each row 1.
    """
    values = np.array(points, dtype=float)
    others = [np.delete(values, j) for j in range(len(values))]
    a = np.vander(values, n, increasing=True)
    g = (
        a
        / np.array([np.prod(value - rest) for value, rest in zip(values, others, strict=True)])[
            :, None
        ]
    )
    last = np.eye(n)[-1:]
    b = np.zeros((2 * n - 1, 2 * n - 1))
    b[:-1, :-1] = [np.poly(rest)[::-1] for rest in others]
    b[-1] = np.poly(values)[::-1]
    size = np.abs(b).max(axis=1, keepdims=True)
    return np.vstack([a, last]).T, np.vstack([g, last]) * size, b / size
