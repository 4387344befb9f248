"""Figures that are rows of cutouts: classes (Fig. 3), denoising (Fig. 4), reconstructions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lensflow import artifacts
from lensflow.figures import sources, style
from lensflow.prepare.scaling import scale
from lensflow.seeds import rng

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
    rows : sequence of (str, ndarray of shape (n, size, size))
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


def class_examples(
    index: Path | str,
    shards: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    n_examples: int = 6,
    scaling: str = "log",
    seed: int = 0,
) -> None:
    """Draw non-lenses above lenses (Fig. 3).

    The lenses are evenly spaced in the rank of their signal-to-noise ratio, faintest first, so that
    the row shows the whole population; the non-lenses are drawn at random.

    Parameters
    ----------
    index : path-like
        Index of the dataset.
    shards : sequence of path-like
        Its image shards.
    png, pdf : path-like
        Figures to write.
    n_examples : int
        Images in each row.
    scaling : {"log", "linear"}
        Scale at which the images are shown.
    seed : int
        Seed of the draw of the non-lenses.
    """
    with artifacts.open(index, "index") as file:
        table = artifacts.read_table(file, "catalogue")
        table["id"] = artifacts.read_strings(file, "id")
    n_pixels = table["numb_pix_lensed_image"].to_numpy(float)
    flux = table["flux_lensed_image_in_sigma"].to_numpy(float)
    table["snr"] = np.where(n_pixels > 0, flux / np.sqrt(np.maximum(n_pixels, 1)), 0.0)
    chosen = [
        ("non-lenses", _draw(table[table["is_lens"] == 0], n_examples, seed), _non_lens_title),
        ("lenses", _spread(table[table["is_lens"] == 1], n_examples), _lens_title),
        ("unlabelled", _draw(table[table["is_lens"] < 0], n_examples, seed), _non_lens_title),
    ]
    chosen = [choice for choice in chosen if len(choice[1])]
    rows, titles = [], []
    for label, examples, title in chosen:
        images, sky_sigma = sources.dataset_images(shards, examples["id"].tolist())
        rows.append((label, scale(images, sky_sigma, scaling)))
        titles.append([title(example) for example in examples.itertuples()])
    image_rows(rows, png, pdf, titles)


def _draw(table, n_examples, seed):
    order = rng(seed, "class examples").permutation(len(table))[:n_examples]
    return table.iloc[order]


def _spread(table, n_examples):
    """Rows evenly spaced in the rank of ``snr``, the extremes left out."""
    ordered = table.sort_values(["snr", "id"])
    n_examples = min(n_examples, len(ordered))
    middle = (np.arange(n_examples) + 0.5) / max(n_examples, 1)
    return ordered.iloc[(middle * len(ordered)).astype(int)]


def _lens_title(row):
    known = [f"S/N {row.snr:.0f}"] if row.numb_pix_lensed_image >= 0 else []
    if np.isfinite(row.einstein_radius_arcsec):
        known.append(f"$R_E$ {row.einstein_radius_arcsec:.2f}$^{{\\prime\\prime}}$")
    return f"{row.id}\n{', '.join(known)}"


def _non_lens_title(row):
    return f"{row.id}"


def denoising_examples(
    raw: Sequence[Path | str],
    denoised: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    n_examples: int = 6,
    seed: int = 0,
) -> None:
    """Draw images before and after the denoiser (Fig. 4): half lenses where labels are known.

    Parameters
    ----------
    raw, denoised : sequence of path-like
        The shards of one sample, prepared and denoised.
    png, pdf : path-like
        Figures to write.
    n_examples : int
        Images shown.
    seed : int
        Seed of the draw.
    """
    keys, labels = [], []
    for path in raw:
        with artifacts.open(path, "stack") as file:
            ids, turns = artifacts.read_strings(file, "id"), artifacts.read(file, "rotation")
            keys += list(zip(ids, turns.tolist(), strict=True))
            labels += artifacts.read(file, "is_lens").tolist()
    rows = balanced_draw(np.array(labels), n_examples, seed)
    wanted = [keys[row] for row in rows]
    titles = [[_class_title(keys[row][0], labels[row]) for row in rows]]
    image_rows(
        [
            ("before", sources.stack_images(raw, wanted)),
            ("denoised", sources.stack_images(denoised, wanted)),
        ],
        png,
        pdf,
        titles,
    )


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


def reconstruction_examples(
    examples: Path | str, png: Path | str, pdf: Path | str, n_examples: int = 6, seed: int = 0
) -> None:
    """Draw what the feature autoencoder is given and what it makes of it, with the rms difference.

    Parameters
    ----------
    examples : path-like
        Artifact of kind ``examples``.
    png, pdf : path-like
        Figures to write.
    n_examples : int
        Images shown.
    seed : int
        Seed of the draw.
    """
    with artifacts.open(examples, "examples") as file:
        is_lens = artifacts.read(file, "is_lens")
        rows = balanced_draw(is_lens, n_examples, seed)
        given = artifacts.read(file, "input")[rows]
        made = artifacts.read(file, "reconstruction")[rows]
        ids = np.array(artifacts.read_strings(file, "id"), dtype=object)[rows]
    difference = np.sqrt(np.mean((given - made) ** 2, axis=(1, 2)))
    titles = [
        [_class_title(name, label) for name, label in zip(ids, is_lens[rows], strict=True)],
        [f"rms difference {value:.3f}" for value in difference],
    ]
    image_rows([("input", given), ("reconstruction", made)], png, pdf, titles)


def _class_title(object_id, label):
    return f"{object_id}" + {1: " (lens)", 0: " (non-lens)"}.get(int(label), "")
