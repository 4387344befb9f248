"""The autoencoder drawn from the built network's own layers (Fig. 1)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from lensflow.figures import style
from lensflow.networks.kinds import describe
from lensflow.networks.shapes import LayerShape

_LOOKS = {
    "convolution": style.SKY,
    "pooling": style.BLUE,
    "upsampling": style.GREEN,
    "dense": style.ORANGE,
    "embedding": style.VERMILLION,
    "input": style.GREY,
}
_GAP = 0.35
_DEPTH = 0.22


def architecture(
    preset: Mapping[str, object],
    n_features: int,
    png: Path | str,
    pdf: Path | str,
    n_bands: int = 1,
) -> None:
    """Draw a network as a row of blocks: height is image size, width is number of channels.

    Parameters
    ----------
    preset : mapping
        A preset of the configuration.
    n_features : int
        Size of the embedding.
    png, pdf : path-like
        Figures to write.
    n_bands : int
        Bands of the images.
    """
    layers = describe(preset, "autoencoder", n_features, n_bands)
    drawn = [layer for layer in layers if layer_look(layer) is not None]
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 2.9)
        axes = figure.add_subplot()
        units = [layer.shape[0] for layer in drawn if len(layer.shape) == 1]
        x = 0.0
        for layer in drawn:
            largest = max(units) if len(layer.shape) == 1 else layers[0].shape[0]
            x = _draw_layer(axes, x, layer, layer.shape[0] / largest)
        axes.set_xlim(-0.3, x + 0.1)
        axes.set_ylim(-4.1, 3.0)
        axes.set_axis_off()
        axes.set_title(f"{sum(layer.parameters for layer in layers):,} parameters")
        looks = dict.fromkeys(layer_look(layer) for layer in drawn)
        handles = [Rectangle((0, 0), 1, 1, facecolor=_LOOKS[look], label=look) for look in looks]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(looks), fontsize=8)
        style.save(figure, png, pdf)


def layer_look(layer: LayerShape) -> str | None:
    """Return how a layer is drawn, or None for one that moves numbers without changing them."""
    if layer.name == "embedding":
        return "embedding"
    return layer.kind if layer.kind in _LOOKS else None


def _draw_layer(axes, x, layer, relative_size):
    """Draw one block with its left edge at ``x``; return where the next one starts."""
    look = layer_look(layer)
    flat, resampling = len(layer.shape) == 1, look in ("pooling", "upsampling")
    height = 0.5 + (3.5 if flat else 4.5) * relative_size
    width = 0.12 if flat or resampling else 0.12 + 0.1 * np.log2(layer.shape[-1])
    _block(axes, x, width, height, _LOOKS[look], depth=0.0 if flat else _DEPTH)
    if not resampling:
        text = _text(layer)
        axes.text(x + width / 2, -2.9, text, ha="center", va="top", fontsize=6, linespacing=1.25)
    return x + width + (0.6 * _GAP if look == "convolution" else _GAP)


def _text(layer):
    if len(layer.shape) == 1:
        return str(layer.shape[0])
    lines = [f"{layer.shape[0]}$^2$", f"$\\times${layer.shape[-1]}"]
    if layer.kernel:
        lines.append(f"{layer.kernel}$\\times${layer.kernel}")
    return "\n".join(lines)


def _block(axes, x, width, height, colour, depth):
    low, high = -height / 2, height / 2
    edge = {"edgecolor": "black", "linewidth": 0.4}
    if depth:
        shift = np.array([depth, depth * 1.6])
        front = np.array([[x, high], [x + width, high]])
        axes.add_patch(
            Polygon([*front, *(front[::-1] + shift)], facecolor=colour, alpha=0.55, **edge)
        )
        side = np.array([[x + width, low], [x + width, high]])
        axes.add_patch(
            Polygon([*side, *(side[::-1] + shift)], facecolor=colour, alpha=0.75, **edge)
        )
    axes.add_patch(Rectangle((x, low), width, height, facecolor=colour, **edge))
