"""Members of the clusters judged 0, 0.5 and 1 (Fig. 5)."""

from collections.abc import Sequence
from pathlib import Path

from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.figures import members, sources, style
from lensflow.figures.mosaics import draw_mosaic, mosaic

N_COLUMNS = 10


def judged_examples(
    embeddings: Sequence[Path | str],
    mixture: Path | str,
    labels: Path | str,
    stacks: Sequence[Path | str],
    png: Path | str,
    pdf: Path | str,
    judgement: str,
    prior: Sequence[float],
    seed: int,
) -> None:
    """Draw members of the clusters judged 0, 0.5 and 1 (Fig. 5), two rows of images each.

    Members are taken by turns from the clusters whose probability is nearest to each of the three
    values.

    Parameters
    ----------
    embeddings, mixture, stacks, png, pdf
        See :func:`lensflow.figures.cluster_sheet.cluster_sheet`.
    labels : path-like
        ``cluster_labels_<judgement>.csv``.
    judgement : str
        Whose labels they are.
    prior : pair of float
        Of the lens fraction of a cluster whose lenses were counted.
    seed : int
        Seed of the choice of members.
    """
    clusters = members.read_clusters(embeddings, mixture, 2 * N_COLUMNS, seed)
    fitted = clusterers.load(mixture)
    judged = cluster_labels.read(labels, fitted.hash, fitted.n_components, prior)["probability"]
    names = {0.0: "non-lens", 0.5: "uncertain", 1.0: "lens"}
    with style.paper():
        height = 3 * (2 * style.PAGE_INCHES / N_COLUMNS + 0.25) + 0.2
        figure = style.new_figure(style.PAGE_INCHES, height, images=True)
        for axes, (value, name) in zip(figure.subplots(3, 1), names.items(), strict=True):
            group = [c for c in clusters if _nearest(judged[c.number], names) == value]
            keys = by_turns([c.keys for c in group])[: 2 * N_COLUMNS]
            # Fractions that were counted lie between.
            axes.set_title(f"{name} ($p$ nearest {value:g}): {_count(group)}", fontsize=8, pad=3)
            if keys:
                draw_mosaic(axes, mosaic(sources.stack_images(stacks, keys), N_COLUMNS, 2))
            else:
                axes.text(0.5, 0.5, "none", ha="center", va="center", color=style.GREY)
                style.bare(axes)
        figure.suptitle(style.title({"labels": judgement}))
        style.save(figure, png, pdf, trim=True)


def _count(clusters):
    return f"{len(clusters)} cluster{'' if len(clusters) == 1 else 's'}"


def _nearest(value, values):
    return min(values, key=lambda candidate: abs(candidate - value))


def by_turns(lists: Sequence[Sequence]) -> list:
    """Return the items of lists by turns: every first one, then every second one, and so on."""
    longest = max((len(items) for items in lists), default=0)
    return [items[place] for place in range(longest) for items in lists if place < len(items)]
