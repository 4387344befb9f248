"""The rule graph that ``snakemake --rulegraph`` prints, drawn as SVG without Graphviz."""

import itertools
import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

_NODE = re.compile(r'^\s*(\d+)\s*\[.*?label\s*=\s*"([^"]*)"', re.MULTILINE)
_EDGE = re.compile(r"^\s*(\d+)\s*->\s*(\d+)", re.MULTILINE)
_LAYER_HEIGHT, _NODE_HEIGHT, _CHARACTER, _GAP = 52, 24, 6.6, 18

Edge = tuple[int, int]


def parse_dot(text: str) -> tuple[dict[int, str], list[Edge]]:
    """Return the names of the rules by number, and the edges, of Snakemake's DOT text."""
    names = {int(number): label for number, label in _NODE.findall(text)}
    edges = {(int(a), int(b)) for a, b in _EDGE.findall(text)}
    return names, sorted(edge for edge in edges if set(edge) <= names.keys())


def rule_graph_svg(text: str) -> str:
    """Draw the graph in layers, from the first rules at the top to the last at the bottom.

    Parameters
    ----------
    text : str
        DOT, as printed by ``snakemake --rulegraph``.

    Returns
    -------
    str
        An SVG element, empty for a graph without rules.
    """
    names, edges = parse_dot(text)
    if not names:
        return ""
    edges = reduced(edges)
    layers = layered(names, edges)
    rows, links = _with_bends(layers, edges)
    rows = _ordered(rows, links)
    x, width = _positions(rows, names)
    y = {node: 20 + _LAYER_HEIGHT * place for place, row in enumerate(rows) for node in row}
    height = _LAYER_HEIGHT * (len(rows) - 1) + 40
    lines = [_line(x, y, a, b) for a, b in links]
    boxes = [_box(x[node], y[node], name) for node, name in sorted(names.items())]
    return (
        f'<svg class="rules" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'aria-label="rule graph" style="max-width:{width:.0f}px">{"".join(lines + boxes)}</svg>'
    )


def reduced(edges: Sequence[Edge]) -> list[Edge]:
    """Leave out each edge that a longer way round says too."""
    below: dict[int, set[int]] = {}
    for a, b in edges:
        below.setdefault(a, set()).add(b)
    return [(a, b) for a, b in edges if not _reaches(below, a, b)]


def _reaches(below, start, goal):
    """Tell whether ``goal`` can be reached from ``start`` in two steps or more."""
    waiting = [node for node in below[start] if node != goal]
    seen = set(waiting)
    while waiting:
        for node in below.get(waiting.pop(), ()):
            if node == goal:
                return True
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return False


def layered(names: Mapping[int, str], edges: Sequence[Edge]) -> dict[int, int]:
    """Return the layer of each rule: one below the lowest rule that it needs."""
    layers = dict.fromkeys(names, 0)
    for _ in names:
        for a, b in edges:
            layers[b] = max(layers[b], layers[a] + 1)
    return layers


def _with_bends(layers, edges):
    """Rows of nodes, where an edge over several layers has an invisible node in each between."""
    rows: list[list] = [[] for _ in range(max(layers.values()) + 1)]
    for node, layer in sorted(layers.items()):
        rows[layer].append(node)
    links = []
    for a, b in edges:
        chain = [a, *((a, b, layer) for layer in range(layers[a] + 1, layers[b])), b]
        for bend in chain[1:-1]:
            rows[bend[2]].append(bend)
        links += list(itertools.pairwise(chain))
    return rows, links


def _ordered(rows, links):
    """Sort every row by the mean place of its neighbours, down and up, a few times."""
    up, down = {}, {}
    for a, b in links:
        down.setdefault(a, []).append(b)
        up.setdefault(b, []).append(a)
    for _ in range(6):
        for neighbours, order in ((up, rows), (down, rows[::-1])):
            for before, row in itertools.pairwise(order):
                place = {node: (i + 0.5) / len(before) for i, node in enumerate(before)}
                row.sort(key=lambda n, p=place, m=neighbours: _mean_place(n, p, m))
    return rows


def _mean_place(node, place, neighbours):
    near = [place[other] for other in neighbours.get(node, ()) if other in place]
    return float(np.mean(near)) if near else 0.5


def _positions(rows, names):
    widths = {
        node: _CHARACTER * len(names[node]) + 18 if node in names else 8.0
        for row in rows
        for node in row
    }
    lengths = [sum(widths[node] + _GAP for node in row) for row in rows]
    total = max(lengths) + 20
    x = {}
    for row, length in zip(rows, lengths, strict=True):
        left = (total - length) / 2
        for node in row:
            x[node] = left + (widths[node] + _GAP) / 2
            left += widths[node] + _GAP
    return x, total


def _line(x, y, a, b):
    top = y[a] + (_NODE_HEIGHT / 2 if isinstance(a, int) else 0)
    end = y[b] - (_NODE_HEIGHT / 2 if isinstance(b, int) else 0)
    middle = (top + end) / 2
    path = f"M{x[a]:.1f} {top:.1f}C{x[a]:.1f} {middle:.1f} {x[b]:.1f} {middle:.1f}"
    return f'<path d="{path} {x[b]:.1f} {end:.1f}" fill="none" stroke="#999"/>'


def _box(x, y, name):
    width = _CHARACTER * len(name) + 18
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - _NODE_HEIGHT / 2:.1f}" width="{width:.1f}" '
        f'height="{_NODE_HEIGHT}" rx="6" fill="#eef5fa" stroke="#0072B2"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="12" '
        f'font-family="sans-serif">{escape(name)}</text>'
    )
