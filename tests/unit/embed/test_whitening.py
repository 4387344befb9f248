"""Directions in which objects differ most for how much their views do."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from lensflow.embed.whitening import covariance_within, whitening
from lensflow.errors import TrainingError


def random_covariance(p, seed):
    root = np.random.default_rng(seed).normal(size=(p, p))
    return root @ root.T / p + 0.1 * np.eye(p)


def same_line(a, b):
    """Cosine of the angle between the columns of two matrices, without sign."""
    return abs((a * b).sum(axis=0)) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)


def test_whitening_finds_the_axes_of_a_known_case():
    directions, eigenvalues = whitening(np.diag([2.0, 36.0, 1.0]), np.diag([1.0, 4.0, 2.0]), 2)
    np.testing.assert_allclose(eigenvalues, [9, 2])
    # Of variance 1 within: 1/2 along the second axis, 1 along the first.
    expected = [[0, 1 / 2**0.25], [1 / 2 / 9**0.25, 0], [0, 0]]
    np.testing.assert_allclose(abs(directions), expected, atol=1e-12)


def test_whitening_solves_the_generalised_eigenproblem():
    total, within = random_covariance(6, 1), random_covariance(6, 2)
    directions, eigenvalues = whitening(total, within, 6)
    values, vectors = np.linalg.eig(np.linalg.solve(within, total))
    order = np.argsort(-values.real)
    np.testing.assert_allclose(eigenvalues, values.real[order])
    np.testing.assert_allclose(same_line(directions, vectors.real[:, order]), 1)
    # Halfway between variance 1 within and variance 1 in all.
    expected = np.diag(eigenvalues**0.5)
    np.testing.assert_allclose(directions.T @ total @ directions, expected, atol=1e-9)
    np.testing.assert_allclose(
        directions.T @ within @ directions, np.diag(eigenvalues**-0.5), atol=1e-9
    )


def test_covariance_within_is_that_of_the_views():
    random = np.random.default_rng(3)
    within = random_covariance(4, 5)
    objects = random.normal(0, 10, (1, 3000, 4))
    noise = random.multivariate_normal(np.zeros(4), within, (6, 3000))
    np.testing.assert_allclose(covariance_within(objects + noise), within, atol=0.05)
    pair = np.array([[[1.0, 0.0]], [[3.0, 4.0]]])
    np.testing.assert_allclose(covariance_within(pair), [[2, 4], [4, 8]])


def test_whitening_agrees_with_linear_discriminants():
    """Views of an object are the members of a class (scikit-learn is the oracle)."""
    random = np.random.default_rng(6)
    between, within = random_covariance(5, 7), random_covariance(5, 8)
    objects = random.multivariate_normal(np.zeros(5), between, 40)
    seen = objects + random.multivariate_normal(np.zeros(5), within, (8, 40))
    rows = seen.reshape(-1, 5)
    oracle = LinearDiscriminantAnalysis(solver="eigen").fit(rows, np.tile(np.arange(40), 8))
    directions, _ = whitening(np.cov(rows.T), covariance_within(seen), 4)
    np.testing.assert_allclose(same_line(directions, oracle.scalings_[:, :4]), 1, atol=1e-9)


def test_a_direction_that_only_views_vary_in_is_left_out():
    random = np.random.default_rng(9)
    objects = random.normal(0, [1, 1, 0], (1, 2000, 3))
    seen = objects + random.normal(0, [0.1, 1, 30], (6, 2000, 3))
    total = np.cov(seen.reshape(-1, 3).T)
    directions, _ = whitening(total, covariance_within(seen), 2)
    line = abs(directions) / np.linalg.norm(directions, axis=0)
    assert line[0, 0] > 0.999
    assert line[2].max() < 0.02


def test_whitening_refuses_what_does_not_vary():
    with pytest.raises(TrainingError, match="differ in 1 directions, 2 features were expected"):
        whitening(np.diag([1.0, 0.0]), np.eye(2), 2)
    with pytest.raises(TrainingError, match="not positive definite"):
        whitening(np.eye(2), np.zeros((2, 2)), 1)
