"""The best candidates as the report shows them: pictures, probabilities, positions, links."""

from collections.abc import Iterator
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from lensflow.figures import sources
from lensflow.report.contents import Findings
from lensflow.report.pictures import cutout_picture

N_PICTURES = 20
FIELD_DEG = 0.02
"""Field of view of the linked sky viewers: about a hundred times an Einstein radius."""

TRUTH = {1: "lens", 0: "non-lens"}


def candidates_content(findings: Findings) -> list[dict]:
    """Return the best candidates of each dataset.

    Returns
    -------
    list of dict
        ``dataset``, ``title``, ``path`` (of the table), ``n`` (its length), ``rows``, and
        ``is_judged``, ``has_interval`` (of p), ``is_known`` (truth), ``has_position``,
        ``has_known_lenses``: which columns a table of them has.
    """
    return [_of_dataset(findings, dataset, table) for dataset, table in findings.candidates.items()]


def _of_dataset(findings: Findings, dataset: str, table: pd.DataFrame) -> dict:
    best = table.sort_values("rank").head(N_PICTURES)
    pictures = _pictures(findings, dataset, best["id"].tolist())
    rows = [
        _row(row, picture, findings.experiment.settings["runs"])
        for row, picture in zip(best.to_dict("records"), pictures, strict=True)
    ]
    source = next(each for each in findings.experiment.datasets if each.name == dataset)
    return {
        "dataset": dataset,
        "title": source.title,
        "path": findings.experiment.candidates_path(dataset),
        "n": len(table),
        "rows": rows,
        "is_judged": "p_lens" in table,
        "has_interval": any(row.get("interval") for row in rows),
        "is_known": "is_lens" in table,
        "has_position": {"ra", "dec"} <= set(table.columns),
        "has_known_lenses": "known_lens" in table,
    }


def _pictures(findings: Findings, dataset: str, ids: list[str]) -> list[dict | None]:
    """Return a picture of each object; none where the dataset's images are not there."""
    paths = findings.image_paths(dataset)
    if not ids or not all(path.is_file() for path in paths):
        return [None] * len(ids)
    images = sources.dataset_pictures(paths, ids, findings.experiment.shown_scale)
    return [cutout_picture(image) for image in images]


def _row(row: dict, picture: dict | None, n_runs: int) -> dict:
    """Return one candidate as plain values; numbers as they are written."""
    shown = {
        "rank": int(row["rank"]),
        "id": row["id"],
        "cluster": row["cluster"],
        "path": row["path"] if isinstance(row["path"], str) else "",
        "picture": picture,
        "truth": TRUTH.get(row.get("is_lens"), "unknown"),
        "density": f"{row['log_density']:.1f}",
        "known_lens": name if isinstance(name := row.get("known_lens"), str) else "",
    }
    if "p_lens" in row:
        shown["p"], shown["interval"] = f"{row['p_lens']:.3f}", _interval(row, n_runs)
    if np.isfinite(row.get("mean_grade", np.nan)):
        shown["grade"] = f"{row['mean_grade']:.1f} points by {row['n_graders']:.0f}"
    # A catalogue may have one of the two columns, and anything in it.
    if {"ra", "dec"} <= set(row) and np.isfinite([row["ra"], row["dec"]]).all():
        shown["position"] = f"{row['ra']:.5f} {row['dec']:+.5f}"
        shown["links"] = list(sky_links(row["ra"], row["dec"]))
    return shown


def _interval(row: dict, n_runs: int) -> str:
    """Return the interval that follows from how many members were inspected, else the range.

    One run has no range: the same number twice would look like an error of zero.
    """
    bounds = [row.get(name, np.nan) for name in ("p_low", "p_high")]
    if np.isfinite(bounds).all():
        return "{:.3f} to {:.3f}".format(*bounds)
    if n_runs == 1:
        return ""
    return f"{row['p_lens_min']:.3f} to {row['p_lens_max']:.3f} over runs"


def sky_links(ra: float, dec: float) -> Iterator[tuple[str, str]]:
    """Yield name and address of sky viewers that show a position.

    Parameters
    ----------
    ra, dec : float
        ICRS, degrees.
    """
    target = f"{ra:.6f} {dec:.6f}"
    esasky = {"target": target, "fov": FIELD_DEG, "cooframe": "J2000", "sci": "true"}
    yield "ESASky", "https://sky.esa.int/esasky/?" + urlencode(esasky)
    legacy = {"ra": f"{ra:.6f}", "dec": f"{dec:.6f}", "layer": "ls-dr10", "zoom": 16}
    yield "Legacy Survey", "https://www.legacysurvey.org/viewer?" + urlencode(legacy)
    aladin = {"target": target, "fov": FIELD_DEG}
    yield "Aladin", "https://aladin.cds.unistra.fr/AladinLite/?" + urlencode(aladin)
