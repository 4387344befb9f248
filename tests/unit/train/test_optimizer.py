"""Muon on the kernels of a network: the mathematics of one step, and what stays with Adam."""

import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.train.optimizer import KernelMuon, make_optimizer  # noqa: E402

RATE = 0.01
# Five of its Newton-Schulz steps bring every singular value near 1, no nearer.
LOWEST, HIGHEST = 0.65, 1.25


def settings(**changes):
    return {"optimizer": "muon", "learning_rate": RATE, "schedule": "constant"} | changes


def step(optimizer, gradient):
    """Return what the first step of an optimizer adds to a weight."""
    weight = keras.Variable(np.zeros(gradient.shape, "float32"))
    optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [weight])
    return np.asarray(weight)


def gradient(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("shape", [(3, 3, 4, 8), (5, 5, 2, 40), (2, 2, 1, 30), (20, 6), (6, 20)])
def test_a_step_has_one_length_in_all_directions_of_the_kernel(shape):
    slope = gradient(*shape)
    matrix = -step(make_optimizer(settings(), 10), slope).reshape(-1, shape[-1])
    left, _, right = np.linalg.svd(slope.reshape(-1, shape[-1]), full_matrices=False)
    inner = left.T @ matrix @ right.T / (RATE * 0.2 * np.sqrt(max(matrix.shape)))
    lengths = np.diag(inner)
    assert lengths.min() > LOWEST
    assert lengths.max() < HIGHEST
    np.testing.assert_allclose(inner, np.diag(lengths), atol=2e-3)


def test_a_step_does_not_depend_on_the_scale_of_the_loss():
    slope = gradient(3, 3, 4, 8)
    once, thousandth = (step(make_optimizer(settings(), 10), k * slope) for k in (1.0, 0.001))
    np.testing.assert_allclose(once, thousandth, rtol=1e-3, atol=1e-6)


def test_a_kernel_is_the_matrix_that_keras_takes():
    """The dense layers' Muon is Keras's own, and a convolution's is that of its flat kernel."""
    slope = gradient(3, 3, 4, 8)
    theirs = keras.optimizers.Muon(RATE, weight_decay=0.0, adam_weight_decay=0.0)
    expected = step(theirs, slope.reshape(36, 8))
    ours = step(make_optimizer(settings(), 10), slope)
    np.testing.assert_allclose(ours.reshape(36, 8), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("shape", [(7,), (3, 3, 8, 1), (5, 1)])
def test_biases_and_kernels_of_one_output_stay_with_adam(shape):
    slope = gradient(*shape)
    expected = step(keras.optimizers.Adam(RATE), slope)
    np.testing.assert_allclose(step(make_optimizer(settings(), 10), slope), expected, rtol=1e-6)


def test_the_weights_do_not_decay():
    weight = keras.Variable(np.ones((4, 4), "float32"))
    make_optimizer(settings(), 10).apply([keras.ops.zeros((4, 4))], [weight])
    np.testing.assert_array_equal(np.asarray(weight), 1.0)


def test_adam_is_plain_adam_with_the_schedule():
    optimizer = make_optimizer(settings(optimizer="adam", schedule="cosine"), 200)
    assert type(optimizer) is keras.optimizers.Adam
    assert not isinstance(optimizer, KernelMuon)
    assert float(optimizer.learning_rate) == pytest.approx(RATE / 10)
