import numpy as np
import pytest

from lensflow.evaluate.resampling import (
    TABLE1_RATIOS,
    drawn_from,
    ratio_sample,
    ratio_weights,
    weightings,
)

PAPER_TEST_SET = np.repeat([1, 0], [1168, 11328])
TABLE1 = (1168, 2336, 23360, 58400, 116800, 1168000, 11680000)


@pytest.mark.parametrize(("ratio", "n_nonlens"), list(zip(TABLE1_RATIOS, TABLE1, strict=True)))
def test_counts_of_table_1(ratio, n_nonlens):
    weights = ratio_weights(PAPER_TEST_SET, ratio, seed=1)
    assert weights.dtype == np.int64
    assert (weights[:1168] == 1).all()
    assert weights[1168:].sum() == n_nonlens


def test_draw_is_uniform_over_the_rotated_nonlenses():
    weights = ratio_weights(PAPER_TEST_SET, 10000, seed=1)[1168:]
    expected = 11680000 / 11328
    chi_squared = ((weights - expected) ** 2 / expected).sum()
    assert abs(chi_squared - 11327) < 5 * np.sqrt(2 * 11327)


def test_seed_and_ratio_decide():
    first = ratio_weights(PAPER_TEST_SET, 2, seed=1)
    np.testing.assert_array_equal(first, ratio_weights(PAPER_TEST_SET, 2, seed=1))
    assert (first != ratio_weights(PAPER_TEST_SET, 2, seed=2)).any()


def test_unknown_class_has_no_weight():
    assert ratio_weights([1, 0, -1], 5, seed=0).tolist() == [1, 5, 0]


def test_no_nonlens_is_an_error():
    with pytest.raises(ValueError, match="needs non-lenses"):
        ratio_weights([1, 1], 2, seed=0)


def test_samples_at_a_ratio_have_a_name_from_which_their_images_are_known():
    assert ratio_sample("test", 10000) == "test_1to10000"
    assert drawn_from("test_1to10000") == drawn_from("test") == "test"
    assert drawn_from("my_set") == "my_set"
    assert drawn_from("sky_1tower") == "sky_1tower"


def test_a_sample_is_weighted_as_it_is_and_at_every_ratio():
    is_lens, weight = np.array([1, 0, 0]), np.array([1, 1, 1])
    found = dict(weightings("test", is_lens, weight, True, seed=3))
    assert list(found) == ["test", *(ratio_sample("test", ratio) for ratio in TABLE1_RATIOS)]
    np.testing.assert_array_equal(found["test_1to50"], ratio_weights(is_lens, 50, seed=3))
    assert list(dict(weightings("test", is_lens, weight, False, seed=3))) == ["test"]
    assert list(dict(weightings("test", is_lens[:1], weight[:1], True, seed=3))) == ["test"]
