import numpy as np

from lensflow.evaluate.selection import apply_cut, passes_cut, snr


def test_snr_by_hand():
    values = snr([300.0, 5.0, np.nan, 4.0, 7.0], [9, 0, 4, np.nan, -1])
    np.testing.assert_array_equal(values, [100.0, 0.0, np.nan, np.nan, 0.0])


def test_both_comparisons_are_strict():
    n = np.array([100, 101, 121, 400, 400])
    flux = np.array([1e4, 1e4, 550.0, 1000.0, 1001.0])
    np.testing.assert_array_equal(passes_cut(flux, n), [False, True, False, False, True])


def test_unknown_values_do_not_pass():
    assert not passes_cut([np.nan, 1e5], [200, np.nan]).any()


def test_cut_keeps_every_nonlens():
    kept = apply_cut([1, 1, 0, 0], [True, False, True, False])
    np.testing.assert_array_equal(kept, [True, False, True, True])
