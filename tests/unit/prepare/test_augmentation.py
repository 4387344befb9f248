import numpy as np
import pytest

from lensflow.prepare.augmentation import (
    LARGEST_CORRELATION,
    add_noise,
    correlated,
    mean_over_views,
    rotate,
    views,
)
from lensflow.seeds import rng


def test_quarter_turns_are_exact_and_close_the_circle():
    images = np.arange(4 * 9.0).reshape(4, 3, 3)
    turned = rotate(images, np.arange(4))
    for quarter in range(4):
        np.testing.assert_array_equal(turned[quarter], np.rot90(images[quarter], quarter))
    np.testing.assert_array_equal(rotate(rotate(images, [1] * 4), [3] * 4), images)
    np.testing.assert_array_equal(rotate(images, [4, 5, -2, 7]), turned)


def test_noise_has_its_size_and_depends_on_object_and_turn_alone():
    flux = np.zeros((3, 101, 101), "f4")
    noisy = add_noise(flux, np.array([2.0, 2.0, 0.0]), ["a", "b", "c"], [0, 1, 2], seed=5)
    np.testing.assert_allclose(noisy[:2].std(axis=(1, 2)), 2, rtol=0.03)
    np.testing.assert_array_equal(noisy[2], 0)
    again = add_noise(flux[:1], np.array([2.0]), ["b"], [1], seed=5)
    np.testing.assert_array_equal(again[0], noisy[1])
    other = add_noise(flux[:1], np.array([2.0]), ["b"], [2], seed=5)
    assert abs(np.corrcoef(other.ravel(), noisy[1].ravel())[0, 1]) < 0.05
    assert not flux.any()


def test_noise_is_drawn_by_seed_object_and_turn_and_added():
    flux = np.ones((1, 5, 5), "f4")
    draw = rng(7, "noise", "a", 3).standard_normal((5, 5), np.float32)
    noisy = add_noise(flux, np.array([0.5]), ["a"], [3], seed=7)
    np.testing.assert_allclose(noisy[0], 1 + 0.5 * draw, rtol=1e-6)
    with pytest.raises(ValueError, match="shorter"):
        add_noise(flux, np.ones(1), [], [0], seed=7)


def test_the_eight_views_are_those_of_the_square():
    image = np.arange(9.0).reshape(1, 3, 3)
    seen = {view.tobytes() for view in views(image)}
    assert len(seen) == 8
    for view in views(image):
        assert {again.tobytes() for again in views(view)} == seen


def test_a_mean_over_views_does_not_depend_on_orientation():
    images = np.random.default_rng(1).random((5, 7, 7)).astype("f4")
    weights = np.random.default_rng(2).random((49, 3)).astype("f4")

    def function(view):
        return np.maximum(view.reshape(len(view), -1) @ weights - 12, 0)

    pooled = mean_over_views(function, images)
    assert np.abs(function(images) - pooled).max() > 0.1
    for view in views(images):
        np.testing.assert_allclose(mean_over_views(function, view), pooled, rtol=1e-5)
    np.testing.assert_array_equal(mean_over_views(len, images), 5)


@pytest.mark.parametrize("wanted", [0.1, 0.3, 0.5])
def test_added_noise_has_the_correlation_of_the_image(wanted):
    n = 60
    flux, ids = np.zeros((n, 101, 101), "f4"), [str(number) for number in range(n)]
    noisy = add_noise(flux, np.full(n, 2.0), ids, [0] * n, 1, np.full(n, wanted))
    assert noisy.std() == pytest.approx(2.0, rel=0.01)
    for one, other in ((noisy[:, 1:], noisy[:, :-1]), (noisy[:, :, 1:], noisy[:, :, :-1])):
        found = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert found == pytest.approx(wanted, abs=0.01)


def test_noise_is_white_to_the_bit_where_no_correlation_is_measured():
    flux = np.ones((3, 21, 21), "f4")
    args = flux, np.ones(3), ["a", "b", "c"], [0, 1, 2], 5
    white = add_noise(*args)
    assert (add_noise(*args, np.array([np.nan, 0.0, -0.1])) == white).all()
    assert (add_noise(*args, np.array([np.nan, 0.0, 0.3]))[:2] == white[:2]).all()


def test_more_correlation_than_three_pixels_give_is_not_given():
    white = np.random.default_rng(3).normal(size=(301, 301)).astype("f4")
    smooth = correlated(white, 0.95)
    np.testing.assert_array_equal(smooth, correlated(white, LARGEST_CORRELATION))
    found = np.corrcoef(smooth[1:].ravel(), smooth[:-1].ravel())[0, 1]
    assert found == pytest.approx(LARGEST_CORRELATION, abs=0.02)


def test_smoothing_by_hand():
    point = np.zeros((5, 5), "f4")
    point[2, 2] = 1
    side = np.array([0, 0.5, 1, 0.5, 0])
    np.testing.assert_allclose(correlated(point, 2 / 3), np.outer(side, side) / 1.5, atol=1e-6)
