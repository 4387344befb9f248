"""Stage: the explorer, a map of the features of a sample with pictures and look-alikes.

One HTML file, Bokeh inside, that asks for nothing. Where a sample is larger than a page can hold,
the objects that rank first by that run are shown and others drawn at random. Candidates are ranked
by all runs, and where nobody judged by arcs too: features, and so a map, are those of one run.
"""

import json
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

import lensflow
from lensflow.apply.similar import look_alikes, standardised
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.figures import sources
from lensflow.files import tables, writing
from lensflow.report.pictures import thumbnail
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.grades import GRADES
from lensflow.samples.scores import (
    columns_of,
    log_odds_column,
    probability_column,
    ranks,
    read_scores,
)
from lensflow.seeds import rng

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).resolve().parents[3] / "workflow/report"
MAX_OBJECTS = 1500
"""Objects of a page: with a picture each it stays below 6 MB."""

RANKED_SHARE = 0.2
"""Share of a page that goes to the objects that rank first."""

N_LOOK_ALIKES = 12
UNGRADED = "#c8c8c8"
MOST_POINTS = max(grade.points for grade in GRADES.values())
PERPLEXITY = 30.0
SIDE = 600
"""Pixels of the map."""

_RANDOM_ID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")


def explorer_stage(
    embeddings: Path | str,
    scores: Path | str,
    shards: Sequence[Path | str],
    output: Path | str,
    experiment: str,
    sample: str,
    judgement: str,
    scaling: str,
    seed: int,
    graded: Sequence[Path | str] = (),
) -> None:
    """Write the explorer of an experiment.

    Parameters
    ----------
    embeddings, scores : path-like
        Of one sample by one run: ``embeddings_<sample>.h5`` and ``scores_<sample>.csv``.
    shards : sequence of path-like
        Image shards of the sample's dataset.
    output : path-like
        The page.
    experiment, sample : str
        What it is called.
    judgement : str
        Whose probabilities colour the map; nobody's leave the density.
    scaling : str
        Scale of the pictures.
    seed : int
        Chooses the objects, and begins the map.
    graded : sequence of path-like
        Tables of candidates with grades, whose mean colours the map.
    """
    features, everything = _objects(embeddings, scores, judgement)
    chosen = choose(everything["rank"].to_numpy(), seed)
    features = standardised(features)[chosen]
    objects = _with_grades(everything.iloc[chosen], graded)
    points = _points(features, objects, seed)
    points["picture"] = _pictures(shards, objects["id"].tolist(), scaling)
    page = _page(
        points,
        neighbours=json.dumps(_neighbours(features), separators=(",", ":")),
        title=f"{experiment}: {sample}",
        n_all=len(everything),
        judgement=JUDGEMENTS[judgement].title,
    )
    writing.write_text(output, page)
    logger.info("%s: %d of %d objects", output, len(chosen), len(everything))


def _objects(embeddings, scores, judgement) -> tuple[np.ndarray, pd.DataFrame]:
    """Return features and id, cluster, p, log_density and rank of every object, once each."""
    features, rows = read_embeddings([embeddings])
    is_judged = JUDGEMENTS[judgement].gives_probabilities
    names = {probability_column(judgement): "p"} if is_judged else {}
    if (odds := log_odds_column(judgement)) in columns_of(scores):
        names[odds] = "log_odds"
    table = read_scores(scores, ["id", "cluster", "log_density", *names]).rename(columns=names)
    first = np.flatnonzero(~rows["id"].duplicated().to_numpy())
    table = table.iloc[first].reset_index(drop=True)
    return features[first], table.assign(rank=_ranked(table))


def _ranked(table: pd.DataFrame) -> np.ndarray:
    """Return the rank of each object, 1 for the best: in the order of candidates, by one run."""
    density = table["log_density"].to_numpy()
    best = table["p"].to_numpy() if "p" in table else -density
    odds = table["log_odds"].to_numpy() if "log_odds" in table else None
    return len(table) - ranks(best, odds, density, table["id"]).astype(int)


def _with_grades(objects: pd.DataFrame, graded: Sequence[Path | str]) -> pd.DataFrame:
    """Add the mean grade of each object, NaN where nobody graded it."""
    for path in graded:
        grades = tables.read_objects(path).set_index("id")["mean_grade"]
        objects = objects.assign(grade=objects["id"].map(grades))
    return objects


def choose(rank: np.ndarray, seed: int, most: int = MAX_OBJECTS) -> np.ndarray:
    """Return the rows that a page shows, in order: the first of the ranking, and random ones.

    Parameters
    ----------
    rank : ndarray of int, shape (n,)
        1 for the best.
    seed : int
    most : int
        How many a page can hold.
    """
    if len(rank) <= most:
        return np.arange(len(rank))
    n_ranked = int(RANKED_SHARE * most)
    rest = np.flatnonzero(rank > n_ranked)
    drawn = rng(seed, "explorer").choice(rest, most - n_ranked, replace=False)
    return np.sort(np.concatenate([np.flatnonzero(rank <= n_ranked), drawn]))


def perplexity_of(n: int) -> float:
    """Return the perplexity of a map of n objects."""
    return min(PERPLEXITY, (n - 1) / 4)


