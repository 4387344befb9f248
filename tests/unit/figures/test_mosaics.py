import numpy as np

from lensflow.figures.mosaics import mosaic


def test_first_image_is_at_the_top_left():
    canvas = mosaic(np.arange(1.0, 4.0)[:, None, None] * np.ones((3, 2, 2)), 2, 2)
    assert canvas.shape == (7, 7)
    assert (canvas[-2:, :2] == 1).all()
    assert (canvas[-2:, -2:] == 2).all()
    assert (canvas[:2, :2] == 3).all()
    assert np.isnan(canvas[:2, -2:]).all()


def test_surplus_images_are_left_out():
    assert np.nanmax(mosaic(np.ones((9, 2, 2)), 2, 2)) == 1
