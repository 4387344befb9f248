import numpy as np
import pytest

from lensflow.figures.mixture_illustration import ellipse_of


def test_ellipse_of_a_turned_gaussian():
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    major, minor, angle = ellipse_of(turn @ np.diag([9.0, 4.0]) @ turn.T)
    assert (major, minor) == (pytest.approx(3), pytest.approx(2))
    assert angle % 180 == pytest.approx(np.degrees(0.5))
