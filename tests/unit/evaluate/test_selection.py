import numpy as np
import pandas as pd

from lensflow.evaluate.selection import (
    CUT,
    apply_cut,
    cuts,
    passes_cut,
    passing_lenses,
    snr,
    with_snr,
)


def test_snr_by_hand():
    values = snr([300.0, 5.0, np.nan, 4.0, 7.0, 3.0], [9, 0, 4, np.nan, -1, 1])
    np.testing.assert_array_equal(values, [100.0, 0.0, np.nan, np.nan, 0.0, 3.0])


def test_a_table_gets_its_snr_and_keeps_its_columns():
    table = pd.DataFrame(
        {"id": ["a"], "numb_pix_lensed_image": [9], "flux_lensed_image_in_sigma": [300.0]}
    )
    assert with_snr(table).to_dict("records") == [{**table.iloc[0], "snr": 100.0}]


def test_both_comparisons_are_strict():
    n = np.array([100, 101, 121, 400, 400])
    flux = np.array([1e4, 1e4, 550.0, 1000.0, 1001.0])
    np.testing.assert_array_equal(passes_cut(flux, n), [False, True, False, False, True])


def test_unknown_values_do_not_pass():
    assert not passes_cut([np.nan, 1e5], [200, np.nan]).any()


def test_cut_keeps_every_nonlens():
    kept = apply_cut([1, 1, 0, 0], [True, False, True, False])
    np.testing.assert_array_equal(kept, [True, False, True, True])


def measures(n_pixels, flux):
    return pd.DataFrame({"numb_pix_lensed_image": n_pixels, "flux_lensed_image_in_sigma": flux})


def test_there_is_no_cut_where_the_catalogue_tells_of_no_lens():
    assert passing_lenses([1, 0], measures([-1, 200], [np.nan, 1e5])) is None
    assert passing_lenses([1, 0], measures([200, -1], [1e5, np.nan])).tolist() == [True, False]
    assert [name for name, _ in cuts([1, 0], None)] == ["none"]
    # No lensed pixel is something that is known.
    assert passing_lenses([1], measures([0], [0.0])).tolist() == [False]


def test_the_cut_has_the_name_that_tables_have():
    kept = dict(cuts(np.array([1, 1, 0]), np.array([True, False, False])))
    assert {name: rows.tolist() for name, rows in kept.items()} == {
        "none": [True, True, True],
        "n100_snr50": [True, False, True],
    }
    assert CUT == "n100_snr50"
