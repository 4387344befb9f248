import numpy as np
import pytest

from lensflow.errors import ConfigError
from lensflow.prepare.views import Neighbours, altered, cut_neighbours, joined

SIDE, CENTRE = 101, 50
Y, X = np.mgrid[:SIDE, :SIDE] - CENTRE


def names(n):
    return [f"object{row:04d}" for row in range(n)]


def pool(n, peak):
    """Neighbours that are one pixel, so that they can be counted and placed."""
    patches = np.zeros((n, 29, 29), "f4")
    patches[:, 14, 14] = peak
    return Neighbours(tuple(f"donor{row}" for row in range(n)), patches)


def test_the_number_of_neighbours_is_poisson_and_their_places_are_where_they_should_be():
    peak = 1e4
    seen = altered(np.zeros((3000, SIDE, SIDE), "f4"), names(3000), pool(2, peak), seed=1, view=0)
    numbers = np.rint(seen.sum(axis=(1, 2)) / peak)
    assert numbers.mean() == pytest.approx(0.9, abs=0.06)
    assert numbers.var() == pytest.approx(0.9, abs=0.1)
    assert (numbers == 0).mean() == pytest.approx(np.exp(-0.9), abs=0.03)
    radii = np.hypot(X, Y)[np.nonzero(seen > peak / 2)[1:]]
    # Uniform in radius between 8 and 48, to whole pixels.
    assert radii.min() > 7.2
    assert radii.max() < 48.8
    assert radii.mean() == pytest.approx(28, abs=1)


def test_the_noise_is_uniform_between_nothing_and_most():
    seen = altered(np.zeros((2000, SIDE, SIDE), "f4"), names(2000), pool(2, 0), seed=2, view=0)
    levels = seen.std(axis=(1, 2))
    assert levels.max() < 0.72
    assert levels.mean() == pytest.approx(0.35, abs=0.015)
    assert levels.std() == pytest.approx(0.7 / np.sqrt(12), abs=0.01)
    assert abs(seen.mean()) < 0.001


def test_the_shift_moves_a_ramp_by_six_tenths_of_a_pixel():
    ramp = np.stack([100.0 * X, 100.0 * Y]).astype("f4")
    seen = altered(
        np.tile(ramp, (1000, 1, 1)), np.repeat(names(1000), 2), pool(2, 0), seed=3, view=4
    )
    inner = (np.abs(X) < 40) & (np.abs(Y) < 40)
    along_x, along_y = (seen.reshape(1000, 2, SIDE, SIDE)[..., inner].mean(axis=-1) / -100).T
    for steps in (along_x, along_y):
        assert steps.std() == pytest.approx(0.6, abs=0.04)
        assert steps.mean() == pytest.approx(0, abs=0.06)
    assert abs(np.corrcoef(along_x, along_y)[0, 1]) < 0.1
    # A whole image moves by its shift, and nothing else happens to it.
    moved = seen.reshape(1000, 2, SIDE, SIDE)[:, 0][:, inner] / 100
    np.testing.assert_allclose(moved, X[inner] - along_x[:, None], atol=0.05)


def test_a_view_depends_on_seed_view_object_and_pool_alone():
    random = np.random.default_rng(4)
    images = random.normal(0, 1, (12, SIDE, SIDE)).astype("f4")
    ids = names(12)
    donors = cut_neighbours(images, ids, seed=1)
    whole = altered(images, ids, donors, seed=1, view=3)
    order = random.permutation(12)
    again = cut_neighbours(images[order], [ids[row] for row in order], seed=1)
    assert again.ids == donors.ids
    np.testing.assert_array_equal(again.patches, donors.patches)
    shards = [
        altered(images[rows], [ids[row] for row in rows], again, seed=1, view=3)
        for rows in np.array_split(order, 3)
    ]
    np.testing.assert_array_equal(np.concatenate(shards), whole[order])
    for other in ({"seed": 2, "view": 3}, {"seed": 1, "view": 2}):
        assert (altered(images, ids, donors, **other) != whole).any(axis=(1, 2)).all()
    assert whole.dtype == np.float32


