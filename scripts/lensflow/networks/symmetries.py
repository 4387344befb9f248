"""Turns and mirror images of a batch, a different one for each image."""

from keras import ops

from lensflow.networks.runtime import Tensor


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
