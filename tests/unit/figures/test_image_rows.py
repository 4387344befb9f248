import numpy as np

from lensflow.figures.image_rows import balanced_draw


def test_balanced_draw_alternates_classes():
    is_lens = np.array([1] * 50 + [0] * 3)
    drawn = is_lens[balanced_draw(is_lens, 8, seed=0)]
    assert drawn.tolist() == [1, 0, 1, 0, 1, 0, 1, 1]


def test_balanced_draw_of_fewer_than_asked():
    assert sorted(balanced_draw(np.array([-1, -1]), 6, seed=0)) == [0, 1]
