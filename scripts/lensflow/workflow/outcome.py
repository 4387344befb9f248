"""What a run says at its end: the best numbers, the files to open, what a person may do next.

Files that a run did not make, since it was asked for others, are left out.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from lensflow.evaluate.selection import UNCUT
from lensflow.experiment import Experiment, Project
from lensflow.workflow.guidance import next_steps

REPORT = "results/report.html"


def outcome(project: Project) -> list[str]:
    """Return the lines that close a run, or that say what there is when nothing is to do.

    Parameters
    ----------
    project : Project
    """
    numbers = [line for experiment in project.chosen for line in _numbers(experiment)]
    files = [f"open {path}" for path in _files(project)]
    return [*numbers, *files, *next_steps(project)]


def _numbers(experiment: Experiment) -> Iterator[str]:
    """Yield the AUC of the headline model on each sample that has one."""
    path = Path(experiment.table_path("metrics_summary"))
    if not path.is_file():
        return
    model = {name: str(value) for name, value in experiment.model.items()}
    wanted = {**model, "labels": experiment.judgement.name, "cut": UNCUT, "metric": "auc"}
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if wanted.items() <= row.items()]
    by_sample = {row["sample"]: row for row in rows if row["mean"] not in ("", "nan")}
    shown = [experiment.headline_sample, *experiment.settings["apply_to"]]
    parts = [_spread(by_sample[sample]) for sample in shown if sample in by_sample]
    if parts:
        yield f"{experiment.name}: AUC {', '.join(parts)}; {experiment.judgement.title}"


def _spread(row: dict[str, str]) -> str:
    mean, low, high = (float(row[name]) for name in ("mean", "min", "max"))
    scatter = (
        f" ({low:.3f} to {high:.3f} over {row['n_runs']} runs)" if row["n_runs"] != "1" else ""
    )
    return f"{mean:.3f}{scatter} on {row['sample']}"


def _files(project: Project) -> Iterator[str]:
    """Yield the report, the explorers, the candidates and the pages to grade them, if there."""
    explorers = [experiment.explorer_path for experiment in project.chosen]
    pages = [each.grading_page(name) for each in project.chosen for name in each.candidate_datasets]
    for path in (REPORT, *explorers, *project.candidate_paths, *pages):
        if Path(path).is_file():
            yield path
