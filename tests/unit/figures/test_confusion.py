import numpy as np
import pandas as pd

from lensflow.figures.confusion import confusion_fractions


def test_confusion_fractions_are_of_the_true_class():
    rows = pd.DataFrame({"tp": [8, 6], "fp": [1, 2], "fn": [2, 4], "tn": [9, 8]})
    counts, fractions = confusion_fractions(rows)
    np.testing.assert_array_equal(counts[0], [[9, 1], [2, 8]])
    np.testing.assert_allclose(fractions[0], [[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(fractions.sum(axis=2), 1)


def test_confusion_without_lenses_is_unknown():
    rows = pd.DataFrame({"tp": [0], "fp": [1], "fn": [0], "tn": [9]})
    assert np.isnan(confusion_fractions(rows)[1][0, 1]).all()
