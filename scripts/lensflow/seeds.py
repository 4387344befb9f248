"""Random generators that depend on a seed and on what is drawn, never on the order of the work."""

import hashlib

import numpy as np


def rng(seed: int, *keys: str | int) -> np.random.Generator:
    """Return the generator that belongs to ``seed`` and ``keys``.

    The same arguments give the same stream on every machine, whatever was drawn before and however
    the work is spread over shards; different keys give independent streams.

    Parameters
    ----------
    seed : int
        The seed of the configuration.
    *keys : str or int
        What is drawn, and for which object: ``rng(seed, "augmentation", object_id, rotation)``.

    Returns
    -------
    numpy.random.Generator
        A counter-based (Philox) generator.
    """
    text = "\x1f".join([str(int(seed)), *(f"{type(key).__name__}:{key}" for key in keys)])
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
