"""How well simulated cutouts can be told from real ones by simple statistics of the images."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lensflow.simulate.constants import SIZE

APERTURES = (2.0, 3.0, 5.0, 8.0, 15.0)
"""Radii of the apertures around the central pixel, pixels."""

_Y, _X = np.mgrid[:SIZE, :SIZE] - SIZE // 2
_RADIUS = np.hypot(_X, _Y)


def central_statistics(images) -> dict[str, np.ndarray]:
    """Return the brightness and shape of the central object.

    Parameters
    ----------
    images : numpy.ndarray
        Images (n, 101, 101) in sky sigma a pixel.

    Returns
    -------
    dict of numpy.ndarray
        Arrays (n,): log peak, log flux in `APERTURES`, and the logs of flux ratios
        (concentration).
    """
    images = np.asarray(images, dtype="f8")
    found = {"log_peak": _log(images[:, _RADIUS < 6.0].max(axis=1))}
    for radius in APERTURES:
        found[f"log_flux_{radius:.0f}"] = _log(images[:, radius > _RADIUS].sum(axis=1))
    for inner, outer in ((2, 5), (3, 8), (5, 15)):
        found[f"log_ratio_{inner}_{outer}"] = (
            found[f"log_flux_{inner}"] - found[f"log_flux_{outer}"]
        )
    return found


def image_statistics(images) -> dict[str, np.ndarray]:
    """Return the statistics that the realism test classifies by.

    Parameters
    ----------
    images : numpy.ndarray
        Images (n, 101, 101) in sky sigma a pixel, noise included.

    Returns
    -------
    dict of numpy.ndarray
        `central_statistics`, and arrays (n,) of the second moment and ellipticity of the central
        object, the light around it (flux and number of pixels above 4 sigma beyond 2 arcsec), and
        the quantiles and neighbour correlation of the background.
    """
    images = np.asarray(images, dtype="f8")
    found = central_statistics(images)
    found |= _moments(images)
    outer = images[:, _RADIUS > 20.0]
    bright = outer > 4.0
    found["log_outer_flux"] = np.log1p((outer * bright).sum(axis=1))
    found["log_outer_pixels"] = np.log1p(bright.sum(axis=1))
    for level in (5, 25, 50, 75, 95):
        found[f"background_{level}"] = np.percentile(outer, level, axis=1)
    clipped = np.clip(images, -3.0, 3.0)
    found["neighbour_correlation"] = (clipped[:, 1:] * clipped[:, :-1]).mean(axis=(1, 2))
    return found


def _log(flux):
    """Return a logarithm that noise around zero does not upset."""
    return np.arcsinh(flux / 10.0)


def _moments(images):
    """Return log size and ellipticity from second moments of bright pixels within 1.5 arcsec."""
    weight = np.where((images > 2.0) & (_RADIUS < 15.0), images, 0.0)
    total = np.maximum(weight.sum(axis=(1, 2)), 1e-9)
    xx, yy, xy = ((weight * form).sum(axis=(1, 2)) / total for form in (_X**2, _Y**2, _X * _Y))
    trace = np.maximum(xx + yy, 1e-9)
    return {"log_size": 0.5 * np.log(trace), "ellipticity": np.hypot(xx - yy, 2 * xy) / trace}


def classifier_test(real, simulated, seed=0, repeats=20) -> dict[str, float]:
    """Return how well a classifier tells real from simulated images by their statistics.

    Logistic regression on standardised statistics, classes weighted alike, scored on held-out
    images by stratified five-fold cross-validation.

    Parameters
    ----------
    real, simulated : dict of numpy.ndarray
        Results of `image_statistics` or `central_statistics`.
    seed : int
        Seed of the folds and the bootstrap.
    repeats : int
        Number of divisions into folds that are averaged.

    Returns
    -------
    dict of float
        ``auc`` and ``balanced_error`` (0.5 and 0.5 when nothing tells them apart), each with its
        standard error from a bootstrap over the images.
    """
    x = np.concatenate([np.stack(list(table.values()), axis=1) for table in (real, simulated)])
    n_real = len(next(iter(real.values())))
    y = (np.arange(len(x)) < n_real).astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced"))
    score = np.zeros(len(x))
    for repeat in range(repeats):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed + repeat)
        score += cross_val_predict(model, x, y, cv=folds, method="predict_proba")[:, 1] / repeats
    draws = _bootstrap(score, y, n_real, np.random.default_rng(seed))
    auc, error = roc_auc_score(y, score), _balanced_error(score, y)
    spread = draws.std(axis=0)
    return {
        "auc": float(auc),
        "auc_error": float(spread[0]),
        "balanced_error": float(error),
        "balanced_error_error": float(spread[1]),
    }


def _balanced_error(score, y):
    """Return the mean of the two classes' error rates at probability one half."""
    return 0.5 * (np.mean(score[y == 1] <= 0.5) + np.mean(score[y == 0] > 0.5))


def _bootstrap(score, y, n_real, random):
    """Return AUC and error of resampled images (200, 2)."""
    found = []
    for _ in range(200):
        rows = np.concatenate(
            [random.integers(0, n_real, n_real), random.integers(n_real, len(y), len(y) - n_real)]
        )
        found.append((roc_auc_score(y[rows], score[rows]), _balanced_error(score[rows], y[rows])))
    return np.array(found)
