"""Figures of a dataset without labels, or of which less is known."""

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.figures.class_examples import class_examples
from lensflow.figures.populations import population_comparison
from lensflow.seeds import rng


def write_dataset(folder, ids, catalogue):
    with artifacts.create(folder / "index.h5", "index") as writer:
        writer.strings("id", ids)
        artifacts.write_table(writer, "catalogue", catalogue)
    with artifacts.create(folder / "shard.h5", "images") as writer:
        writer.dataset("flux", rng(0, "flux").normal(size=(len(ids), 9, 9)))
        writer.dataset("sky_sigma", np.ones(len(ids)))
        writer.strings("id", ids)
        artifacts.write_table(writer, "catalogue", catalogue)
    return folder / "index.h5", [folder / "shard.h5"]


def test_unlabelled_dataset_has_examples_but_no_populations(tmp_path, files):
    catalogue = pd.DataFrame(
        {
            "is_lens": np.full(3, -1, np.int8),
            "einstein_radius_arcsec": np.full(3, np.nan),
            "numb_pix_lensed_image": np.full(3, -1.0),
            "flux_lensed_image_in_sigma": np.full(3, np.nan),
        }
    )
    index, shards = write_dataset(tmp_path, ["a", "b", "c"], catalogue)
    class_examples(index, shards, *files, scaling="log", seed=0)
    assert files[0].stat().st_size > 1000
    population_comparison([index], ["dark"], *files)
    assert files[0].stat().st_size > 1000


def test_examples_say_of_lenses_what_is_known_and_call_them_as_they_are(
    tmp_path, files, monkeypatch
):
    catalogue = pd.DataFrame(
        {
            "is_lens": np.array([0, 1, 1, 1], np.int8),
            "einstein_radius_arcsec": [np.nan, 1.25, -1.0, np.nan],
            "numb_pix_lensed_image": [0.0, 100.0, -1.0, 100.0],
            "flux_lensed_image_in_sigma": [0.0, 420.0, np.nan, np.nan],
        }
    )
    drawn = []
    monkeypatch.setattr(
        "lensflow.figures.class_examples.image_rows",
        lambda rows, png, pdf, titles: drawn.extend(titles),
    )
    index, shards = write_dataset(tmp_path, ["n$1$", "a$b$", "coded", "empty"], catalogue)
    class_examples(index, shards, *files, scaling="log", seed=0)
    non_lenses, lenses = drawn
    # What stands between $ is no mathematics.
    assert non_lenses == [r"n\$1\$"]
    radius = "$R_E$ 1.25$^{\\prime\\prime}$"
    assert set(lenses) == {f"a\\$b\\$\nS/N 42, {radius}", "coded\n", "empty\n"}
