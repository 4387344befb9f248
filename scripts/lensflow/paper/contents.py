"""Which tables of the paper an experiment has, and what its comparison with the paper reads."""

from collections.abc import Callable
from dataclasses import dataclass

from lensflow.experiment import Experiment, Project

EVALUATED = ("metrics", "metrics_summary", "roc", "null")


@dataclass(frozen=True)
class PaperTable:
    """One table of an experiment that the paper has too.

    Attributes
    ----------
    name : str
        Stem of the file.
    title : str
        What it is, in the report and on the page of published results.
    when : callable
        From the experiment to whether it has this table.
    in_report : bool
        Whether the report shows it; the others are too long for it.
    """

    name: str
    title: str
    when: Callable[[Experiment], bool]
    in_report: bool = True


def _is_labelled(experiment: Experiment) -> bool:
    return experiment.is_labelled


def _follows_paper(experiment: Experiment) -> bool:
    return experiment.protocol == "paper"


PAPER_TABLES = (
    PaperTable(
        name="table1",
        title="Table 1: the test sets as they were drawn (integer weights on rotated non-lenses)",
        when=_follows_paper,
    ),
    PaperTable(
        name="table2",
        title="Table 2: the challenge's methods and ours",
        when=lambda experiment: bool(experiment.settings["compare_paper"]),
    ),
    PaperTable(
        name="cluster_counts",
        title="Clusters by kind, and the share of all lenses in those with at least 60 % lenses "
        "(section 4.2.1)",
        when=_is_labelled,
    ),
    PaperTable(
        name="clusters",
        title="Every cluster of every run (section 4.2.1)",
        when=_is_labelled,
        in_report=False,
    ),
    PaperTable(
        name="ranking",
        title="What a ROC does not show: the best N images and all with p > 0.5, at the ratios of "
        "table 1",
        when=lambda experiment: _follows_paper(experiment) and bool(experiment.probabilities),
    ),
    PaperTable(
        name="appendix_a",
        title="Clusters of the sources alone (appendix A)",
        when=lambda experiment: bool(experiment.settings["appendix_a"]),
    ),
)


def paper_tables(experiment: Experiment) -> list[str]:
    """Return the names of the tables of an experiment that the paper has too."""
    return [table.name for table in PAPER_TABLES if table.when(experiment)]


def compared_paths(experiment: Experiment | None) -> list[str]:
    """Return what the comparison reads of an experiment; nothing for None."""
    if experiment is None:
        return []
    names = [*EVALUATED, *(name for name in paper_tables(experiment) if name != "table2")]
    return [experiment.config_path, *map(experiment.table_path, names)]


def comparison_paths(project: Project) -> list[str]:
    """Return what the comparison of all experiments reads."""
    compared = [one for roles in project.comparisons for one in roles.values()]
    paths = [path for one in compared for path in compared_paths(one)]
    return list(dict.fromkeys(paths))
