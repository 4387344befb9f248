"""Which tables of the paper an experiment has, and what its comparison with the paper reads."""

from lensflow.experiment import Experiment, Project

EVALUATED = ("metrics", "metrics_summary", "roc", "null")


def paper_tables(experiment: Experiment) -> list[str]:
    """Return the names of the tables of an experiment that the paper has too."""
    is_paper = experiment.protocol == "paper"
    tables = ["clusters", "cluster_counts"] if experiment.is_labelled else []
    tables += ["table1", "ranking"] if is_paper else []
    tables += ["appendix_a"] if experiment.settings["appendix_a"] else []
    return tables + (["table2"] if experiment.settings["compare_paper"] else [])


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
