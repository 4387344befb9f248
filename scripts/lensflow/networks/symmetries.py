"""Turns, mirror images and shifts of a batch, a different one for each image."""

from keras import ops

from lensflow.networks.runtime import Tensor


def turn(images: Tensor, turns: Tensor) -> Tensor:
    """Turn and mirror each image by one of the eight symmetries of the square, exactly.

    Parameters
    ----------
    images : tensor of shape (n, size, size, channels)
        The images.
    turns : integer tensor of shape (n,)
        0-7: bit 0 mirrors the columns, bit 1 the rows, bit 2 transposes; 0 leaves the image.

    Returns
    -------
    tensor of shape (n, size, size, channels)
    """
    turns = ops.reshape(turns, (-1, 1, 1, 1))
    images = ops.where(turns % 2 == 1, ops.flip(images, 2), images)
    images = ops.where(turns // 2 % 2 == 1, ops.flip(images, 1), images)
    return ops.where(turns // 4 == 1, ops.transpose(images, (0, 2, 1, 3)), images)


def shift(images: Tensor, shifts: Tensor) -> Tensor:
    """Shift each image by whole pixels, exactly; what comes in over an edge is 0, the sky.

    Parameters
    ----------
    images : tensor of shape (n, size, size, channels)
        The images.
    shifts : integer tensor of shape (n, 2)
        By how many rows and columns: the pixel (i, j) goes to (i + shifts[:, 0], j + shifts[:, 1]).

    Returns
    -------
    tensor of shape (n, size, size, channels)
    """
    size = images.shape[1]
    sources = ops.arange(size, dtype="int32") - ops.expand_dims(shifts, -1)
    # Products with ones and zeros: exact, and quicker than to gather.
    rows, columns = ops.split(ops.one_hot(sources, size, dtype=images.dtype), 2, axis=1)
    moved = ops.matmul(rows, ops.transpose(images, (0, 3, 1, 2)))
    moved = ops.matmul(moved, ops.transpose(columns, (0, 1, 3, 2)))
    return ops.transpose(moved, (0, 2, 3, 1))


def turn_polar(images: Tensor, steps: Tensor, mirrored: Tensor) -> Tensor:
    """Turn each polar image by steps of its grid, after mirroring some.

    Parameters
    ----------
    images : tensor of shape (n, rings, angles, channels)
        The images.
    steps : integer tensor of shape (n,)
        The cell 0 goes to the cell ``steps``.
    mirrored : integer tensor of shape (n,)
        1 where the cell j goes to -j first.

    Returns
    -------
    tensor of shape (n, rings, angles, channels)
    """
    n_angles = images.shape[2]
    moved = ops.arange(n_angles, dtype="int32") - ops.reshape(steps, (-1, 1))
    sources = moved * ops.reshape(1 - 2 * mirrored, (-1, 1)) % n_angles
    return ops.take_along_axis(images, ops.reshape(sources, (-1, 1, n_angles, 1)), axis=2)
