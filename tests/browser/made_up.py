"""Images, embeddings and clusters made by hand, with names that want to be markup."""

import numpy as np
import pandas as pd

from lensflow.report.grading import write_grading_page
from lensflow.report.judging import write_judging_page
from lensflow.samples.hidden import write_hidden
from unit.figures.small_sample import write_small_sample
from unit.report.report_fixtures import make_objects, write_dataset

HOSTILE = (
    "</script><script>document.title = 'caught'</script>",
    "<img src=x onerror=\"document.title = 'caught'\">",
    "a,\"quoted\" & 'name'",
)


def write_sample(folder, n=60, n_clusters=4, ids=None, in_a_row=1, blue=False):
    """Write images and a clustered model of n objects; the first cluster stays empty.

    So many objects in a row are in the same cluster. Blue ones are bright in the first of three
    bands alone.
    """
    numbers, catalogue, flux, source = make_objects(n)
    if blue:
        flux = np.stack([flux, 0 * flux, 0 * flux], axis=1)
    ids = ids or numbers
    _, images = write_dataset(folder / "data", ids, catalogue, flux, source)
    draw = np.random.default_rng(0)
    cluster = 1 + np.arange(n) // in_a_row % (n_clusters - 1)
    offsets = draw.normal(size=(n, 2))
    embeddings, mixture = write_small_sample(
        folder, catalogue["is_lens"].to_numpy(), cluster, offsets, n_clusters, list(ids)
    )
    return images, embeddings, mixture


def grading_page(folder, n=60, ids=None, hidden=(), places=False, name="demo", blue=False):
    """Write the grading page of made-up candidates, with hidden ones by name; return its path."""
    write_sample(folder, n, ids=ids, blue=blue)
    table = pd.DataFrame(
        {"rank": np.arange(n) + 1, "id": ids or [str(100000 + i) for i in range(n)]}
    )
    if places:
        table = table.assign(ra=150.0 + table["rank"] / 100, dec=-2.0)
        table.loc[0, ["ra", "dec"]] = np.nan
    table.to_csv(folder / "candidates.csv", index=False)
    if hidden:
        stars = np.zeros((len(hidden), 101, 101))
        is_lens = np.arange(len(hidden)) % 2
        write_hidden(folder / "hidden.h5", folder / "hidden.csv", list(hidden), stars, is_lens)
    return write_page(folder, n - 1, name, bool(hidden))


def write_page(folder, n_graded, name="demo", has_hidden=False):
    """Write the grading page of a folder with candidates and images; return its path."""
    write_grading_page(
        folder / "grade.html",
        name,
        "sky",
        folder / "candidates.csv",
        sorted(folder.glob("data/**/shard_*.h5")),
        folder / "hidden.h5" if has_hidden else None,
        n_graded=n_graded,
        seed=1,
    )
    return folder / "grade.html"


def judging_page(
    folder, n=60, ids=None, blind=True, others=(), name="demo", table="judged_{i}.csv"
):
    """Write the judging page of a made-up model; return its path.

    ``others`` says of further models how many objects in a row are in the same cluster of theirs;
    those of the first alternate. One of other clusters than the first's has one more of them.
    """
    models = [
        write_sample(folder / str(i), n, 4 if k == 1 else 5, ids, in_a_row=k)
        for i, k in enumerate((1, *others))
    ]
    images = models[0][0]
    write_judging_page(
        folder / "judge.html",
        name,
        [{"name": f"run {i}", "table": table.format(i=i)} for i in range(len(models))],
        [mixture for _, _, mixture in models],
        [path for _, paths, _ in models for path in paths],
        images,
        [],
        dataset="sky",
        blind=blind,
        seed=1,
    )
    return folder / "judge.html"