def embed_in_plane(features: np.ndarray, seed: int) -> np.ndarray:
    """Return places (n, 2) of standardised features on a map: t-SNE, begun at the components.

    Parameters
    ----------
    features : ndarray of shape (n, d)
    seed : int

    Notes
    -----
    On one thread, so that the same features give the same map.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    n, d = features.shape
    if n < 5 or d < 2:
        padded = np.pad(features, ((0, 0), (0, max(0, 2 - d))))
        return padded[:, :2]
    start = PCA(2, svd_solver="full").fit_transform(features)
    start = 1e-4 * start / max(start[:, 0].std(), 1e-12)
    perplexity = perplexity_of(n)
    with threadpool_limits(1):
        tsne = TSNE(2, init=start, perplexity=perplexity, random_state=seed)
        return tsne.fit_transform(features)


def _points(features: np.ndarray, objects: pd.DataFrame, seed: int) -> dict[str, list]:
    """Return the columns of the map."""
    from bokeh.palettes import Category20

    places = embed_in_plane(features, seed)
    colours = [Category20[20][number % 20] for number in objects["cluster"]]
    shown = {
        "x": places[:, 0].astype(float).tolist(),
        "y": places[:, 1].astype(float).tolist(),
        "id": objects["id"].tolist(),
        "rank": objects["rank"].tolist(),
        "cluster": objects["cluster"].tolist(),
        "colour_cluster": colours,
        "density": objects["log_density"].round(2).tolist(),
        "colour_density": _gradient(objects["log_density"].rank(pct=True)),
    }
    if "p" in objects:
        shown["p"] = objects["p"].round(4).tolist()
        shown["colour_p"] = _gradient(objects["p"])
    if "grade" in objects:
        coloured = _gradient(objects["grade"].fillna(0) / MOST_POINTS)
        known = objects["grade"].notna()
        shown["colour_grade"] = [c if k else UNGRADED for c, k in zip(coloured, known, strict=True)]
    return shown


def _gradient(values: pd.Series) -> list[str]:
    """Return a colour for each value in [0, 1]."""
    from bokeh.palettes import Viridis256

    return [Viridis256[min(int(256 * value), 255)] for value in values]


def _neighbours(features: np.ndarray) -> list[list[int]]:
    """Return the look-alikes of every object that is shown."""
    return [look_alikes(features, row, N_LOOK_ALIKES)[0].tolist() for row in range(len(features))]


def _pictures(shards, ids, scaling) -> list[str]:
    return [thumbnail(image) for image in sources.dataset_pictures(shards, ids, scaling)]


def with_fixed_ids(*texts: str, own: Iterable[str] = ()) -> list[str]:
    """Replace identifiers that Bokeh draws at random by numbers: a page is the same bytes again.

    Parameters
    ----------
    *texts : str
        What Bokeh wrote.
    own : iterable of str
        Identifiers of objects, which may look like Bokeh's and stay as they are.
    """
    kept = {found for name in own for found in _RANDOM_ID.findall(name)}
    drawn = dict.fromkeys(found for text in texts for found in _RANDOM_ID.findall(text))
    drawn = [name for name in drawn if name not in kept]
    numbers = {name: f"explorer-{number}" for number, name in enumerate(drawn)}
    return [_RANDOM_ID.sub(lambda found: numbers.get(found[0], found[0]), text) for text in texts]


def _page(points: dict, **values) -> str:
    """Return the page: Bokeh draws the map, the script beside it knows the look-alikes."""
    from bokeh.embed import components
    from bokeh.resources import INLINE

    script, place = with_fixed_ids(*components(_plot(points)), own=points["id"])
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("explorer.html.j2").render(
        **values,
        n_shown=len(points["id"]),
        n_ranked=int(RANKED_SHARE * MAX_OBJECTS),
        version=lensflow.__version__,
        style=(TEMPLATES / "report.css").read_text(),
        script=(TEMPLATES / "explorer.js").read_text(),
        bokeh=INLINE.render_js(),
        plot_script=script,
        plot=place,
        is_judged="p" in points,
        is_graded="colour_grade" in points,
        perplexity=perplexity_of(len(points["id"])),
    )


def _plot(points: dict):
    from bokeh.models import ColumnDataSource, HoverTool, TapTool
    from bokeh.plotting import figure

    from lensflow.figures.style import VERMILLION

    source = ColumnDataSource(points, name="objects")
    words = "p @p{0.000}<br>" if "p" in points else "log density @density{0.0}<br>"
    picture = '<img src="@picture" width="128" height="128" alt=""><br>'
    hover = HoverTool(tooltips=f"{picture}@id<br>{words}cluster @cluster", attachment="right")
    plot = figure(
        width=SIDE,
        height=SIDE,
        sizing_mode="scale_width",
        tools=["pan", "wheel_zoom", "box_select", "lasso_select", "reset", hover, TapTool()],
        active_drag="box_select",
        # White in the dark too, as the pictures are: colours keep their meaning.
        background_fill_color="white",
        border_fill_alpha=0,
    )
    plot.axis.visible, plot.grid.visible = False, False
    plot.scatter(
        "x", "y", source=source, size=7, fill_color="colour_cluster", line_color="black",
        line_width=0.4, fill_alpha=0.8, nonselection_fill_alpha=0.3, nonselection_line_alpha=0.2,
        selection_line_color=VERMILLION, selection_line_width=2.5, name="points",
    )  # fmt: skip
    return plot
