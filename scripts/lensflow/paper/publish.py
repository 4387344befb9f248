"""The results that the repository shows: chosen figures and tables, and a page about them."""

import io
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lensflow.figures.catalogue import published_figures
from lensflow.paper.contents import PAPER_TABLES

# The rules read the lists below whenever Snakemake starts, in every job of a cluster: what is slow
# to import is imported where it is used.
if TYPE_CHECKING:
    import pandas as pd

CAPTIONS = Path(__file__).resolve().parents[3] / "workflow/report/captions"
MAX_BYTES = 300_000
COLOURS = 64


class Shown(NamedTuple):
    """A figure or table that is published.

    Attributes
    ----------
    role : str
        The experiment it is from: "training", "honest" or "challenge".
    name : str
        Stem of the file.
    title : str
        What the paper calls it, and what it is.
    """

    role: str
    name: str
    title: str


FIGURES = tuple(Shown(*shown) for shown in published_figures())
TABLES = (
    *(Shown("training", table.name, table.title) for table in PAPER_TABLES),
    Shown("training", "metrics_summary", "Every metric of the paper's protocol"),
    Shown("honest", "metrics_summary", "Every metric of the honest protocol"),
    Shown("challenge", "metrics_summary", "Every metric on the challenge-like set"),
)


def publish_stage(
    experiments: Mapping[str, str],
    comparison: str | Path,
    results: str | Path,
    command: str,
    readme: str | Path,
) -> None:
    """Copy what is published to ``<results>/published`` and write the page that shows it.

    Parameters
    ----------
    experiments : mapping of str to str
        Name of the experiment in each role.
    comparison : str or Path
        ``paper_comparison.csv``.
    results : str or Path
        The folder of all results.
    command : str
        What remakes everything here.
    readme : str or Path
        Markdown to write, in the folder of all results.
    """
    results = Path(results)
    published = results / "published"
    for shown in FIGURES:
        name = experiments[shown.role]
        target = published / name / f"{shown.name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(small_png(results / name / f"figures/{shown.name}.png"))
    for shown in TABLES:
        name = experiments[shown.role]
        shutil.copyfile(
            results / name / f"{shown.name}.csv", published / name / f"{shown.name}.csv"
        )
    shutil.copyfile(comparison, published / Path(comparison).name)
    import pandas as pd

    table = pd.read_csv(comparison, dtype=str, keep_default_na=False)
    Path(readme).write_text(page(experiments, table, command))


def small_png(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """Return a PNG of at most ``limit`` bytes: fewer colours first, then fewer pixels."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    data = Path(path).read_bytes()
    side = 1.0
    while len(data) > limit:
        size = [max(1, round(side * length)) for length in image.size]
        shrunk = image.resize(size, Image.Resampling.LANCZOS).quantize(COLOURS)
        buffer = io.BytesIO()
        shrunk.save(buffer, "PNG", optimize=True)
        data, side = buffer.getvalue(), 0.85 * side
    return data


def page(experiments: Mapping[str, str], comparison: "pd.DataFrame", command: str) -> str:
    """Return the page in Markdown: the numbers first, then figures and tables."""
    names = "`, `".join(experiments.values())
    lines = [
        "# Results",
        "",
        f"The paper's figures and tables from the experiments `{names}` of config.yaml, remade by",
        "",
        f"    {command}",
        "",
        "A row whose data are simulated is no measurement of the paper's number: it says what the "
        "method does on that simulation. [published/README.md](published/README.md) lists what "
        "else was measured. Everything else in this folder is made by a run and kept out of the "
        "repository.",
        "",
        "## Beside the paper's numbers",
        "",
        *markdown(comparison),
        "",
        "## Figures",
        "",
    ]
    for shown in FIGURES:
        path = f"published/{experiments[shown.role]}/{shown.name}.png"
        lines += [
            f"### {shown.title}",
            "",
            f"![{shown.title}]({path})",
            "",
            caption(shown.name),
            "",
        ]
    lines += ["## Tables", ""]
    for shown in TABLES:
        path = f"published/{experiments[shown.role]}/{shown.name}.csv"
        lines.append(f"- [{path.removeprefix('published/')}]({path}): {shown.title}")
    lines += ["- [paper_comparison.csv](published/paper_comparison.csv): the table above", ""]
    return "\n".join(lines)


def caption(name: str) -> str:
    """Return the caption that the report gives a figure."""
    return (CAPTIONS / f"{name}.rst").read_text().strip()


def markdown(table: "pd.DataFrame") -> Sequence[str]:
    """Return a table of texts as lines of Markdown."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
