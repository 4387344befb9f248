"""A mixture of three Gaussians in two dimensions, fitted to points (Fig. 2)."""

from pathlib import Path

import numpy as np
from matplotlib.patches import Ellipse

from lensflow.cluster import clusterers
from lensflow.figures import style
from lensflow.seeds import rng

_MEANS = np.array([[-2.2, 0.4], [1.0, 2.2], [1.6, -1.6]])
_COVARIANCES = np.array(
    [[[0.9, 0.5], [0.5, 0.7]], [[1.1, -0.6], [-0.6, 0.6]], [[0.4, 0.1], [0.1, 1.0]]]
)
_SIZES = (260, 200, 160)


def mixture_illustration(png: Path | str, pdf: Path | str, seed: int = 0) -> None:
    """Fit the workflow's own mixture to drawn points and show its components (Fig. 2, eq. 4).

    Parameters
    ----------
    png, pdf : path-like
        Figures to write.
    seed : int
        Seed of the points and of the fit.
    """
    draw = rng(seed, "mixture illustration")
    groups = zip(_MEANS, _COVARIANCES, _SIZES, strict=True)
    points = np.vstack([draw.multivariate_normal(*group) for group in groups])
    fitted = clusterers.fit("scikit-learn", points, n_components=len(_SIZES), seed=seed)
    with style.paper():
        figure = style.new_figure(style.COLUMN_INCHES, 2.9)
        axes = figure.add_subplot()
        axes.plot(*points.T, ".", color=style.BLACK, ms=2.2, mew=0)
        for component, colour in enumerate((style.ORANGE, style.SKY, style.GREEN)):
            _draw_component(axes, fitted, component, colour)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel("feature 1")
        axes.set_ylabel("feature 2")
        axes.set_title(f"$K$ = {len(_SIZES)}")
        style.save(figure, png, pdf)


def _draw_component(axes, fitted, component, colour):
    """Ellipses of one and two standard deviations, and the weight at the mean."""
    width, height, angle = ellipse_of(fitted.covariances[component])
    mean = fitted.means[component]
    for n_sigma, alpha in ((2, 0.25), (1, 0.45)):
        axes.add_patch(
            Ellipse(
                mean,
                2 * n_sigma * width,
                2 * n_sigma * height,
                angle=angle,
                facecolor=colour,
                alpha=alpha,
                edgecolor="none",
            )
        )
    label = f"$w_{component + 1}$ = {fitted.weights[component]:.2f}"
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1}
    axes.text(*mean, label, ha="center", va="center", fontsize=8, bbox=box)


def ellipse_of(covariance: np.ndarray) -> tuple[float, float, float]:
    """Return the one-sigma semi-axes and the angle of a two-dimensional Gaussian.

    Parameters
    ----------
    covariance : ndarray of shape (2, 2)

    Returns
    -------
    major, minor : float
        Semi-axes, the larger first.
    angle : float
        Degrees from the first axis to the major axis, anticlockwise.
    """
    variances, axes = np.linalg.eigh(covariance)
    angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
    return float(np.sqrt(variances[1])), float(np.sqrt(variances[0])), float(angle)
