"""Rows of cutouts with a label at the left: what the figures of example images share."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lensflow.figures import style
from lensflow.seeds import rng

N_EXAMPLES = 6
_LABEL_INCHES = 0.35
_TITLE_INCHES = 0.3


def image_rows(
    rows: Sequence[tuple[str, np.ndarray]],
    png: Path | str,
    pdf: Path | str,
    titles: Sequence[Sequence[str]] = (),
) -> None:
    """Draw rows of images of equal number, a label at the left of each row.

    Parameters
    ----------
    rows : sequence of (str, ndarray of shape (n, size, size) or (n, size, size, 3))
        Label and images in [0, 1] of each row.
    png, pdf : path-like
        Figures to write.
    titles : sequence of sequences of str
        Text above each image, for each row; empty for none.
    """
    n_columns = max(1, max(len(images) for _, images in rows))
    side = (style.PAGE_INCHES - _LABEL_INCHES) / n_columns
    height = len(rows) * (side + (_TITLE_INCHES if titles else 0.04))
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, height, images=True)
        grid = figure.subplots(len(rows), n_columns, squeeze=False)
        for row, (label, images) in enumerate(rows):
            grid[row, 0].set_ylabel(label)
            for column, axes in enumerate(grid[row]):
                style.bare(axes)
                if column < len(images):
                    style.show_image(axes, images[column])
                if row < len(titles) and column < len(titles[row]):
                    axes.set_title(titles[row][column], fontsize=7, pad=2)
        figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01)
        style.save(figure, png, pdf, trim=True)


def balanced_draw(is_lens: np.ndarray, n_examples: int, seed: int) -> np.ndarray:
    """Draw rows at random, lenses and non-lenses by turns while both last.

    Parameters
    ----------
    is_lens : ndarray of shape (n,)
        1, 0, or -1 where unknown.
    n_examples : int
        Rows wanted.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray of int, shape (min(n, n_examples),)
        Row numbers.
    """
    order = rng(seed, "examples").permutation(len(is_lens))
    place_in_class = np.zeros(len(order), dtype=int)
    for label in np.unique(is_lens):
        members = is_lens[order] == label
        place_in_class[members] = np.arange(members.sum())
    by_turns = np.lexsort((np.arange(len(order)), -is_lens[order], place_in_class))
    return order[by_turns][:n_examples]


def class_title(object_id: str, label: int) -> str:
    """Return the title of an image: its identifier, and its class where it is known."""
    return style.literal(object_id) + {1: " (lens)", 0: " (non-lens)"}.get(int(label), "")
