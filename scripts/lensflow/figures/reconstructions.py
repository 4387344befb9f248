"""What the feature autoencoder makes of its input."""

from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.figures.image_rows import N_EXAMPLES, balanced_draw, class_title, image_rows
from lensflow.samples.bands import first_band


def reconstruction_examples(
    examples: Path | str, png: Path | str, pdf: Path | str, seed: int
) -> None:
    """Draw what the feature autoencoder is given and what it makes of it, with the rms difference.

    Parameters
    ----------
    examples : path-like
        Artifact of kind ``examples``.
    png, pdf : path-like
        Figures to write.
    seed : int
        Seed of the draw.
    """
    with artifacts.open(examples, "examples") as file:
        is_lens = artifacts.read(file, "is_lens")
        rows = balanced_draw(is_lens, N_EXAMPLES, seed)
        given = first_band(artifacts.read(file, "input")[rows])
        made = first_band(artifacts.read(file, "reconstruction")[rows])
        ids = np.array(artifacts.read_strings(file, "id"), dtype=object)[rows]
    difference = np.sqrt(np.mean((given - made) ** 2, axis=(1, 2)))
    titles = [
        [class_title(name, label) for name, label in zip(ids, is_lens[rows], strict=True)],
        [f"rms difference {value:.3f}" for value in difference],
    ]
    image_rows([("input", given), ("reconstruction", made)], png, pdf, titles)
