"""What a person may do after a run, and how: which page to open, which file to save where."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.errors import ArtifactError, LabelError
from lensflow.experiment import Experiment, Project
from lensflow.figures.catalogue import FIGURES
from lensflow.samples.runs import Run

(SHEET,) = (figure for figure in FIGURES if figure.is_to_judge)
T = TypeVar("T")


class Refusals:
    """What is wrong with files of people, or with what these judge, found while Snakemake plans.

    An input function alone stops no run: where the file that its rule makes is there from an
    earlier run, Snakemake takes that one. So what was said is kept, and stops the run at its start.
    """

    def __init__(self):
        self.said: list[str] = []

    def checked(self, look: Callable[..., T], *chosen: object) -> T:
        """Return the files of people that a look at them lets through.

        Raises
        ------
        LabelError, ArtifactError
            What the look refuses; it is kept.
        """
        try:
            return look(*chosen)
        except (LabelError, ArtifactError) as error:
            self.said.append(str(error))
            raise

    def stop(self) -> None:
        """Say the first of them, if there is any, at the start of a run.

        Raises
        ------
        LabelError
        """
        if self.said:
            raise LabelError(self.said[0])


def next_steps(project: Project) -> list[str]:
    """Return a sentence for each file that the chosen experiments wait for, and on where to look.

    Clusters and candidates that a run was not asked for are not spoken of.

    Parameters
    ----------
    project : Project
    """
    steps = [step for experiment in project.chosen for step in _steps(experiment)]
    return list(dict.fromkeys(steps))


def _steps(experiment: Experiment) -> Iterator[str]:
    for judgement, missing in experiment.pending.items():
        for each in (experiment, *experiment.beside):
            runs = {}
            for run in each.judged_runs:
                if os.path.isfile(each.mixture_path(run)):
                    runs.setdefault(each.cluster_labels_path(run, judgement), []).append(run)
            waited_for = {path: judged for path, judged in runs.items() if path in missing}
            if waited_for:
                yield _step(each, waited_for, experiment)
    ranked = [experiment.candidates_path(name) for name in experiment.candidate_datasets]
    if not ranked or any(map(os.path.isfile, ranked)):
        for path in experiment.pending_grades:
            how = _how_to_grade(experiment)
            yield f"{experiment.name}: no grades in {path} yet. To grade: {how}."
    yield from _graded_twice(experiment)
    if not experiment.pending:
        # Of several runs the first is judged.
        yield from (look for path in experiment.look_paths[:1] for look in _look(experiment, path))


def _graded_twice(experiment: Experiment) -> Iterator[str]:
    """Yield whose grades stand in two files: two people may have the same name."""
    if len(experiment.grade_paths) < 2:
        return
    from lensflow.samples.grades import graded_twice

    try:
        twice = graded_twice(experiment.grade_paths)
    except LabelError:
        # What cannot be read is refused where it is used, see `checked_grades`.
        return
    for who, count in twice.items():
        yield (
            f"{experiment.name}: {count} objects are graded by {who} in two files; of each the "
            "later grade counts. If these are two people, give them two names."
        )


def _look(experiment: Experiment, path: str) -> Iterator[str]:
    """Yield where to look next; nothing where that file was not made, or no look would help."""
    if not Path(path).is_file():
        return
    with open(path, newline="", encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    if float(first["expected_lenses"]) > 0:
        yield (
            f"{experiment.name}: to judge more, look at cluster {first['cluster']}: more of its "
            f"members change the list of candidates most ({path})."
        )


def _step(experiment: Experiment, waited_for: dict[str, list[Run]], ranked: Experiment) -> str:
    """Say how to judge: the tables that are waited for, and the runs that each judges.

    What it stands beside is ranked without a judgement until then, be that judged or not.
    """
    whose = "" if ranked is experiment else f" of {ranked.name}"
    lines = [
        f"{experiment.name}: nobody has judged the clusters yet (until then candidates{whose} are "
        f"{ranked.judgement.title}). To judge:",
        f"{_how_to_judge(experiment, waited_for)}.",
    ]
    for path, (run, *others) in waited_for.items():
        if run in experiment.headline_runs and not others:
            lines.append(_without_browser(experiment, path, run))
    lines.append(f"{experiment.headline_path('next_looks.csv')} says which clusters matter most.")
    return "\n  ".join(lines)


def _without_browser(experiment: Experiment, path: str, run: Run) -> str:
    stem = SHEET.stem.format(scale=run.scale, features=run.n_features, run=run.run)
    sheet = _page(experiment, experiment.figure_path(stem))
    template = experiment.run_path(run, "cluster_labels_template.csv")
    return (
        f"Without a browser: look at {sheet}, fill in the columns "
        f"probability (0 not a lens, 0.5 uncertain, 1 lens) and who of {template}, save it as "
        f"{path}."
    )


def _how_to_judge(experiment: Experiment, paths: Iterable[str]) -> str:
    page, paths = _page(experiment, experiment.judging_page), list(paths)
    files = "file" if len(paths) == 1 else "files"
    return (
        f"open {page} in a browser, save its {files} as {', '.join(paths)}, and run the same "
        "command again"
    )


def _page(experiment: Experiment, path: str) -> str:
    """Return the path of a page or figure, and how it is made where it is not there."""
    if os.path.isfile(path):
        return path
    # Without its name an experiment of a recipe is not known to Snakemake.
    return f"{path} (.venv/bin/snakemake {path} --config run='[{experiment.name}]' makes it)"


def _how_to_grade(experiment: Experiment) -> str:
    pages = [experiment.grading_page(name) for name in experiment.candidate_datasets]
    table = "save a table with the columns id, grade and who"
    if pages:
        opened = " or ".join(_page(experiment, page) for page in pages)
        table = f"open {opened} in a browser, save its file"
    return (
        f"{table} under a name that stands in the experiment's grades, and run the same command "
        "again"
    )


# --- files that are there already ----------------------------------------------------------------


def checked_tables(experiment: Experiment, run: Run) -> list[str]:
    """Return the tables of cluster labels of a run, after a look at those that people made.

    It is called when jobs are planned: a file that cannot be used stops the run before any job.

    Raises
    ------
    LabelError
        When a person's table is missing, incomplete, or judges other clusters than those that are
        there; the message says which page to open and which file to save where.
    ArtifactError
        When the clusters that are there cannot be read.
    """
    return [_checked_table(experiment, run, name) for name in experiment.probabilities]


def _checked_table(experiment: Experiment, run: Run, judgement: str) -> str:
    path = experiment.cluster_labels_path(run, judgement)
    if JUDGEMENTS[judgement].table_key:
        mixture_path = experiment.mixture_path(run)
        problem = _problem(path, mixture_path, _changed(path), _changed(mixture_path))
        if problem:
            raise LabelError(f"{problem}\nTo judge: {_how_to_judge(experiment, [path])}.")
    return path


def checked_grades(experiment: Experiment) -> list[str]:
    """Return the files of grades that are there, after a look at all of them.

    Raises
    ------
    LabelError
        When they cannot be used; the message names file, line and value, and says what to do.
    """
    paths = tuple(experiment.grade_paths)
    datasets = (experiment.sample_dataset(sample).name for sample in experiment.samples)
    problem = _grades_problem(paths, tuple(map(_changed, paths)), tuple(dict.fromkeys(datasets)))
    if problem:
        raise LabelError(f"{problem}\nTo grade: {_how_to_grade(experiment)}.")
    return experiment.grade_paths


@cache
def _grades_problem(
    paths: tuple[str, ...], changed: tuple[float, ...], datasets: tuple[str, ...]
) -> str:
    from lensflow.samples.grades import check_datasets, read_grades

    try:
        check_datasets(read_grades(paths), datasets, paths)
    except LabelError as error:
        return str(error)
    return ""


def _changed(path: str) -> float | None:
    """Return when a file was changed; None where there is none."""
    return os.path.getmtime(path) if os.path.isfile(path) else None


# Every shard of every sample asks.
@cache
def _problem(
    path: str, mixture_path: str, changed: float | None, mixture_changed: float | None
) -> str:
    """Return what is wrong with a person's table, empty for nothing that can be seen yet."""
    if changed is None:
        return f"{path}, a person's judgement of the clusters, is not there."
    if mixture_changed is None:
        return ""
    # Snakemake reads this module whenever it starts: what is slow to import comes later.
    from lensflow.cluster import clusterers, labels

    mixture = clusterers.load(mixture_path)
    try:
        labels.read(path, mixture.hash, mixture.n_components)
    except LabelError as error:
        return f"{error}\n(If it is {mixture_path} that is out of date, delete that file.)"
    return ""
