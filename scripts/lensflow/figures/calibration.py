"""Whether lens probabilities mean what they say."""

from pathlib import Path

from lensflow.evaluate.calibration import AS_JUDGED, EQUAL_COUNT, EQUAL_WIDTH, SHIFTED
from lensflow.figures import style
from lensflow.figures.finder import labels_title, ranking_rows, sample_panels

LOOKS = {
    AS_JUDGED: (style.BLUE, "s", "--", "as judged"),
    SHIFTED: (style.BLACK, "o", "-", "shifted to the sample's lens fraction"),
}


def reliability_curves(
    calibration: Path | str, png: Path | str, pdf: Path | str, judgement: str
) -> None:
    """Draw the lens fraction against p, in bins of equal count, above the histogram of p.

    Parameters
    ----------
    calibration : path-like
        ``calibration.csv``.
    png, pdf : path-like
        Figures to write.
    judgement : str
        The judgement that counts.
    """
    rows, labels = ranking_rows(calibration, judgement)
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 4.4)
        if len(rows):
            ratios = {"height_ratios": [3, 1]}
            samples, axes = sample_panels(figure, rows, 2, sharex=True, gridspec_kw=ratios)
            figure.suptitle(labels_title(labels), fontsize=9)
            for column, sample in zip(axes.T, samples, strict=True):
                _draw_sample(*column, rows[rows["sample"] == sample])
            axes[0, 0].set_ylabel("fraction of lenses")
            axes[1, 0].set_ylabel("objects")
            axes[0, 0].legend(loc="upper left", fontsize=7)
        else:
            style.sentence(figure, "There are no lens probabilities of objects of known class.")
        style.save(figure, png, pdf)


def _draw_sample(above, below, rows):
    above.plot([0, 1], [0, 1], color=style.GREY, lw=0.6, ls=":")
    for prior, (colour, marker, dashes, label) in LOOKS.items():
        chosen = rows[(rows["prior"] == prior) & (rows["n"] > 0)]
        curve = chosen[chosen["binning"] == EQUAL_COUNT]
        low, high = curve["fraction_low"], curve["fraction_high"]
        errors = [curve["fraction"] - low, high - curve["fraction"]]
        above.errorbar(
            curve["p_mean"], curve["fraction"], errors, color=colour, marker=marker, ls=dashes,
            ms=3.5, capsize=2, elinewidth=0.7, lw=0.9, label=label,
        )  # fmt: skip
        bars = rows[(rows["prior"] == prior) & (rows["binning"] == EQUAL_WIDTH)]
        if len(bars):
            edges = [*bars["p_low"], bars["p_high"].iloc[-1]]
            below.stairs(bars["n"], edges, color=colour, ls=dashes, lw=0.9)
    above.set_xlim(-0.02, 1.02)
    above.set_ylim(-0.02, 1.02)
    below.set_xlabel("lens probability $p$")
