"""Images before and after the denoiser (Fig. 4)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lensflow.figures import sources
from lensflow.figures.image_rows import N_EXAMPLES, balanced_draw, class_title, image_rows
from lensflow.samples.stacks import open_stack


def denoising_examples(
    raw: Sequence[Path | str],
    denoised: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    seed: int,
) -> None:
    """Draw images before and after the denoiser (Fig. 4): half lenses where labels are known.

    Parameters
    ----------
    raw, denoised : sequence of path-like
        The shards of one sample, prepared and denoised.
    png, pdf : path-like
        Figures to write.
    seed : int
        Seed of the draw.
    """
    table = pd.concat([_rows(path) for path in raw], ignore_index=True)
    chosen = table.iloc[balanced_draw(table["is_lens"].to_numpy(), N_EXAMPLES, seed)]
    wanted = list(zip(chosen["id"], chosen["rotation"].tolist(), strict=True))
    before, after = (sources.stack_images(paths, wanted) for paths in (raw, denoised))
    titles = [class_title(*row) for row in zip(chosen["id"], chosen["is_lens"], strict=True)]
    image_rows([("before", before), ("denoised", after)], png, pdf, [titles])


def _rows(path):
    with open_stack(path) as stack:
        return stack.rows()
