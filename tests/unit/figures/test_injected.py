import numpy as np
import pytest
from PIL import Image

from lensflow.figures.injected import injected_examples
from unit.apply.test_injection import inject, survey


@pytest.mark.parametrize("bands", [(), ("VIS", "H")])
def test_examples_of_several_bands_are_in_colour(tmp_path, bands):
    paths = inject(survey(tmp_path, n=4, n_shards=1, bands=bands), tmp_path, n=2)
    png, pdf = tmp_path / "examples.png", tmp_path / "examples.pdf"
    injected_examples(paths, png, pdf, "log")
    red, _, blue = np.moveaxis(np.asarray(Image.open(png).convert("RGB"), int), -1, 0)
    assert (np.abs(red - blue).max() > 20) == bool(bands)
    assert pdf.stat().st_size > 1000
