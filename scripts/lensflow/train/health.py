"""Signs of a network that learned nothing: constant outputs, dead units, collapsed dimensions."""

from collections.abc import Iterable

import numpy as np

from lensflow.errors import TrainingError

MANY_DEAD = 0.5
MEND = (
    "Lower `learning_rate`, or use `schedule: cosine` (it warms up), or `precision: float32`. The "
    "last backup was made before this and is kept."
)


def dead_units(features: np.ndarray) -> int:
    """Count the features that are the same for every image.

    Parameters
    ----------
    features : ndarray of shape (n, d)
        The bottleneck's values.
    """
    return int(np.sum(np.ptp(features, axis=0) == 0))


def effective_dimension(features: np.ndarray) -> float:
    """Return how many directions the features fill: the exponential of the spectrum's entropy.

    The eigenvalues of the covariance, divided by their sum, are taken as probabilities: 1 when
    everything lies on a line, d when all directions vary equally (as RankMe, Garrido et al. 2023,
    with variances).

    Parameters
    ----------
    features : ndarray of shape (n, d)
        The bottleneck's values.

    Returns
    -------
    float
        Between 1 and d, 0 when nothing varies.
    """
    centred = features.astype("float64") - np.mean(features, axis=0, dtype="float64")
    variances = np.clip(np.linalg.eigvalsh(centred.T @ centred), 0, None)
    if not variances.sum() > 0:
        return 0.0
    share = variances[variances > 0] / variances.sum()
    return float(np.exp(-np.sum(share * np.log(share))))


def check_loss(loss: float, where: str) -> None:
    """Raise when the loss is no number.

    Raises
    ------
    lensflow.errors.TrainingError
        The message says where it happened and what to change.
    """
    if not np.isfinite(loss):
        raise TrainingError(f"{where}: received a loss of {loss}, expected a finite number. {MEND}")


def check_weights(weights: Iterable[np.ndarray], where: str) -> None:
    """Raise when a weight is no number.

    Raises
    ------
    lensflow.errors.TrainingError
        As `check_loss`.
    """
    finite = np.concatenate([np.isfinite(values).ravel() for values in weights])
    if not finite.all():
        raise TrainingError(
            f"{where}: {np.sum(~finite)} of {len(finite)} weights of the network are not finite, "
            f"expected finite numbers. {MEND}"
        )


def check_alive(features: np.ndarray, outputs: np.ndarray, where: str) -> None:
    """Raise when the network no longer tells one image from another: more epochs cannot mend it.

    Parameters
    ----------
    features : ndarray of shape (n, d)
        Bottleneck of some held-out images.
    outputs : ndarray of shape (n, ...)
        What the network makes of them, such as reconstructions.
    where : str
        Opens the message.

    Raises
    ------
    lensflow.errors.TrainingError
        When all features are dead or all outputs are equal.
    """
    if min(len(features), len(outputs)) < 2:
        return
    remedy = (
        "Lower `learning_rate`, use `schedule: cosine`, give the run another seed, or set "
        "`embedding_activation: linear`."
    )
    if dead_units(features) == features.shape[1]:
        raise TrainingError(
            f"{where}: all {features.shape[1]} units of the bottleneck are the same for "
            f"{len(features)} held-out images, expected them to vary. {remedy}"
        )
    if np.max(np.ptp(outputs, axis=0)) == 0:
        raise TrainingError(
            f"{where}: the outputs for {len(outputs)} held-out images are all the same, "
            f"expected them to differ. {remedy}"
        )


def warnings_about(features: np.ndarray, val_loss: float, baseline: float) -> tuple[str, ...]:
    """Return what a user should look at after training.

    Parameters
    ----------
    features : ndarray of shape (n, d)
        Bottleneck of the held-out images.
    val_loss, baseline : float
        Held-out loss of the network and of the best constant output.

    Returns
    -------
    tuple of str
    """
    found = []
    n_dead, n_units = dead_units(features), features.shape[1]
    if n_dead > MANY_DEAD * n_units:
        found.append(
            f"{n_dead} of {n_units} units of the bottleneck are dead; lower `learning_rate`, use "
            "`schedule: cosine` or `embedding_activation: linear`"
        )
    if not val_loss < baseline:
        found.append(
            f"the held-out loss {val_loss:.5f} is not below that of the best constant output, "
            f"{baseline:.5f}, so nothing but the mean was learned; train for more epochs or with "
            "another `learning_rate`"
        )
    return tuple(found)
