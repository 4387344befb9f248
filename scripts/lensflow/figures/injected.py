"""Injected sources: how many are found, and what they look like."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.evaluate.missed import EDGES, SNR
from lensflow.evaluate.selection import with_snr
from lensflow.figures import sources, style
from lensflow.figures.colour import shown_images
from lensflow.figures.image_rows import image_rows
from lensflow.figures.missed import draw_completeness
from lensflow.samples.injected import read_injected
from lensflow.samples.rows import RADIUS

N_EXAMPLES = 10


def injected_completeness(
    completeness: Path | str, png: Path | str, pdf: Path | str, judgement: str
) -> None:
    """Draw completeness over injected sources by each measure that is known.

    Parameters
    ----------
    completeness : path-like
        ``injected_completeness_<dataset>.csv``.
    png, pdf : path-like
        Figures to write.
    judgement : str
        Whose judgement of the clusters ranks.
    """
    table = pd.read_csv(completeness)
    selections = table["selection"].unique()
    shown = [by for by in EDGES if (table["by"] == by).any()]
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 0.8 + 2.1 * len(shown))
        figure.suptitle(style.title({"labels": judgement}), fontsize=9)
        # A label is nearer to its own panel than to the next.
        figure.get_layout_engine().set(h_pad=0.1)
        axes = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
        for place, by in zip(axes, shown, strict=True):
            draw_completeness(place, _filled(table[table["by"] == by]), selections)
            place.set_ylabel("completeness")
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=7)
        style.save(figure, png, pdf)


def _filled(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the bins from the first to the last that holds a source."""
    filled = rows.loc[rows["n_lens"] > 0, "low"]
    return rows[(rows["low"] >= filled.min()) & (rows["low"] <= filled.max())]


def injected_examples(
    shards: Sequence[Path | str], png: Path | str, pdf: Path | str, scaling: str
) -> None:
    """Draw galaxies, what is seen of the sources put behind them, and both together.

    The sources are evenly spaced in the rank of their signal-to-noise ratio, faintest first.

    Parameters
    ----------
    shards : sequence of path-like
        Image shards of a dataset with sources in them.
    png, pdf : path-like
        Figures to write.
    scaling : {"log", "linear"}
        Scale at which images of one band are shown; several are shown in colour.
    """
    table = with_snr(read_injected(shards)).sort_values([SNR, "id"])
    n = min(N_EXAMPLES, len(table))
    chosen = table.iloc[((np.arange(n) + 0.5) / n * len(table)).astype(int)]
    names = chosen["id"].tolist()
    both, sky_sigma = sources.dataset_images(shards, names, all_bands=True)
    alone, _ = sources.dataset_images(shards, names, "source_flux", all_bands=True)
    rows = {"galaxy": both - alone, "source": alone, "together": both}
    titles = [_title(*row) for row in chosen[[SNR, RADIUS]].to_numpy()]
    images = [(name, shown_images(flux, sky_sigma, scaling)) for name, flux in rows.items()]
    image_rows(images, png, pdf, [titles])


def _title(snr_of_image, radius):
    return f"S/N {snr_of_image:.0f}\n{radius:.2f}$^{{\\prime\\prime}}$"
