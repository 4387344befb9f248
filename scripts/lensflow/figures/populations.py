"""How visible the lenses of datasets are (Fig. 15)."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.evaluate.selection import MIN_PIXELS, MIN_SNR, passes_cut, snr
from lensflow.figures import style
from lensflow.samples.images import read_index
from lensflow.samples.rows import MEASURES

COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.PURPLE, style.SKY)


def population_comparison(
    indices: Sequence[Path | str], names: Sequence[str], png: Path | str, pdf: Path | str
) -> None:
    """Compare S/N and number of lensed pixels of the lenses of datasets (Fig. 15).

    Lenses without any lensed pixel have no place on a logarithmic axis: their share is in the
    legend, with the share that passes the cut (N > 100 and S/N > 50).

    Parameters
    ----------
    indices : sequence of path-like
        Index of each dataset.
    names : sequence of str
        What the legend calls them.
    png, pdf : path-like
        Figures to write.
    """
    visible = zip(names, map(_lens_visibility, indices), strict=True)
    samples = {name: sample for name, sample in visible if len(sample)}
    with style.paper():
        # A line of the legend for each beyond the paper's two.
        figure = style.new_figure(style.PAGE_INCHES, 2.9 + 0.15 * max(0, len(samples) - 2))
        if samples:
            left, right = figure.subplots(1, 2)
            _draw(left, samples, "snr", r"S/N $= S\,/\,(\sigma \sqrt{N})$", MIN_SNR)
            _draw(right, samples, "n_pixels", r"lensed pixels above $1\sigma$, $N$", MIN_PIXELS)
            left.set_ylabel("fraction of lenses per bin")
            handles, labels = left.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper center", ncols=1, fontsize=7)
        else:
            style.sentence(figure, "No dataset here has lenses with known visibility.")
        style.save(figure, png, pdf)


def _lens_visibility(index):
    """S/N, number of lensed pixels, and whether the cut is passed, of the lenses of one dataset."""
    table = read_index(index, catalogue=["is_lens", *MEASURES])
    lenses = table[table["is_lens"] == 1]
    n_pixels, flux = (lenses[name].to_numpy(float) for name in MEASURES)
    visible = {
        "snr": snr(flux, n_pixels),
        "n_pixels": n_pixels,
        "passes": passes_cut(flux, n_pixels),
    }
    known = (n_pixels >= 0) & np.isfinite(flux)
    return pd.DataFrame(visible)[known]


def _draw(axes, samples, which, label, limit):
    values = {name: sample[which].to_numpy() for name, sample in samples.items()}
    positive = np.concatenate([value[value > 0] for value in values.values()])
    low = min(positive.min(initial=limit), limit / 3)
    high = max(positive.max(initial=limit), limit * 3)
    bins = np.geomspace(max(low, 1e-3), high * 1.001, 41)
    looks = zip(cycle(COLOURS), cycle(style.DASHES), values.items(), strict=False)
    for colour, dashes, (name, value) in looks:
        inside = value[value > 0]
        axes.hist(
            inside, bins, weights=np.full(inside.size, 1 / value.size), histtype="step",
            color=colour, ls=dashes, lw=1.2,
        )  # fmt: skip
        axes.plot([], [], color=colour, ls=dashes, label=_legend(name, samples[name]))
    axes.axvline(limit, color=style.BLACK, ls="--", lw=0.8)
    axes.text(limit, 0.985, f" {limit}", transform=axes.get_xaxis_transform(), va="top", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(bins[0], bins[-1])
    axes.margins(y=0.12)
    axes.set_xlabel(label)


def _legend(name, lenses):
    return (
        f"{name}: {len(lenses):,} lenses, {lenses['passes'].mean():.0%} pass the cut, "
        f"{np.mean(lenses['n_pixels'] == 0):.1%} without a lensed pixel"
    )
