import numpy as np

from lensflow.augmentation import add_noise, rotate


def test_quarter_turns_are_exact_and_close_the_circle():
    images = np.arange(4 * 9.0).reshape(4, 3, 3)
    turned = rotate(images, np.arange(4))
    for quarter in range(4):
        np.testing.assert_array_equal(turned[quarter], np.rot90(images[quarter], quarter))
    np.testing.assert_array_equal(rotate(rotate(images, [1] * 4), [3] * 4), images)


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
