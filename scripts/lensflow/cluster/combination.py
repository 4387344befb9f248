"""Several lens probabilities of one image as one: the mean of their log-odds.

What is added up is the logit, log(p / (1 - p)), of a probability that is at least `CLIP` from 0 and
from 1: a cluster of some hundred members says no more, and one clustering alone shall not decide.
"""

from collections.abc import Sequence

import numpy as np

CLIP = 0.001
"""Probabilities nearer to 0 or 1 count as this near."""


def logit(p_lens: np.ndarray) -> np.ndarray:
    """Return the natural log-odds of probabilities, clipped by `CLIP`."""
    p_lens = np.clip(p_lens, CLIP, 1.0 - CLIP)
    return np.log(p_lens) - np.log1p(-p_lens)


def probability(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of log-odds."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, dtype=np.float64)))


def mean_probability(p_lens: Sequence[np.ndarray]) -> np.ndarray:
    """Return the probability at the mean logit of several, each of shape (n,); one stays as it is.

    It is a monotonic function of each, so the ends of intervals are combined by it too: as if
    all erred alike, which makes the interval rather too wide.
    """
    if len(p_lens) == 1:
        return np.asarray(p_lens[0])
    return probability(np.mean([logit(one) for one in p_lens], axis=0))
