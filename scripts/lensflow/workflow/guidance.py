"""What a person may do after a run: the clusters that wait to be judged, and how."""

from collections.abc import Iterator

from lensflow.experiment import Experiment, Project
from lensflow.figures.catalogue import FIGURES
from lensflow.samples.runs import Run

(SHEET,) = (figure for figure in FIGURES if figure.is_to_judge)


def next_steps(project: Project) -> list[str]:
    """Return a sentence for each table of cluster labels that the chosen experiments wait for.

    Parameters
    ----------
    project : Project
    """
    return [step for experiment in project.chosen for step in _steps(experiment)]


def _steps(experiment: Experiment) -> Iterator[str]:
    for judgement, missing in experiment.pending.items():
        for run in experiment.headline_runs:
            path = experiment.cluster_labels_path(run, judgement)
            if path in missing:
                yield _step(experiment, run, path)


def _step(experiment: Experiment, run: Run, path: str) -> str:
    stem = SHEET.stem.format(scale=run.scale, features=run.n_features, run=run.run)
    template = experiment.run_path(run, "cluster_labels_template.csv")
    return (
        f"{experiment.name}: nobody has judged the clusters yet, so unusual objects come first. "
        f"To judge: look at {experiment.figure_path(stem)}, fill in the columns probability (0 not "
        f"a lens, 0.5 uncertain, 1 lens) and who of {template}, save it as {path}, and run the "
        "same command again."
    )
