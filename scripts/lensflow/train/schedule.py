"""Learning rates over the steps of a training."""

from collections.abc import Mapping

import keras

WARM_UP = 0.05
LAST = 0.01


def learning_rate(
    settings: Mapping, n_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return what Keras's optimizer takes as its learning rate.

    Parameters
    ----------
    settings : mapping
        ``learning_rate`` (the highest) and ``schedule``: ``constant``, or ``cosine``: linear
        warm-up over the first 5 % of the steps, then half a cosine down to 1 % of the highest.
    n_steps : int
        Steps of the whole training.

    Returns
    -------
    float or keras.optimizers.schedules.LearningRateSchedule
    """
    highest = settings["learning_rate"]
    if settings["schedule"] == "constant":
        return highest
    warm_up = max(1, round(WARM_UP * n_steps))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=highest / warm_up,
        warmup_target=highest,
        warmup_steps=warm_up,
        decay_steps=max(1, n_steps - warm_up),
        alpha=LAST,
    )
