"""Examples of lenses and non-lenses (Fig. 3)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lensflow.evaluate.selection import with_snr
from lensflow.figures import sources, style
from lensflow.figures.image_rows import N_EXAMPLES, image_rows
from lensflow.prepare.scaling import scale
from lensflow.samples.images import read_index
from lensflow.samples.rows import MEASURES
from lensflow.seeds import rng

_COLUMNS = ("is_lens", "einstein_radius_arcsec", *MEASURES)


def class_examples(
    index: Path | str,
    shards: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    scaling: str,
    seed: int,
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
    scaling : {"log", "linear"}
        Scale at which the images are shown.
    seed : int
        Seed of the draw of the non-lenses.
    """
    table = with_snr(read_index(index, catalogue=_COLUMNS))
    chosen = [
        ("non-lenses", _draw(table[table["is_lens"] == 0], seed), _non_lens_title),
        ("lenses", _spread(table[table["is_lens"] == 1]), _lens_title),
        ("unlabelled", _draw(table[table["is_lens"] < 0], seed), _non_lens_title),
    ]
    chosen = [choice for choice in chosen if len(choice[1])]
    rows, titles = [], []
    for label, examples, title in chosen:
        images, sky_sigma = sources.dataset_images(shards, examples["id"].tolist())
        rows.append((label, scale(images, sky_sigma, scaling)))
        titles.append([title(example) for example in examples.itertuples()])
    image_rows(rows, png, pdf, titles)


def _draw(table, seed):
    order = rng(seed, "class examples").permutation(len(table))[:N_EXAMPLES]
    return table.iloc[order]


def _spread(table):
    """Rows evenly spaced in the rank of ``snr``, the extremes left out."""
    ordered = table.sort_values(["snr", "id"])
    n_examples = min(N_EXAMPLES, len(ordered))
    middle = (np.arange(n_examples) + 0.5) / max(n_examples, 1)
    return ordered.iloc[(middle * len(ordered)).astype(int)]


def _lens_title(row):
    is_known = row.numb_pix_lensed_image >= 0 and np.isfinite(row.snr)
    known = [f"S/N {row.snr:.0f}"] if is_known else []
    # Catalogues mark an unknown radius by -1 or leave it empty.
    if row.einstein_radius_arcsec >= 0:
        known.append(f"$R_E$ {row.einstein_radius_arcsec:.2f}$^{{\\prime\\prime}}$")
    return f"{style.literal(row.id)}\n{', '.join(known)}"


def _non_lens_title(row):
    return style.literal(row.id)
