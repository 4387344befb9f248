"""Figures of a dataset without labels."""

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.figures.class_examples import class_examples
from lensflow.figures.populations import population_comparison
from lensflow.seeds import rng


def test_unlabelled_dataset_has_examples_but_no_populations(tmp_path, files):
    catalogue = pd.DataFrame(
        {
            "is_lens": np.full(3, -1, np.int8),
            "einstein_radius_arcsec": np.full(3, np.nan),
            "numb_pix_lensed_image": np.full(3, -1.0),
            "flux_lensed_image_in_sigma": np.full(3, np.nan),
        }
    )
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", ["a", "b", "c"])
        artifacts.write_table(writer, "catalogue", catalogue)
    with artifacts.create(tmp_path / "shard.h5", "images") as writer:
        writer.dataset("flux", rng(0, "flux").normal(size=(3, 9, 9)))
        writer.dataset("sky_sigma", np.ones(3))
        writer.strings("id", ["a", "b", "c"])
        artifacts.write_table(writer, "catalogue", catalogue)
    class_examples(tmp_path / "index.h5", [tmp_path / "shard.h5"], *files, scaling="log", seed=0)
    assert files[0].stat().st_size > 1000
    population_comparison([tmp_path / "index.h5"], ["dark"], *files)
    assert files[0].stat().st_size > 1000
