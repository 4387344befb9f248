"""Ranks among the objects of a survey, in memory that does not grow with it."""

import numpy as np

LOW_BITS = 12
"""Bits of a single-precision number within one bin; the upper 20 name the bin."""


class Ranks:
    """Where values lie among all that were added.

    Values are counted in 2^20 bins, each as wide as 1/2048 of the values in it; within a bin they
    are taken as evenly spread. So of two different values (in single precision) the larger has the
    higher rank wherever its bin holds anything.
    """

    def __init__(self):
        self._counts = np.zeros(2 ** (32 - LOW_BITS), np.int64)

    def add(self, values: np.ndarray) -> None:
        """Count values: (n,), finite."""
        bins = _keys(values) >> LOW_BITS
        self._counts += np.bincount(bins, minlength=self._counts.size)

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Return which share of all counted values is below each: (n,) -> (n,), 0 to 1."""
        keys = _keys(values)
        bins, within = keys >> LOW_BITS, (keys & (2**LOW_BITS - 1)) / 2**LOW_BITS
        below = np.cumsum(self._counts) - self._counts
        return (below[bins] + within * self._counts[bins]) / max(self._counts.sum(), 1)


def _keys(values: np.ndarray) -> np.ndarray:
    """Return whole numbers, 0 to 2^32, in the order of the values in single precision."""
    # Adding 0 makes one zero of the two that there are.
    bits = (np.asarray(values, dtype=np.float32) + np.float32(0)).view(np.uint32)
    # Of IEEE numbers the positive ones are ordered as their bits are, the negative ones backwards.
    keys = np.where(bits >> 31, ~bits, bits | np.uint32(2**31))
    return keys.astype(np.int64)
