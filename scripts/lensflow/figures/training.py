"""How training went: loss, held-out loss and the loss of the best constant output."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.ticker import MaxNLocator, NullLocator

from lensflow.figures import style
from lensflow.networks.kinds import NETWORKS

_LONG_RUN = 50
_MAX_NAMES = 7
_MARGIN = 0.05


def training_curves(
    histories: Sequence[Path | str],
    networks: Sequence[str],
    names: Sequence[str],
    png: Path | str,
    pdf: Path | str,
) -> None:
    """Draw the losses of all trainings, a panel for each kind of network.

    Parameters
    ----------
    histories : sequence of path-like
        Their histories.
    networks : sequence of str
        Of which of `lensflow.networks.kinds.NETWORKS` each is.
    names : sequence of str
        What the legend calls each.
    png, pdf : path-like
        Figures to write.
    """
    panels = {network: {} for network in networks}
    for network, name, path in zip(networks, names, histories, strict=True):
        panels[network][name] = pd.read_csv(path)
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 2.8)
        (places,) = figure.subplots(1, max(2, len(panels)), squeeze=False)
        for axes in places[len(panels) :]:
            axes.set_axis_off()
        for axes, (network, of_kind) in zip(places, panels.items(), strict=False):
            _draw_panel(axes, of_kind)
            axes.set_title(network)
            axes.set_ylabel(NETWORKS[network].loss.words)
        style.save(figure, png, pdf)


def _draw_panel(axes, histories):
    for place, (name, history) in enumerate(histories.items()):
        colour = style.CYCLE[place % len(style.CYCLE)]
        marker = "." if len(history) < 2 else ""
        label = name if len(histories) <= _MAX_NAMES else None
        axes.plot(
            history["epoch"], history["loss"], color=colour, lw=0.9, marker=marker, label=label
        )
        axes.plot(
            history["epoch"], history["val_loss"], color=colour, lw=0.9, ls="--", marker=marker
        )
    constant = [history["constant_loss"].iloc[-1] for history in histories.values() if len(history)]
    for level in sorted(set(constant)):
        axes.axhline(level, color=style.GREY, ls=":", lw=0.9)
    _limit_losses(axes, list(histories.values()))
    longest = max((len(history) for history in histories.values()), default=0)
    if longest > _LONG_RUN:
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("epoch")
    if len(histories) > _MAX_NAMES:
        axes.plot([], [], color=style.BLACK, lw=0.9, label=f"{len(histories)} networks")
    axes.plot([], [], color=style.BLACK, lw=0.9, ls="--", label="held-out images")
    axes.plot([], [], color=style.GREY, lw=0.9, ls=":", label="best constant output")
    axes.legend(loc="upper right", fontsize=7, frameon=True, framealpha=0.85, edgecolor="none")


def _limit_losses(axes, histories):
    """Leave out the mean loss of the first epoch, in which a network learns what zero is."""
    if not histories or min(len(history) for history in histories) < 2:
        return
    shown = [
        value
        for history in histories
        for column in (history["loss"].iloc[1:], history["val_loss"], history["constant_loss"])
        for value in (column.min(), column.max())
    ]
    margin = _MARGIN * (max(shown) - min(shown))
    axes.set_ylim(min(shown) - margin, max(shown) + margin)
