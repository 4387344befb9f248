import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.figures import sources, style
from lensflow.figures.candidates import candidate_sheet, sheet

OPTIONS = {"scaling": "log", "judgement": "known", "pixel_arcsec": None}


def test_no_candidates_is_said(tmp_path, files):
    pd.DataFrame(columns=["rank", "id", "p_lens"]).to_csv(tmp_path / "none.csv", index=False)
    candidate_sheet(tmp_path / "none.csv", [], *files, **OPTIONS)
    assert files[0].stat().st_size > 1000


def test_a_bar_is_one_arcsecond_long_and_there_is_none_where_that_is_not_known():
    best = pd.DataFrame({"rank": [1, 2, 3], "id": ["a", "b", "c"], "p_lens": 0.5})
    figure = sheet(best, np.zeros((3, 101, 101)), np.array([0.1, 0.2, np.nan]), "known")
    bars = [[np.ptp(line.get_xdata()) for line in axes.lines] for axes in figure.axes[:3]]
    assert bars == [[pytest.approx(10)], [pytest.approx(5)], []]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("J100105.532+022415.74", "J100105.532+022415.74"),
        ("EUCL J174517.55+655612.5", "EUCL J174...+655612.5"),
    ],
)
def test_a_position_as_a_name_is_written_out_and_leaves_room_for_the_next(name, shown):
    best = pd.DataFrame({"rank": range(19, 31), "id": name, "p_lens": 0.5})
    with style.paper():
        figure = sheet(best, np.zeros((12, 101, 101)), np.full(12, 0.1), "known")
        figure.set_dpi(300)  # where letters are as wide as they are
        figure.draw_without_rendering()
        axes, beside = figure.axes[10:12]
        assert beside.get_title().splitlines() == [shown, "30: $p$ = 0.500"]
        assert axes.title.get_window_extent().x1 < beside.title.get_window_extent().x0


def test_sizes_of_pixels_are_those_of_the_images(tmp_path):
    """Pixels of 0.2 by 0.2 arcsec, turned by 30 degrees; the third image has no WCS."""
    side = 0.2 / 3600
    turned = side * np.array([[-np.cos(np.pi / 6), 0.5], [0.5, np.cos(np.pi / 6)]])
    rows = np.stack([[150, 2, *turned.ravel()], [150, 2, -side, 0, 0, side], [np.nan] * 6])
    with artifacts.create(tmp_path / "a.h5", "images", {"state": "raw"}) as writer:
        writer.dataset("flux", np.zeros((3, 5, 5), np.float32), "AB maggies")
        writer.dataset("sky_sigma", np.ones(3))
        writer.strings("id", ["a", "b", "c"])
        writer.dataset("wcs", rows)
        artifacts.write_table(writer, "catalogue", pd.DataFrame({"is_lens": [-1, -1, -1]}))
    pictures, found = sources.measured_pictures([tmp_path / "a.h5"], ["c", "a", "b"], "log")
    np.testing.assert_allclose(found, [np.nan, 0.2, 0.2])
    expected = sources.dataset_pictures([tmp_path / "a.h5"], ["c", "a", "b"], "log")
    np.testing.assert_array_equal(pictures, expected)
