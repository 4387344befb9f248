"""Pictures of the report: small enough, and what they show is still there."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from lensflow.report import pictures


def opened(content):
    kind, data = content["address"].split(",")
    assert kind == "data:image/webp;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.size == (content["width"], content["height"])
    return image, len(base64.b64decode(data))


def test_a_plot_keeps_its_shape_and_is_as_wide_as_a_page(tmp_path):
    Image.new("RGB", (2400, 600), "white").save(tmp_path / "plot.png")
    image, _ = opened(pictures.figure_picture(tmp_path / "plot.png"))
    assert image.size == (1200, 300)


def test_a_small_plot_is_not_widened(tmp_path):
    Image.new("RGB", (300, 200), "white").save(tmp_path / "plot.png")
    assert opened(pictures.figure_picture(tmp_path / "plot.png"))[0].size == (300, 200)


@pytest.mark.parametrize("height", [500, 6000])
def test_a_sheet_of_noise_stays_under_the_bound(tmp_path, height):
    noise = np.random.default_rng(1).integers(0, 255, (height, 1400), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "sheet.png")
    image, size = opened(pictures.figure_picture(tmp_path / "sheet.png"))
    assert size <= pictures.MAX_BYTES
    assert image.width >= pictures.WIDTHS[-1]


def test_fifty_pictures_stay_under_ten_megabytes():
    assert 50 * pictures.MAX_BYTES * 4 / 3 < 9.5e6


def test_a_cutout_is_drawn_as_the_sky_first_row_at_the_bottom_and_dark_on_white():
    cutout = np.zeros((101, 101))
    cutout[:20, :20] = 1.0
    image, size = opened(pictures.cutout_picture(cutout))
    grey = np.asarray(image.convert("L")) / 255
    side = len(grey)
    assert grey[side - 20 : side - 4, 4:20].max() < 0.1
    assert grey[:100, :100].min() > 0.9
    assert grey[side - 100 :, 100:].min() > 0.9
    assert size < 20_000


def test_a_colour_cutout_keeps_its_colours_first_row_at_the_bottom():
    cutout = np.zeros((101, 101, 3))
    cutout[:40, :40] = 1.0, 0.5, 0.0
    image, _ = opened(pictures.cutout_picture(cutout))
    shown = np.asarray(image.convert("RGB"))
    assert shown[-20, 20] == pytest.approx([255, 128, 0], abs=12)
    assert shown[20, -20].max() < 12
    assert pictures.thumbnail(cutout).startswith("data:image/webp;base64,")
