"""Which files of an experiment the report shows."""

from lensflow.experiment import Experiment
from lensflow.figures.catalogue import FIGURES, figure_paths
from lensflow.paper.contents import paper_tables

TABLES = ("metrics_summary", "null", "baselines", "rates", "calibration_summary", "missed")
"""Tables of the whole experiment that every experiment has."""


def shown_paths(experiment: Experiment) -> list[str]:
    """Return what must be there before the report can show an experiment."""
    tables = [*TABLES, *paper_tables(experiment)]
    return [
        experiment.config_path,
        *map(experiment.table_path, tables),
        *experiment.grader_paths,
        *figure_paths(experiment),
        *map(experiment.candidates_path, experiment.candidate_datasets),
        *map(experiment.completeness_path, experiment.datasets_with_known_lenses),
        *_injected_paths(experiment),
    ]


def _injected_paths(experiment: Experiment) -> list[str]:
    """Return the tables on injected sources that the report shows."""
    return [
        path
        for dataset in experiment.completeness_datasets
        for path in experiment.injected_paths(dataset).values()
    ]


def shown_figures(experiment: Experiment) -> list[tuple[str, str, str]]:
    """Return section, caption and PNG of every figure, in order."""
    return [
        (figure.section, figure.name, path)
        for figure in FIGURES
        for path in figure.paths(experiment)
    ]