def test_images_are_left_as_they_were():
    images = np.ones((3, SIDE, SIDE), "f4")
    altered(images, names(3), pool(2, 5), seed=1, view=0)
    np.testing.assert_array_equal(images, 1)


def test_a_neighbour_is_the_bright_thing_of_the_outskirts_without_its_background():
    blob = 50 * np.exp(-((X - 30) ** 2 + (Y + 5) ** 2) / 8)
    galaxy = 500 * np.exp(-(X**2 + Y**2) / 50)
    image = (7 + blob + galaxy).astype("f4")
    (patch,) = cut_neighbours([image], ["a"], seed=1).patches
    assert patch.shape == (29, 29)
    assert patch.max() == pytest.approx(50, rel=0.01)
    peak = np.subtract(np.unravel_index(patch.argmax(), patch.shape), 14)
    assert np.abs(peak).max() <= 5  # one of the 60 brightest pixels is its centre
    np.testing.assert_allclose(patch[[0, 0, -1, -1], [0, -1, 0, -1]], 0)
    assert np.median(np.abs(patch)) < 0.1


def test_nobody_gets_a_neighbour_of_its_own():
    ids = names(2)
    patches = np.zeros((2, 29, 29), "f4")
    patches[:, 14, 14] = 1e4, -1e4
    pasted = [
        altered(np.zeros((2, SIDE, SIDE), "f4"), ids, Neighbours(tuple(ids), patches), 1, view)
        for view in range(50)
    ]
    sums = np.sum(pasted, axis=(0, 2, 3))
    assert np.rint(sums[0] / 1e4) < -20
    assert np.rint(sums[1] / 1e4) > 20
    assert not (np.array(pasted)[:, 0] > 5e3).any()


def test_pasted_neighbours_come_in_all_eight_orientations():
    patches = np.zeros((2, 29, 29), "f4")
    patches[:, 14, 14], patches[:, 14, 17], patches[:, 15, 14] = 3e5, 2e5, 1e5
    donors = Neighbours(("a", "b"), patches)
    seen = altered(np.zeros((300, SIDE, SIDE), "f4"), names(300), donors, seed=1, view=0)
    found = set()
    for image in seen:
        if np.rint(image.sum() / 6e5) == 1:
            y, x = (np.argwhere(np.rint(image / 1e5) == value) for value in (2, 1))
            centre = np.argwhere(np.rint(image / 1e5) == 3)
            if len(y) == len(x) == len(centre) == 1:
                found.add((*(y - centre)[0], *(x - centre)[0]))
    assert len(found) == 8


@pytest.mark.parametrize("side", [51, 100, 151])
def test_other_sizes_are_refused(side):
    images = np.zeros((2, side, side), "f4")
    with pytest.raises(ConfigError, match="101 x 101 pixels"):
        altered(images, names(2), pool(2, 1), seed=1, view=0)
    with pytest.raises(ConfigError, match="101 x 101 pixels"):
        cut_neighbours(images, names(2), seed=1)


def test_an_object_alone_has_no_neighbours():
    images = np.zeros((1, SIDE, SIDE), "f4")
    with pytest.raises(ConfigError, match="at least 2 objects"):
        altered(images, ["a"], cut_neighbours(images, ["a"], seed=1), seed=1, view=0)


def test_no_images_give_no_views():
    nothing = altered(np.zeros((0, SIDE, SIDE), "f4"), [], pool(2, 1), seed=1, view=0)
    assert nothing.shape == (0, SIDE, SIDE)


def test_a_pool_may_be_cut_in_parts():
    images = np.random.default_rng(5).normal(size=(7, SIDE, SIDE)).astype("f4")
    ids = ["b", "g", "a", "f", "c", "e", "d"]
    whole = cut_neighbours(images, ids, seed=3)
    parts = [cut_neighbours(images[rows], ids[rows], 3) for rows in (slice(4, 7), slice(0, 4))]
    assert joined(parts).ids == whole.ids == tuple("abcdefg")
    np.testing.assert_array_equal(joined(parts).patches, whole.patches)
