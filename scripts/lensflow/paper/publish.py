"""The results that the repository shows: chosen figures and tables, and a page about them."""

import io
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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


FIGURES = (
    Shown("training", "architecture", "Fig. 1: the feature autoencoder"),
    Shown("training", "mixture_illustration", "Fig. 2: a mixture in two dimensions"),
    Shown("training", "class_examples", "Fig. 3: examples of the classes"),
    Shown("training", "denoising", "Fig. 4: before and after denoising"),
    Shown("training", "judged_examples", "Fig. 5: clusters judged 0, 0.5 and 1"),
    Shown("training", "auc_features", "Fig. 7: AUC against the number of features"),
    Shown("training", "label_methods", "Fig. 8: known fraction and assumed probability"),
    Shown(
        "honest", "label_methods", "Beside Fig. 8: held-out objects, both classes augmented alike"
    ),
    Shown("training", "confusion", "Fig. 9: confusion matrix of the training sample"),
    Shown("training", "clusters_lens", "Fig. 10: clusters with many lenses"),
    Shown("training", "clusters_non_lens", "Fig. 11: clusters with many non-lenses"),
    Shown("training", "clusters_uncertain", "Fig. 12: uncertain clusters"),
    Shown("training", "roc_ratios", "Fig. 13: ROC of the test sets of table 1"),
    Shown("training", "ranking", "Beside Fig. 13: what a ROC does not show"),
    Shown("training", "confusion_rare", "Fig. 14: confusion matrix at 0.01 % lenses"),
    Shown("training", "populations", "Fig. 15: how visible the lenses of both sets are"),
    Shown("challenge", "roc_cut", "Fig. 16: ROC before and after the cut"),
    Shown("training", "table2", "Table 2: the challenge's methods and ours"),
    Shown("training", "clusters_sources", "Fig. A1: clusters of the sources alone"),
    Shown("training", "null", "The null: shuffled labels"),
    Shown("training", "baselines", "Principal components in place of the autoencoder"),
)
TABLES = (
    Shown("training", "table1", "Table 1: the test sets as they were drawn"),
    Shown("training", "table2", "Table 2 with ours"),
    Shown(
        "training", "cluster_counts", "section 4.2.1: clusters of each kind, share of the lenses"
    ),
    Shown("training", "clusters", "every cluster of every run"),
    Shown("training", "ranking", "purity, completeness and contamination at the ratios of table 1"),
    Shown("training", "appendix_a", "appendix A: purity of the clusters of sources"),
    Shown("training", "metrics_summary", "every metric of the paper's protocol"),
    Shown("honest", "metrics_summary", "every metric of the honest protocol"),
    Shown("challenge", "metrics_summary", "every metric on the challenge-like set"),
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
